"""Pydantic's complaints in plain words, each at its line of the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.problem import Problem, nearest
from pipeline.yaml_tree import Tree

_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a map (`key: value`)",
    type(None): "nothing",
}
_WANTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a map (`key: value`)",
    "model_type": "a map (`key: value`)",
    "model_attributes_type": "a map (`key: value`)",
}


def problems_of(
    error: ValidationError, model: type[BaseModel], tree: Tree, file: str, path: tuple[str | int, ...] = (), more_keys: Iterable[str] = ()
) -> list[Problem]:
    """Each fault in `error` as a Problem. `tree` is the whole file and `path` where in it the validated map stands; `more_keys` are
    keys that would be right there besides the model's own."""
    found = []
    for detail in error.errors(include_url=False):
        loc = path + tuple(detail["loc"])
        message, hint = _say(detail, model, tuple(more_keys))
        found.append(Problem(file, tree.line_of(loc), _dotted(loc), message, hint))
    return found


def _say(detail: ErrorDetails, model: type[BaseModel], more_keys: tuple[str, ...]) -> tuple[str, str]:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "missing":
        return "this key is missing", ""
    if kind == "extra_forbidden":
        keys = keys_at(model, detail["loc"][:-1])
        return "there is no such key", nearest(str(detail["loc"][-1]), (*keys, *(more_keys if len(detail["loc"]) == 1 else ())))
    if kind in _WANTED:
        return f"this must be {_WANTED[kind]}, and is {_kind_of(given)}", ""
    if kind in ("literal_error", "enum"):
        words = _words(context.get("expected", ""))
        return f"this must be one of {', '.join(words)}", nearest(str(given), words)
    if kind == "value_error":
        return str(context.get("error", detail["msg"])), ""
    return _bounds(kind, context) or detail["msg"].lower(), ""


def _bounds(kind: str, context: dict[str, Any]) -> str:
    sentences = {
        "greater_than_equal": "this must be {ge} or more",
        "greater_than": "this must be more than {gt}",
        "less_than_equal": "this must be {le} or less",
        "less_than": "this must be less than {lt}",
        "string_too_long": "this may have {max_length} characters",
        "string_too_short": "this must have at least {min_length} characters",
        "too_long": "this may have {max_length} entries",
        "too_short": "this needs at least {min_length} entries",
    }
    said = sentences[kind].format(**context) if kind in sentences else ""
    return said.replace(" 1 entries", " one entry").replace(" 1 characters", " one character")


def keys_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The valid keys of the model that `loc` leads to inside `model`."""
    named = False
    for part in loc:
        if isinstance(part, int) or named:  # an entry of a list, or of a map whose keys people choose
            named = False
            continue
        inner = next((field.annotation for name, field in model.model_fields.items() if (field.alias or name) == part), None)
        found = _model_in(inner)
        if found is None:
            return []
        model, named = found, dict in (get_origin(inner), *map(get_origin, get_args(inner)))
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _model_in(argument))), None)


def _words(expected: str) -> list[str]:
    """`'mentioned' or 'always'` as a list."""
    return [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",") if word.strip()]


def _kind_of(given: Any) -> str:
    for kind, said in _KINDS.items():
        if isinstance(given, kind):
            return f"{said} ({given!r})" if kind in (int, float) and not isinstance(given, bool) else said
    return "something else"


def _dotted(loc: tuple[str | int, ...]) -> str:
    """`steps.2.Chat.model`; list positions count from 1, as people do."""
    return ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in loc)
