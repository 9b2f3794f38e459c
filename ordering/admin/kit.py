"""What the buttons of orders, payments, returns and webhooks share: who may press them, and when, and their forms."""

import uuid
from collections.abc import Collection
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from notifications.admin import Buttons
from ordering.permissions import OrderPermission


class OrderButtons(Buttons):
    """Buttons for those who manage orders. A page offers the ones that fit its row."""

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons this person may press now; none where there is no such row."""
        row = self.get_object(request, str(object_id))  # type: ignore[attr-defined]
        fitting = () if row is None else self.fitting(row, request.user)
        buttons = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        return [button for button in buttons if button.path in fitting]

    def fitting(self, row: Any, actor: Any) -> Collection[str]:
        """The names of the buttons that fit the row now: all of them unless a page says otherwise."""
        return self.actions_detail  # type: ignore[attr-defined]

    def has_manage_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What each button asks, before it shows its form and before the service is called."""
        return request.user.has_perms([OrderPermission.MANAGE_ORDERS, OrderPermission.VIEW_ALL_ORDERS])


class OnceForm(BaseDialogForm):
    """Sent twice, it does its work once."""

    key = forms.CharField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False, empty_value=None)


def amount(help_text: str, **options: Any) -> forms.DecimalField:
    """A field for money of the row's currency, which services round and bound."""
    return forms.DecimalField(
        widget=UnfoldAdminDecimalFieldWidget, max_digits=14, decimal_places=3, help_text=help_text, **options
    )
