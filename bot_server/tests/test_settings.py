"""The settings of the bot server."""

from __future__ import annotations

from pathlib import Path

import pytest

from errors import SettingsError
from settings import Settings, settings


@pytest.fixture(autouse=True)
def fresh() -> object:
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_lists_of_bot_names_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOW_SERVICES", "japanese-bot, kids-diary-bot,,")
    assert settings().allow_services == {"japanese-bot", "kids-diary-bot"}
    assert settings().allow_executors == frozenset()


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_SMALL", "")
    assert settings().model_small == "gpt-6-luna"


def test_a_wrong_setting_names_the_variable_and_not_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_PORT", "s3cret-typed-in-the-wrong-place")
    with pytest.raises(SettingsError) as caught:
        settings()
    assert "BOT_PORT" in caught.value.explanation
    assert "s3cret" not in caught.value.explanation


def test_i7_no_secret_shows_in_the_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "BOT_KEY", "DJANGO_SUPERUSER_TOKEN", "REDIS_PASSWORD"):
        monkeypatch.setenv(name, "s3cret")
    assert "s3cret" not in repr(settings()) + str(settings())


def test_model_aliases_add_to_small_and_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_ALIASES", '{"my-model": "gpt-6-luna", "gpt-4": "small"}')
    models = settings().models()
    assert models["small"] == "gpt-6-luna"
    assert models["gpt-4"] == "small"
    assert models["my-model"] == "gpt-6-luna"


def test_the_password_of_redis_is_escaped_in_its_address() -> None:
    made = Settings(redis_host="redis", redis_port=6380, redis_password="p@ss/word")
    assert made.redis_url(2) == "redis://:p%40ss%2Fword@redis:6380/2"


def test_an_address_without_a_scheme_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_API", "localhost:3000")
    with pytest.raises(SettingsError, match="CHAT_API"):
        settings()


def test_the_bot_files_live_beside_the_programs_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOT_CONFIG", raising=False)
    assert settings().bot_config == Path(__file__).resolve().parents[2] / "bot_config"
