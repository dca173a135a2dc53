"""What tests of bots use: a program with a token, and several of anything at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection
from django.test import Client


class Api:
    """A program with a token."""

    def __init__(self, token: str) -> None:
        self._client = Client(headers={"authorization": f"Bearer {token}"})

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1/{path}")

    def post(self, path: str, body: Any = None) -> Any:
        return self._client.post(f"/api/v1/{path}", body or {}, content_type="application/json")

    def put(self, path: str, body: Any) -> Any:
        return self._client.put(f"/api/v1/{path}", body, content_type="application/json")


def in_threads(jobs: list[Callable[[], Any]]) -> list[Any]:
    """All at once, each with a database connection of its own."""

    def run(job: Callable[[], Any]) -> Any:
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(run, jobs))


def shape(value: Any) -> Any:
    """The keys and kinds of values of an example, all the way down."""
    if isinstance(value, dict):
        return {
            "type": "object",
            "required": sorted(value),
            "additionalProperties": False,
            "properties": {k: shape(v) for k, v in value.items()},
        }
    if isinstance(value, list):
        return {"type": "array", "items": shape(value[0])} if value else {"type": "array"}
    return {"type": {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}[type(value)]}
