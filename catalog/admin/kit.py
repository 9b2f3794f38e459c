"""What the pages of the catalogue are made of: rows that services write, and refusals that stand where they belong."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.forms import PaginationInlineFormSet

from accounts.admin.kit import actor
from accounts.models import User
from notifications.admin import ReadOnly


def link(address: str, text: str) -> SafeString:
    return format_html('<a href="{}" class="text-primary-600 dark:text-primary-500">{}</a>', address, text)


def given(form: Any) -> dict[str, Any]:
    """What was given anew on the form, as services are told it: another row by its id."""
    values = {}
    for name in form.changed_data:
        value = form.cleaned_data[name]
        if type(form.fields[name]) is forms.ModelChoiceField:
            name, value = f"{name}_id", value and value.pk
        values[name] = value
    return values


# ── Who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class Kept:
    """Read by whoever holds the view permission; written by whoever holds `keeper`, which the services ask too."""

    keeper: str

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return request.user.has_perm(self.keeper)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(self.keeper)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_keep_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """What the buttons ask, before they show their form and before the service is called."""
        return request.user.has_perm(self.keeper)


class DetailInline(ReadOnly, TabularInline):
    """What belongs to a row and is only read: whoever may look at the row may look at it."""

    extra = 0
    hide_title = True

    def has_view_permission(self, *args: Any) -> bool:
        return True


class FormerSlugInline(DetailInline):
    fields = ["slug"]
    readonly_fields = fields
    verbose_name_plural = "former slugs, which lead here"


# ── Saving ───────────────────────────────────────────────────────────────────────────────────────────────────────────
class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Says of what type each value is. What a row may be the services say, in the words of the API."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # what was there before is asked of the row, not of the browser
            field.show_hidden_initial = False

    def _get_validation_exclusions(self) -> set[str]:
        """All columns: Django would ask the constraints of the table, whose answers are for programmers."""
        return {field.name for field in self._meta.model._meta.fields}


class ServiceSaved:
    """A page whose row, and whose rows, services write: all that was given, or nothing.

    What a service refuses stands by the field it is about, and what was typed stays there.
    """

    form = ServiceForm

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            with transaction.atomic():
                return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]
        except ValidationError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        try:
            with transaction.atomic():
                return super().delete_view(request, object_id, *args, **kwargs)  # type: ignore[misc]
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
            return HttpResponseRedirect(request.path)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)  # type: ignore[misc]
        refusal = getattr(request, "refusal", None)
        return form if refusal is None or hasattr(refusal, "row") else _refused(form, refusal)

    def get_formset_kwargs(self, request: HttpRequest, *args: Any) -> dict[str, Any]:
        """With the request, which says who writes."""
        kwargs: dict[str, Any] = super().get_formset_kwargs(request, *args)  # type: ignore[misc]
        return {**kwargs, "request": request}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Only the rows: what belongs to many the service has written with the row itself."""
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)  # type: ignore[attr-defined]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """None on several rows at once: Django's deletion of many would go past the services."""
        return {}

    def show(self, row: Any, written: Any) -> None:
        """Makes what Django shows and logs the row that a service made."""
        row.pk = written.pk
        row._state.adding = False
        row.refresh_from_db()


class ServiceRows(PaginationInlineFormSet):
    """Rows of a page that services write: Django's three hooks, of which each kind defines those that it allows."""

    @property
    def actor(self) -> User:
        return actor(self.request)

    def full_clean(self) -> None:
        super().full_clean()
        refusal = getattr(self.request, "refusal", None)
        for form in self.forms:
            if refusal is not None and form.prefix == getattr(refusal, "row", None):
                _show(form, refusal)

    @contextmanager
    def row(self, form: forms.BaseForm) -> Iterator[dict[str, Any]]:
        """What was given anew in this row, for services whose refusals stand there."""
        try:
            yield given(form)
        except ValidationError as refusal:
            refusal.row = form.prefix  # type: ignore[attr-defined]
            raise


def _refused(form: type[Any], refusal: ValidationError) -> type[Any]:
    class Refused(form):
        def _post_clean(self) -> None:
            super()._post_clean()
            _show(self, refusal)

    return Refused


# What the API calls otherwise than the column that a form is about.
_COLUMNS = {
    "price": "price_amount",
    "compare_at_price": "compare_at_amount",
    "minimum_subtotal": "minimum_amount",
    "category_ids": "categories",
    "product_ids": "products",
    "customer_group_ids": "customer_groups",
    "user_ids": "members",
}


def _show(form: forms.BaseForm, refusal: ValidationError) -> None:
    """Puts what was refused by the field that the service named, or above the form."""
    for each in refusal.error_list:
        path = [_column(name) for name in getattr(each, "field", None) or []]
        form.add_error(next((name for name in path if name in form.fields), None), each.message)


def _column(name: str) -> str:
    """ "parentId" of the API is "parent" of a form."""
    column = re.sub("([A-Z])", r"_\1", name).lower().removesuffix("_id")
    return _COLUMNS.get(column, column)
