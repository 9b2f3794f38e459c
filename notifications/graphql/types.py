"""The inbox, as the API shows it."""

import strawberry
import strawberry_django
from strawberry import relay

from notifications import filters, models
from schema import kit


@strawberry_django.type(models.Notification)
class Notification(kit.Keyed, relay.Node):
    """One piece of news for one person."""

    created_at: strawberry.auto

    @strawberry_django.field(select_related=["event"], description='For programs, for example "order.shipped".')
    def type(root: strawberry.Parent[models.Notification]) -> str:
        return root.event.type

    @strawberry_django.field(select_related=["event"], description="One sentence.")
    def title(root: strawberry.Parent[models.Notification]) -> str:
        return root.event.message

    @strawberry_django.field(select_related=["event"], description="The paragraph under it.")
    def body(root: strawberry.Parent[models.Notification]) -> str:
        return root.event.details

    @strawberry_django.field(only=["read_at"])
    def is_read(root: strawberry.Parent[models.Notification]) -> bool:
        return root.read_at is not None

    @strawberry_django.field(
        select_related=["event"],
        prefetch_related=[lambda info: models.subjects_visible_to(kit.viewer(info))],
        description="What it is about, for example an Order; null when it may not be seen any more.",
    )
    def subject(root: strawberry.Parent[models.Notification]) -> relay.Node | None:
        seen = root.event.subject
        # A model without a rule of who may see it is shown to nobody.
        return seen if seen and hasattr(type(seen).objects, "visible_to") else None


NotificationFilters = kit.filter_input(filters.NotificationFilterSet, "NotificationFilters")
