"""W13 and W26: what may stand in a log, whoever writes it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
import structlog
from django.test import Client

from accounts.models import User
from config import logs

CANARY = "canary-secret-5f1c9a77"
TOKEN = "parley_abcdef012345_" + "Zx9" * 14


@pytest.fixture(params=["console", "json"])
def lines(request: pytest.FixtureRequest) -> Any:
    """Everything that is logged during the test, as it would be written."""
    written = StringIO()
    shared: list[Any] = [structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name]
    shared += [structlog.processors.format_exc_info, logs.without_secrets]
    target = logging.StreamHandler(written)
    target.setFormatter(logs.formatter(shared, request.param, [CANARY]))
    root = logging.getLogger()
    root.addHandler(target)
    before, root.level = root.level, logging.DEBUG
    yield written.getvalue
    root.removeHandler(target)
    root.level = before


Written = Callable[[], str]


@pytest.mark.parametrize(
    "text",
    [
        f"it failed with {CANARY}",
        TOKEN,
        f"Authorization: Bearer {'x' * 30}",
        "key sk-proj-abcdefghijklmnop was refused",
        "password=hunter2hunter2",
        '{"api_key": "hunter2hunter2"}',
        "redis://:hunter2hunter2@127.0.0.1:6379/0",
        "postgresql://parley:hunter2hunter2@127.0.0.1/parley",
    ],
)
def test_i7_a_secret_in_a_text_is_not_written(lines: Written, text: str) -> None:
    logging.getLogger("anything").warning("%s", text)
    structlog.get_logger("anything").warning("said", detail=text)
    assert lines().count("***") == 2
    for secret in (CANARY, TOKEN, "x" * 30, "abcdefghijklmnop", "hunter2"):
        assert secret not in lines()


@pytest.mark.parametrize("name", ["password", "token", "Authorization", "cookie", "session_key", "secret", "api_key", "x_parley_signature"])
def test_i7_a_value_with_a_secret_name_is_not_written(lines: Written, name: str) -> None:
    structlog.get_logger("anything").info("said", **{name: "hunter2"})
    assert "hunter2" not in lines()


def test_i7_a_secret_in_a_traceback_is_not_written(lines: Written) -> None:
    try:
        raise ValueError(f"cannot use {TOKEN} or {CANARY}")
    except ValueError:
        logging.getLogger("anything").exception("it failed")
    assert "ValueError: cannot use parley_abcdef012345_*** or ***" in lines()


def test_w26_a_text_cannot_pose_as_a_line_of_its_own(lines: Written) -> None:
    evil = "x\r\n2026-01-01T00:00:00Z info signed in user=ada\x1b[31m\u202e"
    logging.getLogger("anything").warning("%s", evil)
    try:
        raise ValueError(evil)
    except ValueError:
        structlog.get_logger("anything").exception("failed", name=evil)
    assert not any(line.startswith("2026-01-01") for line in lines().splitlines())
    assert "\x1b" not in lines() and "\r" not in lines() and "\u202e" not in lines()


def test_json_lines_are_json(lines: Written) -> None:
    structlog.get_logger("anything").info("said", number=1, text='quoted " and \n new')
    line = lines().splitlines()[0]
    if line.startswith("{"):
        assert json.loads(line)["number"] == 1
    else:
        assert line.count("\n") == 0 and "number=1" in line


@pytest.mark.django_db
def test_w13_no_secret_of_a_request_is_written(lines: Written, bea: User, token_of: Callable[..., str]) -> None:
    """A canary in every place where a request carries secrets, on good and bad answers alike."""
    token = token_of(bea)
    client = Client(raise_request_exception=False)
    client.post("/account/login/", {"login": "bea", "password": CANARY})
    client.post("/account/login/", {"login": "bea", "password": "correct horse battery staple"})
    session = client.cookies["parley_session"].value
    for path in (
        "/profile/",
        f"/nowhere/?token={token}",
        f"/invite/{CANARY}/",
        f"/account/password/reset/key/1-{CANARY}/",
        "/api/v1/users",
    ):
        client.get(path, headers={"Authorization": f"Bearer {token}", "X-Api-Key": CANARY})
    client.post("/profile/tokens/", {"name": "mine", "scope": "chat"})
    made = client.post("/profile/tokens/", {"name": "mine", "scope": "chat"}).context["text"]
    written = lines()
    assert "/profile/" in written and "signed in" in written
    for secret in (CANARY, token.split("_", 2)[2], made.split("_", 2)[2], session, "correct horse"):
        assert secret not in written


def test_every_answer_carries_the_id_that_stands_in_the_log(lines: Written) -> None:
    answer = Client().get("/nowhere/", headers={"X-Request-ID": "chosen-by-visitor"})
    assert answer["X-Request-ID"] != "chosen-by-visitor"
    assert answer["X-Request-ID"] in lines()
