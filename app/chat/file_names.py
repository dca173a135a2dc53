"""Names of files as their uploaders gave them, made fit to be shown, and to be saved on any system (W6).

A name is a label: nothing is ever stored under it.
"""

from __future__ import annotations

import mimetypes
import re
import unicodedata

LONGEST = 120
LONGEST_ENDING = 20
NAMELESS = "file"
# Windows keeps these for devices, with any ending.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
UNSAFE = re.compile(r'[<>:"|?*]')
# Control characters, what turns the direction of text round or has no width, halves of characters, what is not assigned.
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# They join emoji into one, and hide nothing there.
JOINERS = {"\u200d", "\ufe0f"}
CONTENT_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,80}")


def clean(name: str) -> str:
    """The name without folders, and without what hides or turns what it says. Its ending survives when it is cut."""
    name = re.split(r"[/\\]", name)[-1]
    shown = "".join(
        " " if each.isspace() else each
        for each in name
        if each in JOINERS or unicodedata.category(each) not in INVISIBLE or each in "\t\n\r"
    )
    shown = UNSAFE.sub("_", " ".join(shown.split())).strip(" .")
    if not shown.strip("".join(JOINERS)):
        return NAMELESS
    return _cut(f"_{shown}" if DEVICES.match(shown) else shown)


def with_ending(name: str, ending: str) -> str:
    """Called what it is: a PNG that came as holiday.exe is holiday.png."""
    stem, dot, last = name.rpartition(".")
    same = {".jpg": {"jpg", "jpeg"}}.get(ending, {ending.lstrip(".")})
    if dot and last.lower() in same:
        return name
    return _cut(f"{stem if dot and stem else name}{ending}")


def content_type_of(name: str) -> str:
    """What its name says it is. Told to bots; browsers are told nothing of it."""
    guessed = mimetypes.guess_type(name, strict=True)[0] or ""
    return guessed if CONTENT_TYPE.fullmatch(guessed) else "application/octet-stream"


def _cut(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    stem, dot, ending = name.rpartition(".")
    if dot and stem and len(ending) <= LONGEST_ENDING:
        return f"{stem[: LONGEST - len(ending) - 1].rstrip(' .')}.{ending}"
    return name[:LONGEST].rstrip(" .")
