"""What happened to an order, and what the shop's people noted of it."""

from collections.abc import Callable
from typing import Any

import strawberry
import strawberry_django
from strawberry import auto, relay
from strawberry.extensions import FieldExtension
from strawberry.scalars import JSON
from strawberry_django.resolvers import django_resolver

from accounts.graphql.types import User
from notifications.models import Event
from ordering import events, models, services
from schema import kit

ActorKind = strawberry.enum(
    models.ActorKind,
    name="OrderActorKind",
    description="Who did it: the buyer, signed in or not, somebody of the shop, or nobody because it came by itself.",
)


class ForStaff(FieldExtension):
    """Shows it to the staff who work with orders; null for everybody else."""

    @django_resolver
    def resolve(self, next_: Callable[..., Any], source: Any, info: kit.Info, **kwargs: Any) -> Any:
        return next_(source, info, **kwargs) if services.may_manage(kit.viewer(info)) else None


@strawberry_django.type(Event)
class OrderEvent(kit.Keyed, relay.Node):
    """One thing that happened to an order. `seq` counts 1, 2, 3 … without a gap: what to resume after."""

    seq: auto
    type: str = strawberry_django.field(description='For programs, for example "order.shipped".')
    occurred_at: auto
    actor: User | None = strawberry_django.field(
        extensions=[ForStaff()],
        description="Who did it, for staff. Null for everybody else, and where nobody was signed in.",
    )

    @strawberry_django.field(only=["role", "actor_id"])
    def actor_kind(root: strawberry.Parent[Event]) -> ActorKind:
        return ActorKind(root.role or (models.ActorKind.STAFF if root.actor_id else models.ActorKind.SYSTEM))

    @strawberry_django.field(
        only=["type", "payload"],
        description='What brought it about: the reason somebody gave, or one word such as "checkout", "payment", '
        '"approval", "review".',
    )
    def cause(root: strawberry.Parent[Event], info: kit.Info) -> str | None:
        payload = _shown(root, info)
        return payload.get("reason") or payload.get("cause") or events.CAUSES.get(root.type)

    @strawberry_django.field(only=["type", "payload"], description="For people: one sentence.")
    def message(root: strawberry.Parent[Event]) -> str:
        return root.message

    @strawberry_django.field(
        only=["type", "payload"], description="What the event carries; its keys depend on `type`, some are for staff."
    )
    def payload(root: strawberry.Parent[Event], info: kit.Info) -> JSON:
        return _shown(root, info)


def _shown(event: Event, info: kit.Info) -> dict[str, Any]:
    """What of an event's payload the person asking may read."""
    hidden = events.FOR_STAFF.get(event.type)
    if not hidden or services.may_manage(kit.viewer(info)):
        return event.payload
    return {name: value for name, value in event.payload.items() if name not in hidden}


@strawberry_django.type(models.OrderNote)
class OrderNote(kit.Keyed, relay.Node):
    """What somebody of the shop noted of an order, for the shop's staff alone."""

    text: auto
    author: User | None = strawberry_django.field(description="Null once the account is gone.")
    created_at: auto
