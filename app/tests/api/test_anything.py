"""W25: requests made up from the OpenAPI document, right and wrong ones, meet no fault of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from accounts.models import ApiToken, User
from api.urls import api
from chat.models import Room

DOCUMENT = api.get_openapi_schema(path_prefix="/api/v1/")
schema = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {found.ok().label: found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)}


@pytest.fixture
def token(bea: User) -> str:
    Room.group(bea, "Kyoto in May", [])
    return ApiToken.objects.make(bea, "test", ["chat", "bots"])[1]


def test_every_operation_of_the_document_is_tried() -> None:
    assert len(OPERATIONS) == sum(len(methods) for methods in DOCUMENT["paths"].values())


@pytest.mark.parametrize("label", OPERATIONS)
def test_w25_no_request_meets_a_fault_of_ours(label: str, token: str) -> None:
    @settings(
        max_examples=5, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=OPERATIONS[label].as_strategy())
    def meets_no_fault(case: Any) -> None:
        check(case, token)

    meets_no_fault()


def check(case: Any, token: str) -> None:
    wire = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    parts = urlsplit(str(wire.url))
    kind: Any = wire.headers.get("Content-Type", "application/json")
    answer = Client(raise_request_exception=False).generic(
        str(wire.method), unquote(parts.path), wire.body or "", kind,
        headers={"authorization": f"Bearer {token}"}, query_params=None, QUERY_STRING=parts.query,
    )  # fmt: skip
    assert answer.status_code < 500, answer.content
    if answer.status_code >= 400:
        assert set(answer.json()) == {"error"}
