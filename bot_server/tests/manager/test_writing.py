"""What a save that came to nothing leaves behind: every byte as it was."""

from __future__ import annotations

from pathlib import Path

from manager import writing
from manager.library import Library
from pipeline.loader import Loader, Trust


def test_a_save_that_is_taken_back_leaves_every_byte_of_what_was_there(tmp_path: Path) -> None:
    """Also of a file that is too big, or no text at all: somebody is at work on it."""
    path = tmp_path / "echo.yaml"
    library = Library(Loader(tmp_path, Trust()), quiet=True)
    for held in (b"\xef\xbb\xbfname: echo\r\nsteps: [Chat, Reply]\r\n", b"name: echo # " + b"\xff" * 100_000):
        path.write_bytes(held)
        before = writing.bytes_of(path)
        writing.write(path, b"name: echo\nsteps: [Draft, Reply]\n")
        writing.put_back(library, path, before)
        assert path.read_bytes() == held
    path.unlink()
    before = writing.bytes_of(path)
    writing.write(path, b"name: echo\nsteps: [Draft, Reply]\n")
    assert writing.put_back(library, path, before) is None
    assert not path.exists()
