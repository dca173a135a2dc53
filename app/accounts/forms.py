"""What people fill in."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.account.models import EmailAddress
from django import forms
from django.db import transaction
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from accounts.models.token import SCOPES
from accounts.throttle import Limit
from lib.time import time_zones


class LoginForm(AllauthLoginForm):  # type: ignore[misc]  # allauth has no types
    """Username or e-mail address, and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["login"].label = "Username or e-mail address"
        self.fields["password"].help_text = ""  # the page has its own link for a forgotten password
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SignupForm(AllauthSignupForm):  # type: ignore[misc]
    """Username, e-mail address, password; the browser adds its time zone."""

    timezone = forms.CharField(required=False, widget=forms.HiddenInput(attrs={"data-controller": "zone"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields[
            "username"
        ].help_text = "2 to 41 small letters, digits and hyphens, a letter first. Others see it and mention you by it."
        self.fields["username"].widget.attrs["autocapitalize"] = "none"
        self.fields["email"].label = "E-mail address"
        self.fields["email"].help_text = "Only for a forgotten password. Others do not see it."
        self.fields["password1"].help_text = "At least 8 characters."
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    def clean_username(self) -> str:
        self.cleaned_data["username"] = self.cleaned_data["username"].strip().lower()
        name: str = super().clean_username()
        return name

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        super().custom_signup(request, user)
        if self.cleaned_data["timezone"] in time_zones():
            user.timezone = self.cleaned_data["timezone"]
            user.save(update_fields=["timezone"])


class ZoneSelect(forms.Select):
    """A select of hundreds of lines, written at once: Django's own renders a template for each."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        lines = ((zone, mark_safe(" selected") if zone == value else "", zone.replace("_", " ")) for zone in time_zones())
        options = format_html_join("\n", '<option value="{}"{}>{}</option>', lines)
        return format_html("<select{}>{}</select>", flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name})), options)


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a person may change of themselves."""

    timezone = forms.ChoiceField(label="Time zone", choices=lambda: [(name, name) for name in time_zones()], widget=ZoneSelect)
    email = forms.EmailField(label="E-mail address", required=True, help_text="Only for a forgotten password. Others do not see it.")
    password = forms.CharField(
        label="Your password",
        required=False,
        help_text="Only needed for another e-mail address.",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )

    class Meta:
        model = User
        fields = ["name", "timezone", "email"]
        labels = {"name": "Name"}

    @property
    def old_address(self) -> str:
        """The address that this form replaces, if it does."""
        return self.initial["email"] if "email" in self.changed_data else ""

    def clean(self) -> None:
        # Whoever changes the address can have a link for a new password sent there: a session they found open is not enough.
        if "email" in self.changed_data and not self.errors:
            limit = Limit(f"password:{self.instance.pk}", 5, 60)
            if not limit.take():
                self.add_error("password", f"These were too many tries. Wait {limit.wait} s and try again.")
            elif not self.instance.check_password(self.cleaned_data["password"]):
                self.add_error("password", "This is not your password. It is needed for another e-mail address.")
            else:
                limit.give_back()

    @transaction.atomic
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        # allauth keeps addresses of its own, and mails a link for a new password to any of them.
        EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()
        return user


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(max_length=80, help_text="What will use it, for your own overview.")
    scope = forms.ChoiceField(label="It may", choices=list(SCOPES.items()), widget=forms.RadioSelect, initial="chat")
