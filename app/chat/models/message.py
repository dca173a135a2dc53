from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from chat.errors import BadInput, NotAllowed, NotFound
from chat.limits import clean_body
from chat.mentions import labels, mentioned_in
from chat.models.event import MESSAGE_DELETED, MESSAGE_EDITED
from chat.signals import message_retracted
from lib.ids import uuid7
from lib.markdown import render

if TYPE_CHECKING:
    from accounts.models import User
    from chat.models.storing import Posted

TEXT = "text"
FAILURE = "failure"
NOTICE = "notice"
CARD = "card"
KINDS = (TEXT, FAILURE, NOTICE, CARD)
NO_MESSAGE = "There is no such message, or you are not in its room."


class Place(NamedTuple):
    """Where a message stands among its alternatives, the oldest first, and which are beside it."""

    number: int = 1
    total: int = 1
    previous: uuid.UUID | None = None
    next: uuid.UUID | None = None


ALONE = Place()


class Message(models.Model):
    """What somebody wrote. `position` is the seq of the event that posted it: it sorts and pages; times are for display.

    Alternatives share a position, and one of them is `chosen`. What was said after an alternative that makes a branch is `within` it.
    `hidden` says what follows from both: that the message does not stand on the path that the room shows and bots read.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="messages")
    body = models.TextField()
    html = models.TextField(editable=False)
    position = models.BigIntegerField(editable=False)
    client_id = models.CharField(max_length=100, null=True, blank=True, editable=False)  # noqa: DJ001 (empty means none, and none is not unique)
    reply_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replies")
    kind = models.CharField(max_length=8, choices=[(kind, kind) for kind in KINDS], default=TEXT)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    metadata: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    within = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="branch")
    chosen = models.BooleanField(default=True, db_default=True)
    hidden = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["room", "position"]
        constraints = [
            models.UniqueConstraint(fields=["author", "client_id"], name="one_message_per_client_id"),
            models.UniqueConstraint(fields=["room", "position"], condition=models.Q(chosen=True), name="one_chosen_per_position"),
        ]
        indexes = [
            models.Index(fields=["room", "position"], name="message_in_room"),
            models.Index(fields=["room", "position"], condition=models.Q(chosen=False), name="message_not_chosen"),
        ]

    def __str__(self) -> str:
        return self.body[:60]

    @cached_property
    def place(self) -> Place:
        return places_of([self])[self.pk]

    def alternatives(self) -> models.QuerySet[Message]:
        """What stands at this position, the oldest first; this message is among it."""
        return Message.objects.filter(room=self.room_id, position=self.position).select_related("author").order_by("created_at", "pk")

    def edit(self, by: User, body: str) -> Message:
        """Only its author may; everybody in the room sees that it was."""
        body = clean_body(body)
        html = render(body, labels(mentioned_in(self.room, body)))
        with transaction.atomic():
            current = self._locked_for(by)
            if current.kind != TEXT:
                raise NotAllowed("This message cannot be edited.")
            if current.body != body:
                current.body, current.html, current.edited_at = body, html, timezone.now()
                current.save(update_fields=["body", "html", "edited_at"])
                current.room.record(MESSAGE_EDITED, message=current)
        return current

    def rewrite(self, by: User, body: str, metadata: dict[str, Any] | None = None) -> Message:
        """Any person in the room may mend what a bot said. `metadata` is added to what is there. Both versions: see the corrections."""
        body = clean_body(body)
        html = render(body, labels(mentioned_in(self.room, body)))
        with transaction.atomic():
            current = self._locked_in_its_room(by)
            if current.kind != TEXT or not current.author.is_bot or by.is_bot:
                raise NotAllowed("Only people can change a reply, and only the reply of a bot.")
            current.body, current.html, current.edited_at = body, html, timezone.now()
            current.metadata = {**current.metadata, **(metadata or {})}
            current.save(update_fields=["body", "html", "edited_at", "metadata"])
            current.room.record(MESSAGE_EDITED, message=current)
        return current

    def resubmit(self, by: User, body: str, client_id: str | None = None) -> Posted:
        """Say it in other words and be answered anew (see `branching`)."""
        return self.room.resubmit(self, by, body, client_id=client_id)

    def retract(self, by: User) -> Message:
        """Its author takes it back: words and files are gone for good, the place in the room stays."""
        with transaction.atomic():
            current = self._locked_for(by)
            current.body, current.html, current.metadata, current.deleted_at = "", "", {}, timezone.now()
            current.save(update_fields=["body", "html", "metadata", "deleted_at"])
            current.attachments.all().delete()
            current.room.record(MESSAGE_DELETED, message=current)
            message_retracted.send(Message, message=current)
        return current

    def _locked_for(self, by: User) -> Message:
        if self.author_id != by.pk:
            raise NotAllowed("Only its author can change a message.")
        return self._locked_in_its_room(by)

    def _locked_in_its_room(self, by: User) -> Message:
        # The room first, then the message: the same order as posting, so that two changes never wait for each other.
        self.room.lock()
        # Asked once more, now that nobody can be removed: they may have been while this waited for the room.
        if not self.room.memberships.filter(user=by).exists():
            raise NotFound(NO_MESSAGE)
        current = Message.objects.select_for_update(of=("self",)).select_related("author", "room").get(pk=self.pk)
        if current.deleted_at:
            raise BadInput("This message has been deleted.")
        return current


def places_of(messages: Sequence[Message]) -> dict[uuid.UUID, Place]:
    """Where each of these stands among its alternatives. Few have any: one query asks who is not chosen, and mostly nobody is."""
    if not messages:
        return {}
    positions = {(message.room_id, message.position) for message in messages}
    some = Message.objects.filter(room__in={room for room, _ in positions}, position__in={position for _, position in positions})
    shared = set(some.filter(chosen=False).values_list("room_id", "position")) & positions
    found: dict[tuple[uuid.UUID, int], list[uuid.UUID]] = defaultdict(list)
    if shared:
        for room, position, pk in some.order_by("created_at", "pk").values_list("room_id", "position", "pk"):
            found[room, position].append(pk)
    for message in messages:
        beside = found[message.room_id, message.position] if (message.room_id, message.position) in shared else [message.pk]
        message.place = _place(message.pk, beside)
    return {message.pk: message.place for message in messages}


def _place(pk: uuid.UUID, beside: list[uuid.UUID]) -> Place:
    index = beside.index(pk)
    previous = beside[index - 1] if index else None
    return Place(index + 1, len(beside), previous, beside[index + 1] if index + 1 < len(beside) else None)
