"""Our rules in allauth's places."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render

from accounts import invitations
from accounts.mail import send_soon
from accounts.models import User
from accounts.throttle import limits_of
from lib.clients import address_of


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        if settings.SIGNUP == "invite":
            return invitations.of(request) is not None
        return bool(settings.SIGNUP == "open")

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Store the new user and use up the invitation, both or neither."""
        with transaction.atomic():
            saved: User = super().save_user(request, user, form, commit)
            if settings.SIGNUP == "invite" and not invitations.use(request, saved):
                raise ImmediateHttpResponse(render(request, "account/signup_closed.html", status=403))
        return saved

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        limits = limits_of(request, str(credentials.get("username") or credentials.get("email") or ""))
        for limit in limits:
            if not limit.take():
                response = render(request, "429.html", {"seconds": limit.wait}, status=429)
                response["Retry-After"] = str(limit.wait)
                raise ImmediateHttpResponse(response)
        user: User | None = super().authenticate(request, **credentials)
        if user is None or user.is_bot:
            return None
        for limit in limits:
            limit.give_back()
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        site = {"name": "Parley", "domain": self.request.get_host()}
        send_soon(self.render_mail(template_prefix, email, {"request": self.request, "email": email, "current_site": site, **context}))

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        if not user.is_bot:
            super().send_password_reset_mail(user, email, context)

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request) or "unknown"
