"""The step Metadata."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from steps.chat import REMARKS
from steps.conversation import draft_of
from steps.step import Payload, Step, StepConfig

HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]*metadata[ \t]*:?[ \t]*#*[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
FENCE = re.compile(r"\A\s*(`{3,}|~{3,})[^\n]*\n(.*?)(?:\n[ \t]*\1[ \t]*(?:\n|\Z)|\Z)", re.DOTALL)


class Metadata(Step):
    """Takes what the model noted for later steps out of what people read."""

    Config = StepConfig

    def process(self, payload: Payload) -> Payload:
        """Move the JSON object behind the last heading `# metadata` from the draft's body to its metadata.

        A code fence around it is left out too. What is no JSON object is dropped, and the trace says so: people should
        not read it either.
        """
        draft = draft_of(payload)
        headings = list(HEADING.finditer(draft["body"]))
        if not headings:
            self.note = "no metadata"
            return payload
        before, after = draft["body"][: headings[-1].start()], draft["body"][headings[-1].end() :]
        found, rest, trouble = _read(after)
        draft["body"] = "\n\n".join(part for part in (before.strip(), rest.strip()) if part)
        draft["metadata"] = draft["metadata"] | found
        self.note = trouble or f"metadata: {', '.join(found) or 'empty'}"
        return payload


def _read(text: str) -> tuple[dict[str, Any], str, str]:
    """The metadata, the text behind it, and what was wrong with it."""
    fenced = FENCE.match(text)
    source, rest = (fenced[2], text[fenced.end() :]) if fenced else (text, "")
    source = source.strip()
    if not source:
        return {}, rest, ""
    try:
        value, end = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite).raw_decode(source)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "a value that JSON does not have"
        return {}, rest or _remark(source), f"metadata dropped: not valid JSON ({where})"
    rest = rest if fenced else source[end:]
    if not isinstance(value, dict):
        return {}, rest, "metadata dropped: not a JSON object"
    return value, rest, ""


def _remark(source: str) -> str:
    """What Chat adds behind an answer that ended early, which is just what breaks JSON: people should read it all the same."""
    return next((remark for remark in REMARKS.values() if source.endswith(remark)), "")


def _finite(text: str) -> float:
    # 1e999 is JSON, and infinite here; the payload could not be stored with it, and the answer would be lost.
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
