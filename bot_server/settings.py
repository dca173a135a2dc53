"""Every setting of the bot server, read from the environment here and nowhere else."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from errors import SettingsError

ROOT = Path(__file__).resolve().parents[1]

Names = Annotated[frozenset[str], NoDecode]


class Settings(BaseSettings):
    """One line a setting; the name in capitals is the variable's name. An empty variable counts as not set."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", hide_input_in_errors=True, frozen=True)

    bot_port: int = Field(default=3001, ge=1, le=65535)
    bot_api: str = "http://127.0.0.1:3001"
    chat_api: str = "http://127.0.0.1:3000"
    bot_config: Path = ROOT / "bot_config"
    bot_key: SecretStr = SecretStr("")
    django_superuser_token: SecretStr = SecretStr("")
    chat_token: SecretStr = SecretStr("")
    django_log_level: str = "INFO"

    redis_host: str = "127.0.0.1"
    redis_port: int = Field(default=6379, ge=1, le=65535)
    redis_password: SecretStr = SecretStr("")

    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = "https://api.openai.com/v1"
    model_small: str = "gpt-6-luna"
    model_large: str = "gpt-5.6-sol"
    model_aliases: dict[str, str] = Field(default_factory=dict)

    allow_services: Names = frozenset()
    allow_executors: Names = frozenset()

    worker_concurrency: int = Field(default=32, ge=1, le=1000)
    parley_test: bool = False

    @field_validator("allow_services", "allow_executors", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return frozenset(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("bot_api", "chat_api", "openai_base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    def redis_url(self, database: int) -> str:
        """The address of one of Redis's databases: 1 is Celery's broker, 2 holds checkpoints, dedupe and cancellations."""
        password = quote(self.redis_password.get_secret_value(), safe="")
        user = f":{password}@" if password else ""
        return f"redis://{user}{self.redis_host}:{self.redis_port}/{database}"

    def models(self) -> dict[str, str]:
        """Which model answers to which name: `small`, `large` and MODEL_ALIASES. Dosaku adds models that no longer exist."""
        return {"small": self.model_small, "large": self.model_large} | self.model_aliases

    def modules(self) -> dict[str, dict[str, Any]]:
        """What the operator gives to Dosaku's modules, by module name: `Agent(provide=…)`. Never goes into a bot file."""
        key = self.openai_api_key.get_secret_value()
        return {"OpenAIChat": {"api_key": key, "base_url": self.openai_base_url, "aliases": self.models()}}


@functools.cache
def settings() -> Settings:
    """The settings of this process, read once. A wrong one is a SettingsError that names the variable, never its value."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors(include_input=False))
        raise SettingsError(f"The environment has a wrong setting. {wrong}") from None
