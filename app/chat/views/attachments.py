"""Pictures and files of rooms, for whoever is in the room. What a browser gets can be shown or saved, and can do nothing (W4)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from chat import access
from chat.errors import NotFound
from chat.models.attachment import NO_ATTACHMENT
from chat.views.doors import PersonRequest, for_people

if TYPE_CHECKING:
    from django.db.models.fields.files import FieldFile
    from django.http import HttpRequest

    from chat.models import Attachment

CHUNK = 256 * 1024
# No script, no form, no frame, no plugin, nothing fetched; styles are those that browsers draw a lone picture with.
NOTHING_RUNS = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
UNKNOWN = "application/octet-stream"


@require_safe
@for_people
def download(request: PersonRequest, attachment_id: uuid.UUID, name: str) -> HttpResponseBase:
    """A picture, which we made ourselves, is shown; everything else is saved. The name is for the reader: the id says which it is."""
    return content_of(request, access.attachment_for(request.user, attachment_id))


@require_safe
@for_people
def preview(request: PersonRequest, attachment_id: uuid.UUID) -> HttpResponseBase:
    attachment = access.attachment_for(request.user, attachment_id)
    if not attachment.is_image:
        raise NotFound(NO_ATTACHMENT)
    return _sent(request, attachment, attachment.preview, "image/webp")


def content_of(request: HttpRequest, attachment: Attachment) -> HttpResponseBase:
    kind = attachment.content_type if attachment.is_image else UNKNOWN
    return _sent(request, attachment, attachment.content, kind)


def _sent(request: HttpRequest, attachment: Attachment, file: FieldFile, content_type: str) -> HttpResponseBase:
    tag = f'"{attachment.sha256}-{content_type}"'
    if request.headers.get("If-None-Match") == tag:
        response: HttpResponseBase = HttpResponseNotModified()
    else:
        response = _whole(request, file, content_type)
        response["Content-Length"] = str(file.size)
        response["Content-Disposition"] = content_disposition_header(not attachment.is_image, attachment.name) or "attachment"
    response["Content-Security-Policy"] = NOTHING_RUNS
    response["X-Content-Type-Options"] = "nosniff"
    # Kept by this reader's browser alone, which asks us each time whether it may still show it.
    response["Cache-Control"] = "private, no-cache"
    response["ETag"] = tag
    return response


def _whole(request: HttpRequest, file: FieldFile, content_type: str) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse(content_type=content_type)
    try:
        opened = file.open("rb")
    except FileNotFoundError:
        raise NotFound("This file is not on the server any more.") from None
    if isinstance(request, ASGIRequest):
        return StreamingHttpResponse(_chunks(opened), content_type=content_type)
    with opened:  # a server of the old kind, which waits for the whole of it
        return HttpResponse(opened.read(), content_type=content_type)


async def _chunks(file: FieldFile) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
