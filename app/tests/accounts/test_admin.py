from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.authentication import user_of_token
from accounts.models import ApiToken, Invitation, User

pytestmark = pytest.mark.django_db

MODELS = [model for model in admin.site._registry if model._meta.app_label in {"accounts", "chat", "bots"}]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_every_list_opens_for_the_operator_and_for_nobody_else(ada_client: Client, bea_client: Client, model: type) -> None:
    path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")  # type: ignore[attr-defined]
    assert ada_client.get(path).status_code == 200
    assert ada_client.get(f"{path}?q=x").status_code == 200
    assert bea_client.get(path).status_code in {302, 403}
    assert Client().get(path).status_code == 302


def test_a_user_is_made_and_changed(ada_client: Client, bea: User) -> None:
    password = {"password1": "blue bicycle in the rain", "password2": "blue bicycle in the rain", "usable_password": "true"}
    made = ada_client.post("/admin/accounts/user/add/", {"username": "dan", "email": "dan@example.com", **password})
    assert made.status_code == 302 and User.objects.filter(username="dan").exists()
    refused = ada_client.post("/admin/accounts/user/add/", {"username": "Dan Ny", "email": "", **password})
    assert refused.status_code == 200 and not User.objects.filter(username="Dan Ny").exists()
    assert ada_client.get(f"/admin/accounts/user/{bea.pk}/change/").status_code == 200


def test_w13_a_token_is_revoked_but_never_seen(ada_client: Client, bea: User, token_of: Callable[..., str]) -> None:
    text = token_of(bea)
    token = ApiToken.objects.get()
    page = ada_client.get(f"/admin/accounts/apitoken/{token.pk}/change/").content
    assert token.hash.encode() not in page and token.prefix.encode() in page
    ada_client.post("/admin/accounts/apitoken/", {"action": "revoke", "_selected_action": [token.pk]})
    assert user_of_token(text) is None


def test_the_text_of_an_invitation_is_nowhere_in_the_admin(ada: User, ada_client: Client) -> None:
    invitation, text = Invitation.objects.make(ada)
    page = ada_client.get(f"/admin/accounts/invitation/{invitation.pk}/change/").content
    assert text.encode() not in page and invitation.token_hash.encode() not in page
