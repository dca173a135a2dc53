"""The file .env: made once, kept, shared out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tracked import ROOT

import environment

EXAMPLE = ROOT / ".env.example"


@pytest.fixture
def env(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_secrets_are_generated_and_differ_each_time(env: Path, tmp_path: Path) -> None:
    environment.write(env, EXAMPLE)
    environment.write(tmp_path / "other", EXAMPLE)
    one, other = environment.read(env), environment.read(tmp_path / "other")
    for name in environment.GENERATED:
        assert len(one[name]) >= 20
        assert one[name] != other[name]


def test_only_its_owner_can_read_it(env: Path) -> None:
    """I7"""
    environment.write(env, EXAMPLE)
    assert env.stat().st_mode & 0o777 == 0o600
    env.chmod(0o644)
    environment.write(env, EXAMPLE)
    assert env.stat().st_mode & 0o777 == 0o600


def test_what_stands_there_is_kept_to_the_letter(env: Path) -> None:
    environment.write(env, EXAMPLE)
    mine = env.read_text().replace("APP_PORT=3000", "# my port\nAPP_PORT='4000'")
    env.write_text(mine)
    assert environment.write(env, EXAMPLE) == []
    assert env.read_text() == mine


def test_an_upgrade_adds_what_the_example_has_new(env: Path) -> None:
    env.write_text("APP_PORT=4000\nDJANGO_SECRET_KEY=kept\n")
    added = environment.write(env, EXAMPLE)
    values = environment.read(env)
    assert values["APP_PORT"] == "4000"
    assert values["DJANGO_SECRET_KEY"] == "kept"
    assert "BOT_KEY" in added
    assert "APP_PORT" not in added
    assert values.keys() == environment.read(EXAMPLE).keys()


def test_the_key_somebody_typed_in_is_written(env: Path) -> None:
    environment.write(env, EXAMPLE, {"OPENAI_API_KEY": "typed"})
    assert environment.read(env)["OPENAI_API_KEY"] == "typed"


@pytest.mark.parametrize(
    ("line", "value"),
    [("A=b", "b"), ("A='b c'", "b c"), ('A="b#c"', "b#c"), ("A=", ""), ("A=b=c$d", "b=c$d"), ("  A= b ", "b"), ("A='", "'")],
)
def test_a_line_is_read_as_it_stands(line: str, value: str) -> None:
    assert environment.parse(line) == {"A": value}


def test_comments_and_other_lines_are_no_settings() -> None:
    assert environment.parse("# A=b\nexport A=b\nsome words\n\n1A=b") == {}


def test_the_shell_overrides_and_is_named() -> None:
    values, overridden = environment.resolve(
        {"APP_PORT": "3000", "SIGNUP": "open"}, {"APP_PORT": "4000", "SIGNUP": "open", "PATH": "/bin"}, []
    )
    assert values == {"APP_PORT": "4000", "SIGNUP": "open", "PATH": "/bin"}
    assert overridden == ["APP_PORT"]


def test_the_rest_of_the_shell_stays_outside() -> None:
    values, _ = environment.resolve({}, {"PYTHONPATH": "/elsewhere", "DJANGO_SETTINGS_MODULE": "other", "PGHOST": "db"}, ["SIGNUP"])
    assert values == {}


def test_the_bot_server_does_not_see_the_database_nor_the_operator() -> None:
    """I7: what a broken-in bot server cannot tell, because it was never told."""
    every = dict.fromkeys(environment.read(EXAMPLE), "x")
    for name in ("bots", "worker"):
        seen = environment.for_process(name, every)
        assert not [key for key in seen if key.startswith(("POSTGRES_", "EMAIL_"))]
        assert "DJANGO_SECRET_KEY" not in seen
        assert not {"DJANGO_SUPERUSER_PASSWORD", "CHAT_TOKEN"} & seen.keys()
        assert {"BOT_KEY", "OPENAI_API_KEY", "DJANGO_SUPERUSER_TOKEN", "REDIS_PASSWORD"} <= seen.keys()


def test_the_app_does_not_see_the_keys_of_the_bot_server() -> None:
    """I7"""
    every = dict.fromkeys(environment.read(EXAMPLE), "x")
    for name in ("app", "relay"):
        seen = environment.for_process(name, every)
        assert not {"OPENAI_API_KEY", "CHAT_TOKEN", "DJANGO_SUPERUSER_PASSWORD", "DJANGO_SUPERUSER_TOKEN"} & seen.keys()
        assert {"POSTGRES_PASSWORD", "DJANGO_SECRET_KEY", "REDIS_PASSWORD"} <= seen.keys()


def test_every_setting_the_programs_read_is_in_the_example() -> None:
    example = environment.read(EXAMPLE).keys()
    app = set(re.findall(r'(?:text|flag|number|words|path|choice|mapping)\("([A-Z_]+)"', (ROOT / "app/config/settings.py").read_text()))
    fields = re.findall(r"^    ([a-z_]+): [A-Z\[a-z]", (ROOT / "bot_server/settings.py").read_text(), re.MULTILINE)
    bots = {field.upper() for field in fields}
    assert len(app) > 20
    assert len(bots) > 10
    assert (app | bots) - example - {"PARLEY_TEST"} == set()
