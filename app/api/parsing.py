"""JSON of requests, refused where it holds what nothing behind it can hold."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from chat.errors import BadInput
from chat.limits import UNSTORABLE

DEEPEST = 60
LARGEST_NUMBER = 2**63
# Only a body that may hold such text is searched for it, string by string.
SUSPECT = re.compile(rb"\\u0000|\\ud[89a-f]|\x00", re.IGNORECASE)


class BadJson(BadInput):
    code = "bad_json"


class StrictParser(Parser):
    """No NUL, no half of a surrogate pair, no NaN, no number beyond 64 bits, no nesting without end."""

    def parse_body(self, request: HttpRequest) -> Any:
        body = request.body
        try:
            data = json.loads(body, parse_int=_whole_number, parse_float=_number, parse_constant=_no_constant)
        except (RecursionError, UnicodeDecodeError, json.JSONDecodeError):
            raise BadJson("The request's body is not JSON that can be read.") from None
        if body.count(b"[") + body.count(b"{") > DEEPEST or SUSPECT.search(body):
            _check(data, DEEPEST)
        return data


def _whole_number(digits: str) -> int:
    # Python would take seconds over a number of a million digits before refusing it.
    if len(digits) > 20 or abs(number := int(digits)) >= LARGEST_NUMBER:
        raise BadJson("A number in the request is beyond 64 bits.")
    return number


def _number(text: str) -> float:
    # 1e999 is JSON, and infinite here; PostgreSQL stores no such number.
    if not math.isfinite(number := float(text)):
        raise BadJson("A number in the request is too large.")
    return number


def _no_constant(name: str) -> Any:
    raise BadJson(f"{name} is not a number of JSON.")


def _check(value: Any, levels: int) -> None:
    if levels == 0:
        raise BadJson(f"The request is nested deeper than {DEEPEST} levels.")
    if isinstance(value, str) and UNSTORABLE.search(value):
        raise BadInput("The text holds a NUL character or half of a character (a lone surrogate), which cannot be stored.")
    if isinstance(value, dict):
        for key, entry in value.items():
            _check(key, levels)
            _check(entry, levels - 1)
    elif isinstance(value, list):
        for entry in value:
            _check(entry, levels - 1)
