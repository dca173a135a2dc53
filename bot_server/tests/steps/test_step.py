"""What a step is, and the steps that operators write."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import steps
from errors import Cancelled, PayloadError, StepMisconfigured
from steps import BUILT_IN, Payload, Step, StepConfig
from testing.steps import FakeContext, payload_of, run_step


class Shout(Step):
    """The custom step of the docs."""

    def process(self, payload: Payload) -> Payload:
        payload["reply"] = f"{self.bot_name}: {payload['draft']['body'].upper()}{self.config.get('mark', '')}"
        return payload


class Later(Step):
    """An async one."""

    async def process(self, payload: Payload) -> Payload:
        payload["reply"] = "later"
        return payload


class Strict(Step):
    """One that checks its settings."""

    class Config(StepConfig):
        """`loud` is needed."""

        loud: bool

    def process(self, payload: Payload) -> Payload:
        payload["reply"] = str(self.settings.loud)
        return payload


def test_c16_a_custom_step_is_a_class_with_process_that_may_set_a_reply() -> None:
    payload = run_step(Shout, {"draft": {"body": "hi"}}, FakeContext(bot_name="shouter"), mark="!")
    assert payload["reply"] == "shouter: HI!"


def test_c16_a_custom_step_may_be_async() -> None:
    assert run_step(Later, {})["reply"] == "later"


def test_a_step_without_process_cannot_be_built() -> None:
    class Idle(Step):
        """Forgot."""

    with pytest.raises(TypeError, match="process"):
        Idle({}, FakeContext())  # type: ignore[abstract]


WRONG = [({"loud": True, "lowd": 1}, "Strict: lowd: "), ({}, "Strict: loud: "), ({"loud": "x"}, "Strict: loud: ")]


@pytest.mark.parametrize(("config", "message"), WRONG)
def test_i10_settings_are_checked_against_the_model_of_the_step(config: dict[str, Any], message: str) -> None:
    with pytest.raises(StepMisconfigured, match=message):
        Strict(config, FakeContext())


def test_i7_a_wrong_setting_is_named_and_its_value_is_not() -> None:
    with pytest.raises(StepMisconfigured) as caught:
        Strict({"loud": "s3cret"}, FakeContext())
    assert "s3cret" not in caught.value.explanation


def test_a_step_that_takes_long_can_be_stopped() -> None:
    step = Shout({}, FakeContext(stop_after=1))
    step.stop_if_cancelled()
    with pytest.raises(Cancelled):
        step.stop_if_cancelled()


@pytest.mark.parametrize("step", BUILT_IN.values(), ids=BUILT_IN)
def test_each_built_in_step_has_a_file_of_its_own_a_docstring_and_strict_settings(step: type[Step]) -> None:
    assert step.__doc__
    assert inspect.getdoc(step.process)
    assert issubclass(step.Config, BaseModel)
    assert step.Config.model_config["extra"] == "forbid"
    file = Path(inspect.getfile(step))
    assert file.parent == Path(inspect.getfile(steps)).parent
    assert file.stem in {step.__name__.lower(), "chat"}


def test_c20_the_built_in_steps_are_those_of_the_seed() -> None:
    asking = {"Approve", "Ask", "Delegate"}
    assert set(BUILT_IN) == {"Draft", "Format", "Guide", "Chat", "Gpt", "Metadata", "Reply"} | asking


BROKEN = [{"messages": 7}, {"messages": [7]}, {"messages": "x"}, {"draft": 7}, {"draft": {"body": 7}}]
BROKEN += [{"draft": {"body": "x", "metadata": []}}, {"prompt": 7}, {"prompt": [7]}, {"room": 7, "asker": []}]
FREE = [step for name, step in BUILT_IN.items() if name != "Gpt"]
NEEDED: dict[str, dict[str, Any]] = {"Ask": {"question": "Tea?"}, "Delegate": {"to": "critic"}}


@pytest.mark.parametrize("step", FREE)
@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_i10_a_broken_payload_gets_a_clear_error_or_an_answer(step: type[Step], broken: dict[str, Any]) -> None:
    try:
        payload = payload_of("Hi", **broken) if "messages" not in broken else dict(broken)
        needed = NEEDED.get(step.__name__, {})
        asked = step(needed, FakeContext())
        asked.preview(dict(payload))
        asked.wants(dict(payload))
        made = run_step(step, payload, **needed)
    except PayloadError as error:
        assert "payload" in error.explanation
    else:
        assert made


def test_a_long_question_is_told_in_short_and_says_that_it_goes_on() -> None:
    ask = BUILT_IN["Ask"]
    assert ask.detail({"question": "When?"}) == "When?"
    told = ask.detail({"question": "How urgent is it?\nSay what would be too late for you, and for whom it would be."})
    assert told == "How urgent is it? Say what would be too late for you, and f…"
    assert len(told) == 60
