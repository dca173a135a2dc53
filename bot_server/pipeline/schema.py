"""The JSON Schema of the language of bot files, for editors: made from the same models that check the files."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from pipeline.bot_file import STEP_NAME, BotFile, StepKeys
from pipeline.schema_help import described
from steps import BUILT_IN, Terms
from steps.asking import USERNAME

_SECONDS = {"anyOf": [{"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?(ms|s|m|h|d)?$"}, {"type": "number", "minimum": 0}]}
_WHEN = {"anyOf": [{"type": "string", "minLength": 1}, {"type": "object", "minProperties": 1}]}
_BY = {
    "anyOf": [
        {"enum": ["asker", "admins"]},
        {"type": "string", "pattern": f"^{USERNAME.pattern}$"},
        {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": f"^{USERNAME.pattern}$"}},
    ]
}
_LIST = {"type": "array", "items": {"type": "string"}}


def schema() -> dict[str, Any]:
    """The schema of one bot file."""
    made = BotFile.model_json_schema(by_alias=True)
    parts = made["$defs"]
    parts["Attend"]["properties"]["settle"] = _SECONDS
    for lists in ("users", "roles"):
        parts["Attend"]["properties"][lists] = {"anyOf": [{"$ref": "#/$defs/AccessList"}, _LIST]}
    for words, owner in (("say", "Case"), ("contains", "Expect"), ("lacks", "Expect")):
        parts[owner]["properties"][words] = {"anyOf": [{"type": "string"}, _LIST]}
    answer = {"type": ["string", "number"]}
    parts["Case"]["properties"]["answers"] = {"anyOf": [answer, {"type": "array", "items": answer}]}
    made["properties"]["delegates"]["items"] = {"type": "string", "pattern": f"^{USERNAME.pattern}$"}
    made["properties"]["commands"]["additionalProperties"] = {"anyOf": [{"$ref": "#/$defs/Command"}, {"type": "null"}]}
    made["properties"]["name"]["pattern"] = "^[a-z][a-z0-9-]{1,40}$"
    made["properties"]["steps"]["items"] = {"anyOf": [_name(), _short_form(parts), _seed_form()]}
    return described(made | {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A Parley bot"})


def _name() -> dict[str, Any]:
    return {"anyOf": [{"enum": list(BUILT_IN)}, {"type": "string", "pattern": f"^{STEP_NAME.pattern}$"}]}


def _short_form(parts: dict[str, Any]) -> dict[str, Any]:
    """`Chat: {model: large}`: each built-in step with its own settings; any other name with any settings."""
    for name, step in BUILT_IN.items():
        parts[f"{name}Settings"] = _settings(step.Config, parts)
    known = {name: {"anyOf": [{"type": "null"}, {"$ref": f"#/$defs/{name}Settings"}]} for name in BUILT_IN}
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": known,
        "patternProperties": {f"^(?!(?:{'|'.join(BUILT_IN)})$){STEP_NAME.pattern}$": {"type": ["object", "null"]}},
        "additionalProperties": False,
    }


def _seed_form() -> dict[str, Any]:
    properties = {"class": _name(), "config": {"type": ["object", "null"]}}
    return {"type": "object", "properties": properties, "required": ["class"], "additionalProperties": False}


def _settings(config: type[BaseModel], parts: dict[str, Any]) -> dict[str, Any]:
    """A step's own settings and the keys that any step may have."""
    own = config.model_json_schema(by_alias=True)
    parts.update(own.pop("$defs", {}))
    _plainly(own)
    terms = Terms.model_json_schema()
    _plainly(terms)
    keys = {
        "approve": {"anyOf": [{"type": "boolean"}, terms]},
        "when": _WHEN,
        "timeout": _SECONDS,
        "retries": StepKeys.model_json_schema()["properties"]["retries"],
        "queue": {"const": "bots"},
    }
    own["properties"] = own.get("properties", {}) | keys
    return own


def _plainly(model: dict[str, Any]) -> None:
    """Times and deciders as people write them, which is more than what they are once they have been read."""
    for name, schema in (("expires", _SECONDS), ("by", _BY)):
        if name in model.get("properties", {}):
            model["properties"][name] = schema
