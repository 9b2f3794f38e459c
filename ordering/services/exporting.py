"""Files of orders: who may have which, and the link that says so for an hour."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from accounts import links
from accounts.models import User
from ordering import exporting, filters
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import Order
from ordering.permissions import OrderPermission

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

_LINK = "orders-export"


def link_token(*, filtered_by: Mapping[str, Any], actor: "User") -> str:
    """What a link to the orders that these filters leave carries. INVALID for what they cannot read.

    All values are plain, as JSON has them. Nothing is stored: the token says what is in the file and for whom it is.
    """
    _filtered(filtered_by, actor)
    told = json.dumps({"user": str(actor.pk), "filters": dict(filtered_by)}, separators=(",", ":"))
    return links.passing_token(_LINK, urlsafe_b64encode(told.encode()).decode())


def file_behind(*, token: str) -> Iterator[str] | None:
    """The CSV of a link, in pieces; None for one that is over, or whose maker may not see all orders any more."""
    key = links.key_in_passing(_LINK, token, seconds=links.EXPORT_LINK_SECONDS)
    if key is None:
        return None
    told = json.loads(urlsafe_b64decode(key))
    actor = User.objects.filter(pk=told["user"], is_active=True).first()
    if actor is None or not _may_export(actor):
        return None
    return exporting.written(_filtered(told["filters"], actor))


def _may_export(actor: "User | AnonymousUser") -> bool:
    return actor.is_staff and actor.has_perm(OrderPermission.VIEW_ALL_ORDERS)


def _filtered(filtered_by: Mapping[str, Any], actor: "User") -> QuerySet[Order]:
    data = dict(filtered_by)
    if "customer_id" in data:
        type_name, node_id = data["customer_id"]
        data["customer_id"] = SimpleNamespace(type_name=type_name, node_id=node_id)
    found = filters.OrderFilterSet(data, queryset=Order.objects.visible_to(actor))
    if not found.is_valid():
        name, messages = next(iter(found.form.errors.items()))
        raise OrderError(OrderErrorCode.INVALID, str(messages[0]), field=["filters", _in_the_api(name)])
    return found.qs


def _in_the_api(name: str) -> str:
    """placed_after is placedAfter."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
