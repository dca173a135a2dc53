"""A pytest plugin: where nobody looks at the output (CI), a test that was skipped counts as one that failed."""

from __future__ import annotations

import os

import pytest


def pytest_sessionfinish(session: pytest.Session) -> None:
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None:
        return
    skipped = terminal.stats.get("skipped", [])
    if skipped and os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK:
        terminal.write_line(f"\nIn CI nothing may be skipped, and {len(skipped)} were:")
        for report in skipped:
            terminal.write_line(f"  {report.nodeid}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
