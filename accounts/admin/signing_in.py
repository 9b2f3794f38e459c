"""Signing in to the admin, and changing one's own password there."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.admin.forms import OwnPasswordForm, SignInForm


def _change_own_password(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
    request.current_app = admin.site.name
    page = PasswordChangeView.as_view(
        form_class=OwnPasswordForm,
        success_url=reverse("admin:password_change_done"),
        extra_context={**admin.site.each_context(request), **(extra_context or {})},
    )
    return page(request)


# Not by the setting: the form would be imported while the site comes to be.
admin.site.login_form = SignInForm
# The site has no setting for this page's form.
admin.site.password_change = _change_own_password  # type: ignore[method-assign,assignment]
