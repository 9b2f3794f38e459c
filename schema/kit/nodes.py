"""Rows by their ids, and relations of which a client sees a part only."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from strawberry import relay
from strawberry.types import get_object_definition
from strawberry_django.fields.field import StrawberryDjangoField
from strawberry_django.optimizer import is_optimized_by_prefetching, optimize
from strawberry_django.utils.typing import get_django_definition

from schema.kit.context import Info
from schema.kit.errors import ApiError, ErrorCode, not_found

if TYPE_CHECKING:
    from accounts.models import User

Row = TypeVar("Row", bound=Model)


class Keyed:
    """Goes before `relay.Node` in every type: the library would otherwise look the id up in annotations each time."""

    @classmethod
    def resolve_id_attr(cls) -> str:
        return "pk"


def pk(id: relay.GlobalID, node: type) -> Any:
    """The key inside a global id of this type; an id of another type, or one that cannot be, is refused."""
    type_name = get_object_definition(node, strict=True).name
    if id.type_name != type_name:
        raise ApiError(ErrorCode.BAD_USER_INPUT, f"`{id}` is an id of {id.type_name}; this needs one of {type_name}.")
    field = get_django_definition(node, strict=True).model._meta.pk
    try:
        key = field.to_python(id.node_id)
        field.run_validators(key)
    except ValidationError:
        raise ApiError(ErrorCode.BAD_USER_INPUT, f"`{id}` is not an id this server gave out.") from None
    return key


def row(queryset: "QuerySet[Row]", id: relay.GlobalID, node: type, info: Info) -> "Row":
    """The row a client named, out of those it may see; otherwise NOT_FOUND."""
    return only(queryset.filter(pk=pk(id, node)), info)


def only(queryset: "QuerySet[Row]", info: Info) -> "Row":
    """The one row, with what the client asked of it loaded; NOT_FOUND when there is none."""
    found = optimize(queryset, info).first()
    if found is None:
        raise not_found(queryset.model.__name__)
    return found


def text(value: str, what: str) -> str:
    """What somebody looks for, unless no database could hold it: then it is not there."""
    if "\0" in value:  # PostgreSQL cannot even look for it
        raise not_found(what)
    return value


def seen(queryset: "QuerySet[Row]", user: "User | AnonymousUser") -> "QuerySet[Row]":
    """Those of the rows this person may see; for querysets that the optimizer made, which lack the model's methods."""
    return queryset.filter(pk__in=queryset.model.objects.visible_to(user).values("pk"))  # type: ignore[attr-defined]


def narrowed(narrow: Callable[[Any, Info], Any]) -> type[StrawberryDjangoField]:
    """The `field_cls` of a relation of which a client sees a part only: `narrow` takes the rows and the info."""

    class NarrowedField(StrawberryDjangoField):
        def get_queryset(self, queryset: Any, info: Any, **kwargs: Any) -> Any:
            # Narrowed already when it was prefetched; again would mean to read it anew for every row.
            if not is_optimized_by_prefetching(queryset):
                queryset = narrow(queryset, info)
            return super().get_queryset(queryset, info, **kwargs)  # type: ignore[no-untyped-call]

    return NarrowedField


def refuse_in_lists(info: Info, message: str) -> None:
    """QUERY_TOO_EXPENSIVE for a field of the rows of a list, where it would cost statements for each."""
    if any(isinstance(key, int) for key in info.path.as_list()):
        raise ApiError(ErrorCode.QUERY_TOO_EXPENSIVE, message)
