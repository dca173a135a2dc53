"""Static files, served in front of Django.

A sync middleware would cost every page a pass through it, and every file a thread that feeds a stream. Here a file is found in a table
and sent; a request for anything else costs one comparison of its first characters.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from whitenoise import WhiteNoise
from whitenoise.storage import CompressedManifestStaticFilesStorage

CHUNK = 256 * 1024


class BuiltStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    """Names with a hash where `collectstatic` has run; plain names before, so that pages work while the front end is not built yet."""

    def stored_name(self, name: str) -> str:
        hashed: str | None = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return hashed or name


class Files(WhiteNoise):  # type: ignore[misc]  # whitenoise has no types
    """The table of files: the collected ones, or what the finders see while nothing is collected."""

    def __init__(self) -> None:
        hashed: dict[str, str] = getattr(staticfiles_storage, "hashed_files", {})
        collected = bool(hashed) and not settings.DEBUG
        super().__init__(None, autorefresh=not collected, allow_all_origins=False, immutable_file_test=self.is_hashed)
        self.hashed = {settings.STATIC_URL + name for name in hashed.values()}
        if collected:
            self.add_files(settings.STATIC_ROOT, prefix=settings.STATIC_URL)

    def is_hashed(self, path: str, url: str) -> bool:
        return url in self.hashed

    def candidate_paths_for_url(self, url: str) -> Any:
        found = finders.find(url.removeprefix(settings.STATIC_URL))
        return [found] if found and Path(found).is_file() else []

    def look_up(self, url: str) -> Any:
        return self.find_file(url) if self.autorefresh else self.files.get(url)


class StaticFiles:
    """ASGI: answers GET and HEAD below STATIC_URL, and hands everything else on."""

    def __init__(self, pages: ASGI3Application) -> None:
        self.pages = pages
        self.files = Files()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "http" and scope["path"].startswith(settings.STATIC_URL) and scope["method"] in {"GET", "HEAD"}:
            file = self.files.look_up(scope["path"])
            if file is not None:
                return await self.answer(file, scope, send)
        return await self.pages(scope, receive, send)

    async def answer(self, file: Any, scope: Any, send: Any) -> None:
        asked = {f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1") for name, value in scope["headers"]}
        response = file.get_response(scope["method"], asked)
        headers = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in response.headers]
        headers += [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"same-origin")]
        await send({"type": "http.response.start", "status": int(response.status), "headers": headers})
        if response.file is not None:
            with response.file:
                while chunk := await asyncio.to_thread(response.file.read, CHUNK):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
