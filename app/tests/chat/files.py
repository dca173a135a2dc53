"""Files that tests upload: honest ones, and hostile ones made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

SCRIPT = b"<script>document.title = 'owned'</script>"
HTML = b"<!doctype html><html><body>" + SCRIPT + b"</body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'owned\'"><script>document.title = "owned"</script></svg>'
XML = b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>' + SCRIPT + b"</body></html>"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
UTF7 = b"+ADw-script+AD4-document.title='owned'+ADw-/script+AD4-"
# What runs wherever it is taken for a page or a script, by the name it came with.
HOSTILE = {"page.html": HTML, "drawing.svg": SVG, "page.xml": XML, "page.xhtml": XML, "form.pdf": PDF, "photo.png": HTML, "words.txt": UTF7}


def named(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def picture(kind: str = "PNG", size: tuple[int, int] = (32, 24), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **options)
    return out.getvalue()


def photo_with_a_place() -> bytes:
    """A JPEG lying on its side, with the device and a GPS place in its EXIF, and a comment."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SecretCamera"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "teal").save(out, "JPEG", exif=exif, comment=b"made at home")
    return out.getvalue()


def huge_png(width: int = 30_000, height: int = 30_000) -> bytes:
    """A whole, valid PNG of under a megabyte that asks for width times height bytes."""
    packer, row = zlib.compressobj(9), b"\0" * (width + 1)
    pixels = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunks((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")))


def png_that_says(width: int, height: int) -> bytes:
    """A PNG whose header lies about its size, with no pixels to speak of."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunks((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")))


def png_with_words(size: int) -> bytes:
    """A small PNG with a compressed text chunk that unpacks to `size` bytes."""
    whole = picture()
    text = b"Comment\0\0" + zlib.compress(b"x" * size, 9)
    return whole[:33] + b"".join(_chunks((b"zTXt", text))) + whole[33:]


def gif(frames: int, width: int = 1, height: int = 1, after: bytes = b"") -> bytes:
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, width, height) + b"\0" + b"\x02\x02\x44\x01\0"
    return head + frame * frames + b";" + after


def gif_and_script() -> bytes:
    """A GIF that a browser would also run as JavaScript: its first bytes open a comment that its last ones close."""
    head = b"GIF89a" + struct.pack("<HH", 0x2A2F, 1) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"  # the width is the bytes "/*"
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0" + b"\x02\x02\x44\x01\0"
    return head + frame + b";" + b"*/=1;document.title='owned'//" + SCRIPT


def _chunks(*parts: tuple[bytes, bytes]) -> Iterator[bytes]:
    for kind, data in parts:
        yield struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
