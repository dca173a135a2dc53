"""The gate's own promises."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tracked import ROOT

import gate
from stages import StageError, run

SKIPPING = "import pytest\n\ndef test_it_skips():\n    pytest.skip('no browser here')\n\ndef test_it_passes():\n    pass\n"


@pytest.mark.parametrize(("shell", "code"), [({"CI": "true"}, 1), ({}, 0)])
def test_a_skipped_test_fails_in_ci_only(tmp_path: Path, shell: dict[str, str], code: int) -> None:
    (tmp_path / "test_it.py").write_text(SKIPPING)
    said = _pytest(tmp_path, "-p", "skips", code=code, **shell)
    assert ("nothing may be skipped" in said) == bool(shell)


def _pytest(folder: Path, *arguments: str, code: int = 0, **shell: str) -> str:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "deploy" / "local"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **shell}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={folder}", *arguments, str(folder)]
    done = subprocess.run(command, check=False, env=env, cwd=folder, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


BROWSING = """
import pytest

@pytest.fixture
def browser(): return None

def test_in_a_browser(browser): pass
"""


def test_files_with_browsers_come_last(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(BROWSING)
    (tmp_path / "test_b.py").write_text("def test_without(): pass")
    said = _pytest(tmp_path, "-v", "-p", "order")
    assert said.index("::test_without PASSED") < said.index("::test_in_a_browser PASSED")


def test_tests_of_one_id_are_refused_rather_than_lost(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("def pytest_collection_modifyitems(items): items.append(items[0])")
    (tmp_path / "test_a.py").write_text("def test_it(): pass")
    assert "share an id" in _pytest(tmp_path, "-p", "order", code=4)


def test_a_failed_stage_does_not_hide_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    failed: list[str] = []
    gate._attempt("first", lambda env: run([sys.executable, "-c", "import sys; print('the reason'); sys.exit(1)"], cwd=ROOT), {}, failed)
    gate._attempt("second", lambda env: None, {}, failed)
    said = capsys.readouterr()
    assert failed == ["first"]
    assert "the reason" in said.err
    assert "first: failed" in said.out
    assert "second" in said.out


def test_a_failed_commands_output_is_shown_from_both_ends() -> None:
    with pytest.raises(StageError) as caught:
        run([sys.executable, "-c", "for n in range(1000): print('line', n)\nraise SystemExit(1)"], cwd=ROOT)
    assert "line 0\n" in str(caught.value)
    assert "line 999\n" in str(caught.value)
    assert "line 500\n" not in str(caught.value)


def test_every_shell_script_is_checked() -> None:
    scripts = {str(path.relative_to(ROOT)) for path in gate._tracked() if gate._is_shell(path)}
    assert {"go", "setup", ".ci/run", "deploy/docker.sh", "deploy/python.sh", "deploy/develop.sh"} <= scripts
