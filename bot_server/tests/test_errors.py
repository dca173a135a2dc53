"""What the app is told of an error."""

from __future__ import annotations

import pytest

import errors
from dosaku import ServicePermissionRequired
from dosaku.errors import ServiceError
from errors import AnswerRefused, BotServerError, Cancelled, failure_of


def test_an_error_of_ours_says_itself_what_happens_next() -> None:
    failure = failure_of(AnswerRefused("The app is busy.", status=503, retry_after=4))
    assert (failure.code, failure.permanent, failure.retry_after) == ("answer_refused", False, 4)


@pytest.mark.parametrize(
    ("status", "permanent"), [(400, True), (403, True), (404, True), (408, False), (429, False), (500, False), (503, False)]
)
def test_a_status_decides_whether_trying_again_can_help(status: int, permanent: bool) -> None:
    assert AnswerRefused("No.", status=status).permanent is permanent


def test_an_error_of_dosaku_says_the_same_four_things() -> None:
    assert failure_of(ServicePermissionRequired()).permanent is True
    failure = failure_of(ServiceError("The model is busy.", code="model_rate_limited", retry_after=120))
    assert (failure.code, failure.explanation, failure.permanent, failure.retry_after) == (
        "model_rate_limited",
        "The model is busy.",
        False,
        120,
    )


def test_i7_an_error_of_a_custom_step_is_named_and_not_quoted() -> None:
    failure = failure_of(RuntimeError("key s3cret refused"), step="KidsJournalEntry")
    assert failure.code == "step_broke"
    assert failure.permanent
    assert failure.explanation == "The step KidsJournalEntry stopped with an error of its own: RuntimeError."


def test_every_error_is_drawn_in_the_tree_at_the_top() -> None:
    drawn = errors.__doc__ or ""
    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, BotServerError)]
    assert len(kinds) > 10
    assert [kind.__name__ for kind in kinds if kind.__name__ not in drawn] == []


def test_a_cancellation_needs_no_words() -> None:
    assert failure_of(Cancelled()).code == "cancelled"
