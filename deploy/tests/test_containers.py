"""What docker-compose.yml promises, read from the file; ./go --docker is tried by hand and in the note of a release."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tracked import ROOT

import environment
import process

PROGRAMS = ("app", "relay", "bots", "worker")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    text = (ROOT / "docker-compose.yml").read_text()
    return dict(yaml.safe_load(text)["services"])


def test_the_containers_are_the_processes_of_the_procfile(services: dict[str, Any]) -> None:
    assert set(process.commands()) == set(PROGRAMS)
    assert set(services) == {*PROGRAMS, "pg", "redis"}
    for name in PROGRAMS:
        assert services[name]["command"] == [name]


def test_only_the_chat_can_be_reached_from_outside(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"app": ["127.0.0.1:${APP_PORT:-3000}:3000"]}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_container_gets_only_what_is_its_business(services: dict[str, Any], name: str) -> None:
    """I7: the same split as in the local mode."""
    given = services[name]["environment"]
    assert environment.for_process(name, given) == given


def test_every_setting_reaches_the_container_that_reads_it(services: dict[str, Any]) -> None:
    # Fixed in containers, or of the set-up or a command alone.
    elsewhere = {"PARLEY_MODE", "MEDIA_ROOT", "STATIC_ROOT", "EMAIL_FILES", "DJANGO_SUPERUSER_USERNAME", "DJANGO_SUPERUSER_EMAIL",
                 "DJANGO_SUPERUSER_PASSWORD", "CHAT_TOKEN", "BOTS_USER"}  # fmt: skip
    given = services["app"]["environment"].keys() | services["bots"]["environment"].keys()
    assert environment.read(ROOT / ".env.example").keys() - given - elsewhere == set()


def test_every_container_says_whether_it_is_well(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "healthcheck" not in service] == []


def test_bots_are_found_under_the_name_of_the_seed(services: dict[str, Any]) -> None:
    assert services["bots"]["networks"]["default"]["aliases"] == ["bot"]
    assert services["app"]["environment"]["BOT_API"] == "http://bot:3001"


def test_who_owns_the_bot_files_writes_them(services: dict[str, Any]) -> None:
    """Bots are saved in the browser. No other program writes there, and none runs as root by itself."""
    assert {name: service["user"] for name, service in services.items() if "user" in service} == {"bots": "${BOTS_USER:-1000:1000}"}


def test_what_must_last_lies_in_volumes(services: dict[str, Any]) -> None:
    assert services["pg"]["volumes"] == ["pg:/var/lib/postgresql/data"]
    assert services["redis"]["volumes"] == ["redis:/data"]
    # Uploads: the chat takes them in, the relay sweeps what was never sent. MEDIA_ROOT is below.
    assert services["app"]["volumes"] == services["relay"]["volumes"] == ["files:/parley/.parley"]
    command = " ".join(services["redis"]["command"])
    assert "appendonly yes" in command
    assert "maxmemory-policy noeviction" in command
    assert "requirepass" in command


def test_a_worker_has_time_to_hand_its_runs_back(services: dict[str, Any]) -> None:
    """Its watchdog drains it in 9 s; Docker's own 10 s would orphan what it works on. Celery's soft shutdown, which SIGQUIT asks for,
    kills jobs in the end, which threads cannot do: the worker would stay until its last run is over."""
    assert int(services["worker"]["stop_grace_period"].removesuffix("s")) >= 20
    assert "SIGQUIT" not in process.commands()["worker"]


def test_the_image_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    stages = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert stages == ["node:20-trixie-slim", "python:3.13-slim-trixie", "python:3.13-slim-trixie", "parley"]
    assert [line for line in lines if line.startswith("USER ")][-1] == "USER parley"


def test_the_image_holds_no_secret_and_no_history() -> None:
    """I7: .dockerignore lets in what is named, so a new file stays outside until somebody decides."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    assert [line for line in lines if line.startswith("!")] == [
        "!requirements.txt",
        "!Procfile",
        "!app",
        "!bot_server",
        "!bot_config",
        "!deploy",
    ]
