"""Programs that speak to the API."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from chat.models import Room


class Program:
    """A client with a token. Paths are below /api/v1/."""

    def __init__(self, token: str = "", client: Client | None = None) -> None:
        self.client = client or Client(raise_request_exception=False)
        self.headers = {"authorization": f"Bearer {token}"} if token else {}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        text = body if isinstance(body, str | bytes) else json.dumps(body) if body is not None else ""
        answer = self.client.generic(method, f"/api/v1/{path}", text, content_type="application/json", headers=self.headers | headers)
        self.last = answer
        return answer.status_code, json.loads(answer.content) if answer.content else None


@pytest.fixture
def program(token_of: Callable[..., str]) -> Callable[[User], Program]:
    return lambda user: Program(token_of(user))


@pytest.fixture
def as_bea(bea: User, program: Callable[[User], Program]) -> Program:
    return program(bea)


@pytest.fixture
def as_cyd(cyd: User, program: Callable[[User], Program]) -> Program:
    return program(cyd)


@pytest.fixture
def as_ada(ada: User, program: Callable[[User], Program]) -> Program:
    return program(ada)


@pytest.fixture
def room(bea: User, ada: User) -> Room:
    return Room.group(bea, "Kyoto in May", [ada])
