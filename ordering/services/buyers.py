"""Whoever buys with an account: it does not end while something is written for it."""

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from ordering.errors import OrderError, OrderErrorCode


def hold(buyer: User | AnonymousUser, *, field: list[str]) -> None:
    """Locks the account, before everything else: it is erased before, and this refused, or after, and this forgotten.

    NOT_FOUND for one that has ended. A guest has none.
    """
    if isinstance(buyer, AnonymousUser):
        return
    active = User.objects.select_for_update(no_key=True).filter(pk=buyer.pk, is_active=True)
    if active.values_list("pk").first() is None:
        raise OrderError(OrderErrorCode.NOT_FOUND, "The account has just ended.", field=field)
