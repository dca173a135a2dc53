"""A program of its own: makes an uploaded picture anew, in a process that can do little else (W4, W5).

A picture comes on standard input. What leaves is made of its pixels alone: no metadata, no trailing bytes, nothing that is a picture and
something else besides. Standard output is one line of JSON, then the picture, then its preview. The line is {"refused": "words"} for one
that asks for too much, and {"broken": true} for what is no picture after all.

It holds no secret and imports nothing of ours. Limits on memory, time, files and processes are set before a byte is read.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import warnings
from typing import Any

from PIL import Image, ImageCms, ImageOps, ImageSequence, WebPImagePlugin  # noqa: F401 (the last one Pillow does not load by itself)

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
MOST_PIXELS = 25_000_000
MOST_FRAMES = 200
# All frames of a moving picture together: each is decoded and encoded.
MOST_PIXELS_MOVING = 40_000_000
MOST_COLOUR_BYTES = 1_000_000
LONGEST_EDGE = 20_000
PREVIEW_EDGE = 960
MEMORY = 1024**3
SECONDS = 12
LARGEST_FILE = 64 * 1024**2
LIMITS = {
    resource.RLIMIT_CPU: SECONDS,
    resource.RLIMIT_FSIZE: LARGEST_FILE,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 32,
    resource.RLIMIT_NPROC: 0,
    **({} if sys.platform == "darwin" else {resource.RLIMIT_AS: MEMORY}),  # macOS knows no limit on memory
}


TOO_MANY = f"has more than {MOST_PIXELS // 10**6} million pixels, which is the most a picture may have"
TOO_HEAVY = "takes more memory than a picture may"


class Refused(Exception):
    """In words for whoever wants to send it."""


def main() -> None:
    for limit, most in LIMITS.items():
        resource.setrlimit(limit, (most, most))
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error")
    out = sys.stdout.buffer
    try:
        said, content, preview = developed(io.BytesIO(sys.stdin.buffer.read()))
    except Refused as error:
        said, content, preview = {"refused": str(error)}, b"", b""
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        said, content, preview = {"refused": TOO_MANY}, b"", b""
    except MemoryError:
        said, content, preview = {"refused": TOO_HEAVY}, b"", b""
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError, IndexError, KeyError, TypeError, ZeroDivisionError, Warning):
        # Whatever Pillow meets in bytes that are made to break it: to us they are a file like any other.
        said, content, preview = {"broken": True}, b"", b""
    out.write(json.dumps(said).encode() + b"\n" + content + preview)
    out.flush()


def developed(file: io.BytesIO) -> tuple[dict[str, Any], bytes, bytes]:
    """What is said of the picture, the picture anew, and a small still one of it."""
    picture = Image.open(file, formats=FORMATS)
    name = str(picture.format)
    check_length(picture)
    if name in ("GIF", "WEBP") and getattr(picture, "is_animated", False):
        content, still = moved(picture, name)
    else:
        still = painted(picture)
        content = encoded(still, name)
    return (
        {"format": name, "width": still.width, "height": still.height, "content": len(content), "preview": len(preview := small(still))},
        content,
        preview,
    )


def check_length(picture: Image.Image) -> None:
    """How many pixels there are, Pillow has checked before decoding one: 25,000,000 × 1 would pass that."""
    if max(picture.size) > LONGEST_EDGE:
        raise Refused(f"is {max(picture.size):,} pixels long; {LONGEST_EDGE:,} is the most")


def painted(picture: Image.Image) -> Image.Image:
    """Its pixels, upright, in the colours that every screen shows; nothing else of it."""
    profile = picture.info.get("icc_profile")
    see_through = picture.has_transparency_data
    picture = ImageOps.exif_transpose(picture)
    picture = in_srgb(picture, profile) if profile and picture.mode in ("RGB", "CMYK") else picture
    painted = picture.convert("RGBA" if see_through else "RGB")
    painted.info = {}
    return painted


def in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    if len(profile) > MOST_COLOUR_BYTES:
        return picture
    try:
        shown = ImageCms.profileToProfile(picture, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):  # a profile that says nothing is left out like the rest
        return picture
    return shown or picture


def encoded(picture: Image.Image, name: str) -> bytes:
    out = io.BytesIO()
    options: dict[str, Any] = {"JPEG": {"quality": 90}, "WEBP": {"quality": 90, "method": 2}, "PNG": {"compress_level": 4}}.get(name, {})
    (picture.convert("RGB") if name == "JPEG" else picture).save(out, name, **options)
    return out.getvalue()


def moved(picture: Image.Image, name: str) -> tuple[bytes, Image.Image]:
    """A moving picture anew, and its first frame. One that moves too much is refused before its frames are decoded."""
    frames = frames_of(picture)
    if frames > MOST_FRAMES:
        raise Refused(f"has more than {MOST_FRAMES} frames, which is the most a moving picture may have")
    if frames * picture.width * picture.height > MOST_PIXELS_MOVING:
        raise Refused(f"has {frames} frames of {picture.width:,} × {picture.height:,} pixels, which is too much for a moving picture")
    shown, lasts = [], []
    for frame in ImageSequence.Iterator(picture):
        lasts.append(int(min(max(frame.info.get("duration") or 100, 20), 60_000)))
        shown.append(frame.convert("RGBA"))
        shown[-1].info = {}
    out = io.BytesIO()
    # 0 is for ever; how often else is not worth a promise.
    shown[0].save(out, name, save_all=True, append_images=shown[1:], duration=lasts, loop=0, disposal=2)
    return out.getvalue(), shown[0]


def frames_of(picture: Image.Image) -> int:
    """How many, as far as it matters. A GIF's frames can only be counted by walking over them: no further than the limit."""
    if picture.format != "GIF":
        return int(getattr(picture, "n_frames", 1))
    walk = getattr(picture, "_seek")  # noqa: B009 (Pillow's own count walks to the end, however far that is)
    count = 0
    try:
        while count <= MOST_FRAMES:
            walk(count, False)
            count += 1
    except EOFError:
        pass
    picture.seek(0)
    return count


def small(picture: Image.Image) -> bytes:
    still = picture.copy()
    still.thumbnail((PREVIEW_EDGE, PREVIEW_EDGE), reducing_gap=2.0)
    out = io.BytesIO()
    still.save(out, "WEBP", quality=80, method=3)
    return out.getvalue()


if __name__ == "__main__":
    main()
