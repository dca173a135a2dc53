"""W6: whatever a file is called, its name can be shown and saved, and names no place."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.file_names import LONGEST, clean, content_type_of, with_ending


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("holiday.jpg", "holiday.jpg"),
        ("../../etc/passwd", "passwd"),
        ("/etc/cron.d/x", "x"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        ("   ", "file"),
        (".htaccess", "htaccess"),
        ("a\x00b.png", "ab.png"),
        ("a\r\nSet-Cookie: x=1.txt", "a Set-Cookie_ x=1.txt"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("zero\u200bwidth.txt", "zerowidth.txt"),
        ("CON", "_CON"),
        ("con.txt", "_con.txt"),
        ("LPT1.png", "_LPT1.png"),
        ("console.log", "console.log"),
        ('a"b<c>d|e?f*.txt', "a_b_c_d_e_f_.txt"),
        ("trailing. . .", "trailing"),
        ("👩‍👩‍👧 family.png", "👩‍👩‍👧 family.png"),
        ("\u200d\ufe0f", "file"),
        ("日本語.pdf", "日本語.pdf"),
        ("half \ud83d.txt", "half .txt"),
        ("x" * 300 + ".jpeg", "x" * (LONGEST - 5) + ".jpeg"),
        ("y" * 300, "y" * LONGEST),
        ("z." + "e" * 300, "z." + "e" * (LONGEST - 2)),
    ],
)
def test_w6_a_hostile_name_becomes_a_plain_one(given_name: str, shown: str) -> None:
    assert clean(given_name) == shown


@given(st.text(max_size=400))
def test_w6_every_name_becomes_a_safe_one_and_stays_it(name: str) -> None:
    shown = clean(name)
    assert 0 < len(shown) <= LONGEST
    assert not set(shown) & set('/\\<>:"|?*\r\n\x00')
    assert shown not in (".", "..") and not shown.startswith(".")
    assert not any(unicodedata.bidirectional(each) in {"RLO", "LRO", "RLE", "LRE", "RLI", "LRI", "FSI", "PDI", "PDF"} for each in shown)
    assert clean(shown) == shown


def test_a_picture_is_called_what_it_is() -> None:
    assert with_ending("photo.JPG", ".jpg") == "photo.JPG"
    assert with_ending("photo.jpeg", ".jpg") == "photo.jpeg"
    assert with_ending("holiday.exe", ".png") == "holiday.png"
    assert with_ending("holiday", ".png") == "holiday.png"
    assert with_ending("a.b.html", ".gif") == "a.b.gif"


def test_the_type_of_a_file_is_what_its_name_says() -> None:
    assert content_type_of("a.pdf") == "application/pdf"
    assert content_type_of("a.nobody-knows") == content_type_of("a") == "application/octet-stream"
