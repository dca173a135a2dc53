"""For programs that write bot files: the language in a page of text, and a file the way people write it.

The page is made from the schema that editors use, so a model is told of every key and step there is, and of none that is not.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.loader import Loader, Trust
from pipeline.schema import schema
from pipeline.schema_help import HELP
from pipeline.when import COMPARISONS
from steps import BUILT_IN

NO_NAME = "my-bot"
LONGEST_NAME = 30
# A folder without any file: no bot, no step in Python, no picture.
NOWHERE = Path(os.devnull)
# Words that YAML readers disagree about when they stand without quotes, beside those that PyYAML itself quotes.
_CONTESTED = re.compile(r"[-+.]?[0-9]\S*|[0-9]{4}-.*|[yn]", re.IGNORECASE | re.DOTALL)
_KINDS = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list", "object": "map"}


def language() -> str:
    """The language of bot files, for a reader who has never seen one: each key and each built-in step with a line about it."""
    made = schema()
    parts = made["$defs"]
    lines = ["The keys of a bot file:", *_keys(made, parts)]
    lines += ["", "The steps. Each entry of `steps` is a name, or a map of one name to its settings:"]
    told: dict[Any, str] = {}
    for name, step in BUILT_IN.items():
        same = told.setdefault(step.Config, name)
        about = (step.__doc__ or "").strip().splitlines()[0]
        lines.append(f"- {name}: {about}" + (f" Its settings are those of {same}." if same != name else ""))
        lines += _keys(_only(parts[f"{name}Settings"], of_all=False), parts, 1) if same == name else ()
    lines += ["", "Any step may also have:", *_keys(_only(parts["ReplySettings"], of_all=True), parts)]
    return "\n".join([*lines, "", f"A condition `when` compares values of the payload. The comparisons: {', '.join(COMPARISONS)}."])


def text_of(file: Mapping[str, Any]) -> str:
    """The text of a bot file: texts of several lines under a `|`, lists further in than their key, and a line about where it comes from."""
    text = yaml.dump(dict(file), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return f"# Made with the bot builder. The language of bot files: docs/bots.md\n{text}"


def name_of(title: str) -> str:
    """A bot's name for a title: `Tooth Fairy!` is `tooth-fairy`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_NAME].rstrip("-")
    name = name if name[:1].isalpha() else f"bot-{name}".rstrip("-")
    return name if len(name) > 1 and name != "bot" else NO_NAME


def bare_loader() -> Loader:
    """A loader for texts that nobody has vouched for: it knows built-in steps only, runs no file of the operator's, and grants nothing."""
    return Loader(NOWHERE, Trust())


def _only(settings: Mapping[str, Any], *, of_all: bool) -> dict[str, Any]:
    """The keys that any step may have, or the step's own."""
    properties = {key: inner for key, inner in settings["properties"].items() if (key in HELP["*"]) is of_all and key != "queue"}
    return {**settings, "properties": properties}


def _keys(part: Mapping[str, Any], parts: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """A line for each key, with what is below it. What is below `steps` has a list of its own."""
    for key, inner in part["properties"].items():
        options = [one for one in inner.get("anyOf", [inner]) if one.get("type") != "null"]
        kinds = " or ".join(dict.fromkeys(_kind(one) for one in options))
        notes = [kinds, "must be there" if key in part.get("required", ()) else "", _default(inner)]
        yield f"{'  ' * depth}- {key} ({'; '.join(filter(None, notes))}): {inner.get('description', '')}"
        below = next(filter(None, (_below(one, parts) for one in options)), None)
        if below and key != "steps":
            yield from _keys(below, parts, depth + 1)


def _below(inner: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The map that a value is, or that the entries of a list, or of a map whose keys people choose, are."""
    if "properties" in inner:
        return inner
    if "$ref" in inner:
        return _below(parts[inner["$ref"].rpartition("/")[2]], parts)
    entries = [inner.get("items"), inner.get("additionalProperties"), *inner.get("anyOf", ())]
    return next(filter(None, (_below(one, parts) for one in entries if isinstance(one, dict))), None)


def _kind(inner: Mapping[str, Any]) -> str:
    if "enum" in inner:
        return f"one of {', '.join(map(str, inner['enum']))}"
    kinds = inner.get("type", "object")  # a reference is to a map
    return " or ".join(_KINDS.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _default(inner: Mapping[str, Any]) -> str:
    default = inner.get("default")
    if default in (None, "", False) or not isinstance(default, str | int | float):
        return ""
    return f"{str(default).lower() if default is True else default} if not said"


class _Dumper(yaml.SafeDumper):
    """Writes as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """See yaml.emitter.Emitter."""
        super().increase_indent(flow, False)

    def represent_str(self, text: str) -> yaml.ScalarNode:
        """See yaml.SafeDumper."""
        style = "|" if "\n" in text else "'" if _CONTESTED.fullmatch(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    def ignore_aliases(self, data: Any) -> bool:
        """Nobody writes the same list twice by a name for it."""
        return True


_Dumper.add_representer(str, _Dumper.represent_str)
