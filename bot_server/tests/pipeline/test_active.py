"""I4: one job of a run at a time in a worker."""

from __future__ import annotations

from pipeline.active import ActiveRun, ActiveRuns


def begun(runs: ActiveRuns, attempt: int) -> ActiveRun:
    mine = runs.begin("run", attempt, "echo")
    assert mine is not None
    return mine


def test_i4_a_second_copy_of_a_job_leaves_the_first_alone() -> None:
    runs = ActiveRuns()
    mine = begun(runs, 1)
    assert runs.begin("run", 1, "echo") is None
    assert mine.control.reason() is None


def test_i4_a_newer_attempt_supersedes_the_older_and_not_the_other_way_round() -> None:
    runs = ActiveRuns()
    older = begun(runs, 1)
    newer = begun(runs, 2)
    assert runs.begin("run", 1, "echo") is None
    assert (older.control.reason(), newer.control.reason()) == ("superseded", None)


def test_what_an_older_attempt_leaves_behind_is_the_newers() -> None:
    runs = ActiveRuns()
    older, newer = begun(runs, 1), begun(runs, 2)
    runs.end(older)
    assert runs.all() == [newer]
    runs.end(newer)
    assert begun(runs, 2)
