"""Files: put into a room before a message carries them, read by whoever is in the room, and by the bots that were asked about them."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import quote

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from ninja import File, Query, Router, Schema
from ninja.files import UploadedFile
from ninja.responses import Status

from api.auth import ApiRequest, for_bots, for_chat
from bots import access as bots_access
from bots.reading import attachment_of
from chat import access
from chat.showing import attachment_json
from chat.throttle import posts
from chat.uploading import upload
from chat.views.attachments import content_of

router = Router(tags=["attachments"])


class Attachment(Schema):
    id: str
    name: str
    kind: Literal["image", "file"]
    content_type: str
    size: int
    width: int | None
    height: int | None
    url: str
    preview: str | None


@router.post("/rooms/{room_id}/attachments", auth=for_chat, response={201: Attachment}, summary="Put a file into a room")
def add(request: ApiRequest, room_id: str, file: File[UploadedFile]) -> Any:
    """One file, as `multipart/form-data`. Nobody else sees it until a message of yours carries it; after a day without one it is gone."""
    return Status(201, attachment_json(upload(request.auth.user, room_id, file)))


@router.get("/attachments/{attachment_id}", auth=for_chat, response=Attachment, summary="What a file is")
def about(request: ApiRequest, attachment_id: str) -> Any:
    return attachment_json(access.attachment_for(request.auth.user, attachment_id))


@router.get("/attachments/{attachment_id}/content", auth=for_chat, response={200: None}, summary="The file itself")
def content(request: ApiRequest, attachment_id: str) -> HttpResponseBase:
    return content_of(request, access.attachment_for(request.auth.user, attachment_id))


@router.delete("/attachments/{attachment_id}", auth=for_chat, response={204: None}, summary="Take out a file that is not sent")
def remove(request: ApiRequest, attachment_id: str) -> Any:
    posts.admit(request.auth.user)
    access.attachment_for(request.auth.user, attachment_id).take_out()
    return HttpResponse(status=204)


@router.get("/runs/{run_id}/attachments/{attachment_id}", auth=for_bots, response={200: None}, summary="A file, for the bot of a run")
def read(request: ApiRequest, run_id: str, attachment_id: str, attempt: Annotated[int, Query(ge=1, le=2**31 - 1)]) -> HttpResponseBase:
    """Of a message in the run's room, by somebody the bot may talk to. Names the attempt that has the run."""
    found = attachment_of(bots_access.own_run(request.auth.user, run_id), attempt, attachment_id)
    response = content_of(request, found)
    response["X-Attachment-Name"] = quote(found.name)
    response["X-Attachment-Type"] = found.content_type
    return response
