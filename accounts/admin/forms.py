"""The forms of people, with the rules of the API."""

from typing import Any

from django import forms
from unfold.forms import (
    AdminOwnPasswordChangeForm,
    AdminPasswordChangeForm,
    AuthenticationForm,
    BaseDialogForm,
    UserChangeForm,
    UserCreationForm,
)
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.errors import RateLimited
from accounts.models import User, normalize_email
from accounts.services import checks, credentials, sessions, staff


class _Person(forms.ModelForm):  # type: ignore[type-arg]
    """The rules of the API for what is changed here."""

    def clean_email(self) -> str:
        """One spelling, so that signing in finds the account."""
        email = normalize_email(self.cleaned_data["email"])
        if email != self.initial.get("email"):
            checks.check_email(email, field=["email"])
        return email

    def clean_full_name(self) -> str:
        full_name: str = self.cleaned_data["full_name"]
        if full_name != self.initial.get("full_name"):
            checks.check_full_name(full_name, field=["fullName"])
        return full_name


class _Password(forms.BaseForm):
    def validate_password_for_user(self, user: User, *args: Any, **kwargs: Any) -> None:
        """Also not longer than what signing in compares."""
        super().validate_password_for_user(user, *args, **kwargs)  # type: ignore[misc]
        for name in ("password1", "new_password1"):
            if len(self.cleaned_data.get(name) or "") > checks.MAX_PASSWORD:
                self.add_error(name, f"A password has at most {checks.MAX_PASSWORD} characters.")


class NewUserForm(_Person, _Password, UserCreationForm):
    class Meta:
        model = User
        fields = ["email", "full_name"]


class UserForm(_Person, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"  # noqa: DJ007 - narrowed by the admin's fieldsets


class PasswordForm(_Password, AdminPasswordChangeForm):
    """Somebody else's password."""

    user: User

    def __init__(self, *args: Any, actor: User, **kwargs: Any):
        self.actor = actor
        super().__init__(*args, **kwargs)

    def save(self, commit: bool = True) -> User:
        password = self.cleaned_data["password1"] if self.cleaned_data["set_usable_password"] else None
        self.user = staff.set_password(actor=self.actor, user_id=self.user.pk, password=password)
        return self.user


class OwnPasswordForm(_Password, AdminOwnPasswordChangeForm):
    """One's own, which asks for the old one."""

    user: User

    def clean_old_password(self) -> str:
        old_password: str = self.cleaned_data["old_password"]
        try:
            credentials.confirm(self.user, old_password, field=["old_password"])
        except RateLimited as refusal:
            raise forms.ValidationError(str(refusal)) from None
        return old_password

    def save(self, commit: bool = True) -> User:
        password = self.cleaned_data["new_password1"]
        self.user = staff.set_password(actor=self.user, user_id=self.user.pk, password=password)
        return self.user


class SignInForm(AuthenticationForm):
    """The way in, which is counted and recorded like the API's."""

    def clean(self) -> dict[str, Any]:
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if email and password:
            try:
                self.user_cache = sessions.sign_in_to_admin(email=email, password=password)
            except RateLimited as refusal:
                raise forms.ValidationError(str(refusal)) from None
            if self.user_cache is None:
                raise self.get_invalid_login_error()
        return self.cleaned_data


class ReasonForm(BaseDialogForm):
    reason = forms.CharField(
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        max_length=staff.MAX_REASON,
        help_text="It is kept in the account's history.",
    )
