"""What this checkout runs with: ``.env``, what is derived from it, and the private servers it asks for."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import environment
from embedded import Place, Postgres, Redis, free_port

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".parley"
ENV = ROOT / ".env"
EXAMPLE = ROOT / ".env.example"


@dataclass(frozen=True)
class Configuration:
    """The environment of the processes. A server is None when ``.env`` names one that runs elsewhere."""

    values: dict[str, str]
    overridden: list[str]
    place: Place
    postgres: Postgres | None
    redis: Redis | None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.values['APP_PORT']}"


def load() -> Configuration:
    """From ``.env`` and, where it sets the same names, the shell."""
    values, overridden = environment.resolve(environment.read(ENV), os.environ, environment.read(EXAMPLE))
    place = Place.of(HOME)
    values["APP_PORT"] = values.get("APP_PORT") or "3000"
    values["BOT_PORT"] = values.get("BOT_PORT") or "3001"
    values["CHAT_API"] = values.get("CHAT_API") or f"http://127.0.0.1:{values['APP_PORT']}"
    values["BOT_API"] = values.get("BOT_API") or f"http://127.0.0.1:{values['BOT_PORT']}"
    postgres = redis = None
    if not values.get("POSTGRES_HOST"):
        postgres = Postgres(place, values["POSTGRES_USER"], values["POSTGRES_PASSWORD"], values["POSTGRES_DB"])
        values |= {"POSTGRES_HOST": str(postgres.host), "POSTGRES_PORT": str(postgres.port)}
    if not values.get("REDIS_HOST"):
        redis = Redis(place, values["REDIS_PASSWORD"], int(values.get("REDIS_PORT") or _redis_port()))
        values |= {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis.port)}
    return Configuration(values, overridden, place, postgres, redis)


def _redis_port() -> int:
    """A free port, chosen once: every command of this checkout must find the same server."""
    state = HOME / "redis-port"
    if state.exists():
        return int(json.loads(state.read_text()))
    HOME.mkdir(exist_ok=True)
    port = free_port()
    state.write_text(json.dumps(port))
    return port
