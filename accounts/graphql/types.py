"""People, as the API shows them."""

import strawberry
import strawberry_django
from strawberry import auto, relay

from accounts import errors, models
from schema import kit

AccountErrorCode = strawberry.enum(errors.AccountErrorCode, description="Why an account mutation was refused.")


@strawberry.type
class AccountUserError(kit.UserError):
    code: AccountErrorCode


@strawberry_django.type(models.User)
class User(kit.Keyed, relay.Node):
    """Somebody with an account."""

    email: auto
    full_name: auto
    is_staff: auto

    @strawberry_django.field(
        prefetch_related=["groups"], description='Names of the roles this person has, for example ["Approvers"].'
    )
    def roles(root: strawberry.Parent[models.User]) -> list[str]:
        return sorted(group.name for group in root.groups.all())
