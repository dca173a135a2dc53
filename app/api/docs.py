"""The page at /api/v1/docs. Ours, since the usual ones load scripts from elsewhere, or write styles that our CSP forbids."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

METHODS = ("get", "post", "put", "patch", "delete")


class Page(DocsBase):
    """Every address of the OpenAPI document, by tag, in plain HTML."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        schema = api.get_openapi_schema(path_params=kwargs)
        return render(
            request, "api/docs.html", {"api": api, "sections": sections(schema), "openapi_url": self.get_openapi_url(api, kwargs)}
        )


def sections(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What the page shows: for each tag its operations."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path, operations in schema["paths"].items():
        for method in METHODS:
            if operation := operations.get(method):
                found[(operation.get("tags") or ["other"])[0]].append(_operation(schema, path, method, operation))
    return dict(found)


def _operation(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": [{"name": p["name"], "place": p["in"], "type": _type(p["schema"])} for p in operation.get("parameters", [])],
        "body": _fields(schema, body),
        "answers": [
            {"status": status, "fields": _fields(schema, answer.get("content", {}).get("application/json", {}).get("schema", {}))}
            for status, answer in operation.get("responses", {}).items()
        ],
    }


def _fields(schema: dict[str, Any], part: dict[str, Any]) -> list[dict[str, Any]]:
    name = part.get("$ref", "").rpartition("/")[2]
    model = schema["components"]["schemas"].get(name, part)
    required = model.get("required", [])
    return [
        {"name": field, "type": _type(kind), "required": field in required, "about": kind.get("description", "")}
        for field, kind in model.get("properties", {}).items()
    ]


def _type(kind: dict[str, Any]) -> str:
    if "$ref" in kind:
        return str(kind["$ref"]).rpartition("/")[2]
    if choices := kind.get("anyOf"):
        return " or ".join(_type(choice) for choice in choices)
    if kind.get("type") == "array":
        return f"list of {_type(kind.get('items', {}))}"
    if words := kind.get("enum"):
        return ", ".join(map(str, words))
    return str(kind.get("const") or kind.get("type") or "anything")
