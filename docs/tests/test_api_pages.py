"""The pages of the API say what the API is: every address, field, code, frame and event, and the examples of the contract (I3)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from api.urls import api
from bots.signing import SIGNATURE, TIMESTAMP
from chat.models.event import KINDS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
METHODS = ("get", "post", "put", "patch", "delete")
EXAMPLE = re.compile(r"<!-- example: ([\w-]+\.json)([ \w.]*) -->")


def test_every_endpoint_is_documented() -> None:
    assert sorted(set(_operations()) - set(_headings())) == []


def test_no_endpoint_is_documented_that_is_not_there() -> None:
    assert sorted(set(_headings()) - set(_operations())) == []


def test_every_field_and_parameter_of_an_endpoint_is_on_its_page() -> None:
    headings = _headings()
    missing = [
        f"{headings[operation].name}: {operation}: {name}"
        for operation, names in _operations().items()
        for name in names
        if f"`{name}`" not in _api_text(headings[operation]) and f'"{name}"' not in _api_text(headings[operation])
    ]
    assert missing == []


def test_every_error_code_of_the_api_is_documented() -> None:
    codes = set()
    for folder in ("api", "chat", "bots", "config"):
        for path in (ROOT / "app" / folder).rglob("*.py"):
            text = path.read_text()
            codes |= set(re.findall(r'^    code = "(\w+)"', text, re.MULTILINE)) | set(
                re.findall(r'(?:answer\(|_said\(request,)\s*\d+, "(\w+)"', text)
            )
    page = (DOCS / "api" / "errors.md").read_text()
    assert "not_found" in codes
    assert sorted(code for code in codes - {"refused"} if f"`{code}`" not in page) == []


def test_every_frame_of_the_socket_is_documented() -> None:
    page = (DOCS / "api" / "sockets.md").read_text()
    example = json.loads((DOCS / "api" / "examples" / "socket.json").read_text())
    types = {frame["type"] for side in ("client", "server") for frame in example[side]}
    assert sorted(name for name in types if f"| `{name}` |" not in page) == []


def test_every_kind_of_event_is_documented() -> None:
    page = (DOCS / "api" / "sockets.md").read_text()
    assert sorted(kind for kind in KINDS if f"`{kind}`" not in page) == []


def test_pages_show_the_examples_as_they_are() -> None:
    script = DOCS / "show_examples.py"
    done = subprocess.run([sys.executable, script, "--check"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}Run: python docs/show_examples.py"


def test_every_example_is_shown_and_every_shown_example_exists() -> None:
    shown = {file for page in (DOCS / "api").glob("*.md") for file, _ in EXAMPLE.findall(page.read_text())}
    assert shown == {path.name for path in (DOCS / "api" / "examples").glob("*.json")}


def test_the_headers_of_a_delivery_are_documented() -> None:
    page = (DOCS / "api" / "deliveries.md").read_text()
    assert f"\n{TIMESTAMP}: " in page
    assert f"\n{SIGNATURE}: sha256=" in page


@cache
def _operations() -> dict[str, list[str]]:
    """`GET /api/v1/rooms` -> names of its query parameters and body fields."""
    schema: dict[str, Any] = api.get_openapi_schema()
    found = {}
    for path, operations in schema["paths"].items():
        for method in METHODS:
            if method in operations:
                found[f"{method.upper()} {path}"] = _names(schema, operations[method])
    assert found
    return found


def _names(schema: dict[str, Any], operation: dict[str, Any]) -> list[str]:
    names = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "query"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return names + _fields(schema, body)


def _fields(schema: dict[str, Any], part: Any) -> list[str]:
    """Names of all fields, also of the parts."""
    if isinstance(part, list):
        return [name for one in part for name in _fields(schema, one)]
    if not isinstance(part, dict):
        return []
    if "$ref" in part:
        return _fields(schema, schema["components"]["schemas"][part["$ref"].rpartition("/")[2]])
    names = list(part.get("properties", {}))
    inner = [*part.get("properties", {}).values(), part.get("items"), *part.get("anyOf", []), *part.get("allOf", [])]
    return names + _fields(schema, inner)


@cache
def _headings() -> dict[str, Path]:
    """`GET /api/v1/rooms` -> the page that has it as a heading."""
    found: dict[str, Path] = {}
    for page in (DOCS / "api").glob("*.md"):
        for heading in re.findall(r"^### ([A-Z]+ /api/v1/\S*)$", page.read_text(), re.MULTILINE):
            assert heading not in found, f"{heading} is documented twice"
            found[heading] = page
    return found


@cache
def _api_text(page: Path) -> str:
    return page.read_text()
