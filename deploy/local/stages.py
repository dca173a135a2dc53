"""What the commands do, said while they do it: one line for each stage, with its time."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

SHOWN = 40  # lines of a failed command's output, from its start and from its end


class StageError(Exception):
    """A stage failed; the message is for the person at the terminal and names the remedy."""


class Note:
    """What a stage adds to its line, such as "unchanged"."""

    text = ""


@contextlib.contextmanager
def stage(what: str) -> Iterator[Note]:
    note, start = Note(), time.monotonic()
    try:
        yield note
    except BaseException:
        print(f"{time.monotonic() - start:6.1f} s  {what}: failed", flush=True)
        raise
    print(f"{time.monotonic() - start:6.1f} s  {what}{f' ({note.text})' if note.text else ''}", flush=True)


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, remedy: str = "") -> str:
    """Run a command quietly; only when it fails is its output shown."""
    done = subprocess.run(
        command, check=False, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = done.stdout.decode(errors="replace")
    if done.returncode:
        raise StageError(f"{_ends(output.splitlines())}\n\n{Path(command[0]).name} {' '.join(command[1:4])} failed. {remedy}".rstrip())
    return output


def _ends(lines: list[str]) -> str:
    """Some tools say first what is wrong, others last."""
    if len(lines) > 2 * SHOWN:
        lines = [*lines[:SHOWN], f"… {len(lines) - 2 * SHOWN} more lines …", *lines[-SHOWN:]]
    return "\n".join(lines)
