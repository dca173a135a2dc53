"""W4, W5: pictures are made anew in a process with limits, and what asks for too much is refused quickly and in plain words."""

from __future__ import annotations

import contextlib
import io
import json
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from chat import pictures
from chat.errors import BadInput, TooFast
from chat.pictures import DARKROOM, Picture, looks_like_one, made_anew
from tests.chat import files


def made(content: bytes, name: str = "x.png") -> Picture:
    picture = made_anew(io.BytesIO(content), name)
    assert picture
    return picture


def refused(content: bytes) -> str:
    with pytest.raises(BadInput) as caught:
        made_anew(io.BytesIO(content), "x.png")
    return caught.value.message


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_comes_out_as_it_was_and_with_a_preview(kind: str) -> None:
    picture = made(files.picture(kind, (1200, 600)))

    assert (picture.width, picture.height, picture.content_type) == (1200, 600, f"image/{kind.lower()}")
    assert Image.open(io.BytesIO(picture.content)).format == kind
    preview = Image.open(io.BytesIO(picture.preview))
    assert (preview.format, preview.size) == ("WEBP", (960, 480))
    assert preview.convert("RGB").getpixel((10, 10)) == pytest.approx((0, 128, 128), abs=6)


def test_w5_what_a_camera_wrote_is_gone_and_the_picture_stands_upright() -> None:
    original = files.photo_with_a_place()
    assert b"SecretCamera" in original and b"made at home" in original

    picture = made(original)

    assert (picture.width, picture.height) == (20, 40)
    for content in (picture.content, picture.preview):
        assert b"SecretCamera" not in content and b"made at home" not in content and b"Exif" not in content
        assert not Image.open(io.BytesIO(content)).getexif()


def test_see_through_pictures_stay_so() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 128, 128, 0)).save(out, "PNG")
    assert Image.open(io.BytesIO(made(out.getvalue()).content)).getpixel((1, 1)) == (0, 128, 128, 0)


def test_a_moving_picture_goes_on_moving() -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=70)

    again = Image.open(io.BytesIO(made(out.getvalue()).content))

    assert (getattr(again, "n_frames", 1), again.info["duration"]) == (3, 70)


def test_w4_a_picture_that_is_also_a_script_comes_out_as_a_picture_alone() -> None:
    pages = (files.picture("PNG") + files.HTML, files.picture("JPEG") + files.HTML)
    for hostile in (files.gif_and_script(), files.gif(2, after=files.SCRIPT), *pages):
        picture = made(hostile)
        assert b"script" not in picture.content + picture.preview
        assert picture.content_type in ("image/gif", "image/png", "image/jpeg")


def test_w4_what_only_begins_like_a_picture_is_none() -> None:
    for content in (b"\x89PNG\r\n\x1a\n" + files.HTML, b"GIF89a" + files.SVG, files.picture("JPEG")[:200], b"\xff\xd8\xff" + b"\0" * 99,
                    b"RIFF\x00\x00\x00\x00WEBP" + files.HTML, files.png_that_says(0, 0), files.png_that_says(50, 50)):  # fmt: skip
        assert looks_like_one(content[:16])
        assert made_anew(io.BytesIO(content), "x.png") is None


def test_w4_other_formats_are_no_pictures_to_us() -> None:
    for content in (files.SVG, files.PDF, files.picture("TIFF"), files.picture("BMP"), files.picture("PPM"), b"", b"GI"):
        assert not looks_like_one(content[:16])


def test_c36_i10_a_picture_that_was_damaged_anyhow_is_a_picture_a_file_or_a_refusal() -> None:
    dice = random.Random(36)
    for kind in ("PNG", "JPEG", "GIF", "WEBP"):
        whole = files.picture(kind, (64, 48))
        for _ in range(6):
            broken = bytearray(whole[: dice.randrange(20, len(whole) + 1)])
            for _ in range(dice.randrange(1, 8)):
                broken[dice.randrange(4, len(broken))] = dice.randrange(256)
            with contextlib.suppress(BadInput):
                picture = made_anew(io.BytesIO(bytes(broken)), "x")
                assert picture is None or Image.open(io.BytesIO(picture.content)).size == (picture.width, picture.height)


@contextlib.contextmanager
def quickly() -> Iterator[None]:
    """The darkroom works for no more than a second. Its own time is counted: a machine that is busy with other things is no fault of it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0


BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "30,000 by 30,000": (files.huge_png, "25 million pixels"),
    "a header that lies": (lambda: files.png_that_says(2**31 - 1, 2**31 - 1), "25 million pixels"),
    "25 million in a row": (lambda: files.png_that_says(24_000_000, 1), "20,000 is the most"),
    "10,000 frames": (lambda: files.gif(10_000), "200 frames"),
    "half a million frames": (lambda: files.gif(500_000), "200 frames"),
    "large frames": (lambda: files.gif(100, 4000, 4000), "too much for a moving picture"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_w5_a_picture_that_would_unpack_into_too_much_is_refused_within_a_second(name: str) -> None:
    make, words = BOMBS[name]
    bomb = make()
    assert len(bomb) < 9_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with quickly():
        assert words in refused(bomb)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def test_w5_text_in_a_picture_does_not_unpack_without_end() -> None:
    with quickly():
        assert made_anew(io.BytesIO(files.png_with_words(200_000_000)), "x.png") is None


def test_w5_the_words_say_what_to_do() -> None:
    said = refused(files.huge_png(6000, 6000))
    assert said == (
        "The picture “x.png” has more than 25 million pixels, which is the most a picture may have. "
        "Make it smaller, or send it inside a zip file."
    )


PROBE = """
import json, os, resource, runpy, sys
darkroom = runpy.run_path(sys.argv[1])
for limit, most in darkroom["LIMITS"].items():
    resource.setrlimit(limit, (most, most))
met = {}
def attempt(name, act):
    try:
        act()
        met[name] = "done"
    except BaseException as error:
        met[name] = type(error).__name__
attempt("memory", lambda: bytearray(2 * 1024**3))
attempt("files", lambda: [open("/dev/null") for _ in range(100)])
sys.stdout.write(json.dumps(met))
"""


def test_w5_the_darkroom_has_little_memory_and_few_files() -> None:
    done = subprocess.run([sys.executable, "-I", "-c", PROBE, str(DARKROOM)], capture_output=True, check=True, env={})
    assert json.loads(done.stdout) == {"memory": "MemoryError", "files": "OSError"}


def test_w5_a_darkroom_that_is_killed_or_hangs_is_an_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """I10: nothing else breaks with it."""
    for program in ("import os; os.kill(os.getpid(), 9)", "import time; time.sleep(60)", "import sys; sys.exit(3)"):
        script = tmp_path / "darkroom.py"
        script.write_text(program)
        monkeypatch.setattr(pictures, "DARKROOM", script)
        monkeypatch.setattr(pictures, "SECONDS", 0.5)
        assert "took too long or too much memory to read" in refused(files.picture())


def test_i10_an_error_nobody_thought_of_makes_a_file_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "darkroom.py"
    script.write_text("raise AttributeError")
    monkeypatch.setattr(pictures, "DARKROOM", script)
    assert made_anew(io.BytesIO(files.picture()), "x.png") is None


def test_i7_the_darkroom_knows_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "darkroom.py"
    script.write_text("import json, os; print(json.dumps({'refused': 'saw ' + ','.join(sorted(os.environ))}))")
    monkeypatch.setattr(pictures, "DARKROOM", script)
    said = refused(files.picture())
    assert "DJANGO_SECRET_KEY" not in said and "POSTGRES" not in said


def test_w17_only_two_pictures_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "PATIENCE", 0.01)
    for _ in range(2):
        pictures.AT_ONCE.acquire()
    try:
        with pytest.raises(TooFast):
            made_anew(io.BytesIO(files.picture()), "x.png")
    finally:
        for _ in range(2):
            pictures.AT_ONCE.release()
    assert made_anew(io.BytesIO(files.picture()), "x.png")
