"""What happened and who was told, to be read; and what every app's admin is made of: `ReadOnly` rows, `Buttons`."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import GenericTabularInline, ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AllValuesCheckboxFilter, AutocompleteSelectFilter
from unfold.decorators import display

from notifications.models import Event, Notification


class ReadOnly:
    """Rows that services alone write: whoever has the view permission reads them, nobody edits them by hand."""

    def has_add_permission(self, *args: Any) -> bool:
        return False

    def has_change_permission(self, *args: Any) -> bool:
        return False

    def has_delete_permission(self, *args: Any) -> bool:
        return False


class Buttons:
    """Buttons of a row's page. Each opens a small form; sending that calls one service."""

    def press(
        self, request: HttpRequest, object_id: str, service: Callable[..., object], done: str, **arguments: Any
    ) -> HttpResponse:
        """Calls the service and shows on the row's page what came of it: `done`, or the service's refusal."""
        if self.get_object(request, object_id) is None:  # type: ignore[attr-defined]
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        try:
            service(**arguments)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.success(request, done)
        opts = self.opts  # type: ignore[attr-defined]
        address = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[quote(object_id)])
        if "HX-Request" in request.headers:  # htmx would put a plain redirect's page into the small form
            return HttpResponse(headers={"HX-Redirect": address})
        return HttpResponseRedirect(address)


class RowFilter(AutocompleteSelectFilter):
    """By a row that is looked up while one types: for those who may look it up."""

    def has_output(self) -> bool:
        return admin.site.get_model_admin(self.field.remote_field.model).has_view_permission(self.request)


class DispatchedFilter(admin.SimpleListFilter):
    """Whether the event's news went out; what has not is waiting for the sweep."""

    title = "delivery"
    parameter_name = "dispatched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Dispatched"), ("no", "Waiting")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() is None else queryset.filter(dispatched_at__isnull=self.value() == "no")


class ReadFilter(admin.SimpleListFilter):
    """Whether the recipient has read it."""

    title = "inbox"
    parameter_name = "read"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Read"), ("no", "Unread")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() is None else queryset.filter(read_at__isnull=self.value() == "no")


class NotificationInline(ReadOnly, TabularInline):
    model = Notification
    fields = ["user", "email", "created_at", "read_at", "emailed_at"]
    readonly_fields = fields
    verbose_name_plural = "who was told"
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("event", "user")


class EventInline(ReadOnly, GenericTabularInline):
    """The history of a row, for its admin page; the apps above use it."""

    model = Event
    ct_field = "subject_type"
    ct_fk_field = "subject_id"
    fields = ["seq", "occurred_at", "type", "message", "actor", "origin"]
    readonly_fields = fields
    ordering = ["seq"]
    verbose_name_plural = "history"
    extra = 0
    hide_title = True

    def has_view_permission(self, *args: Any) -> bool:
        """Whoever may look at the row may look at what happened to it."""
        return True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("actor", "subject_type")


class HistoryInline(EventInline):
    """Newest first and in pages, for what lives for years."""

    ordering = ["-seq"]
    per_page = 50


@admin.register(Event)
class EventAdmin(ReadOnly, ModelAdmin):
    list_display = ["occurred_at", "type", "about", "seq", "actor", "origin", "dispatched_at"]
    list_display_links = ["type"]
    list_select_related = ["actor", "subject_type"]
    list_filter = [("type", AllValuesCheckboxFilter), DispatchedFilter, ("actor", RowFilter)]
    list_filter_submit = True
    search_fields = ["^type", "=subject_id", "=actor__email", "=origin"]
    search_help_text = "The beginning of a type, a subject's id, the actor's e-mail or IP address."
    date_hierarchy = "occurred_at"
    ordering = ["-occurred_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["type", "about", "seq", "actor", "origin", "occurred_at", "dispatched_at", "payload", "audience"]
    readonly_fields = fields
    inlines = [NotificationInline]

    @display(description="about")
    def about(self, event: Event) -> str:
        """The subject's kind and the beginning of its id, which leads to its page where it has one."""
        name = f"{event.subject_type.name} {event.subject_id[:8]}"
        if event.subject_type.model_class() not in admin.site._registry:
            return name
        page = f"admin:{event.subject_type.app_label}_{event.subject_type.model}_change"
        return format_html(
            '<a href="{}" class="text-primary-600 dark:text-primary-500">{}</a>',
            reverse(page, args=[quote(event.subject_id)]),
            name,
        )


@admin.register(Notification)
class NotificationAdmin(ReadOnly, ModelAdmin):
    list_display = ["created_at", "recipient", "event_type", "read_at", "emailed_at"]
    list_display_links = ["recipient"]
    list_select_related = ["event", "user"]
    list_filter = [ReadFilter, ("event__type", AllValuesCheckboxFilter), ("user", RowFilter)]
    list_filter_submit = True
    search_fields = ["=user__email", "=email", "^event__type"]
    search_help_text = "An e-mail address, or the beginning of an event's type."
    date_hierarchy = "created_at"
    ordering = ["-created_at", "id"]
    show_full_result_count = False
    list_per_page = 50
    fields = ["event", "user", "email", "created_at", "read_at", "emailed_at"]
    readonly_fields = fields

    @display(description="to")
    def recipient(self, notification: Notification) -> str:
        return str(notification.user or notification.email)

    @display(description="event", ordering="event__type")
    def event_type(self, notification: Notification) -> str:
        return notification.event.type
