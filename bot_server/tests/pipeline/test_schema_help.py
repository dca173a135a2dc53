"""What an editor shows beside a key: there for every key, and for no key that is gone."""

from __future__ import annotations

from pipeline.bot_file import BotFile
from pipeline.schema import schema
from pipeline.schema_help import HELP
from steps import BUILT_IN


def test_every_key_of_a_bot_file_is_explained() -> None:
    made = schema()
    parts = {"": made, **made["$defs"]}
    silent = [
        f"{name}.{key}" for name, part in parts.items() for key, inner in part.get("properties", {}).items() if not inner.get("description")
    ]
    assert silent == []
    assert made["title"] == "A Parley bot"


def test_nothing_is_explained_that_is_not_there() -> None:
    made = schema()
    for name, words in HELP.items():
        if name in ("*", "Terms"):
            continue
        part = made if name == "" else made["$defs"][f"{name}Settings" if name in BUILT_IN else name]
        assert words.keys() <= part["properties"].keys(), name
    assert HELP[""].keys() == BotFile.model_fields.keys()


def test_shared_pieces_of_the_schema_keep_words_of_their_own() -> None:
    """`say` of a command, a case and an approval are three things."""
    parts = schema()["$defs"]
    said = {parts[name]["properties"]["say"]["description"] for name in ("Command", "Case", "DelegateSettings")}
    assert len(said) == 3
    assert parts["ApproveSettings"]["properties"]["by"]["description"] != parts["ChatSettings"]["properties"]["approve"]["description"]
