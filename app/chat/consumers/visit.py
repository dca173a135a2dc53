"""One client's visit: which rooms it hears, which it has open, and what it asks for."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import redis
from django.db import Error as DatabaseError

from chat import posting
from chat.broadcasts import as_text, drafts_group, room_group, user_group
from chat.consumers import frames, resume
from chat.consumers.door import Visitor
from chat.consumers.settling import Groups, settle
from chat.consumers.work import in_thread
from chat.errors import ChatError
from chat.rendering import as_author, message_json

log = logging.getLogger(__name__)

Frame = dict[str, Any]

# Frames that are for those in a room. The others are for the user: wherever they are, these are theirs.
OF_ROOMS = {"event", "draft", "draft.end"}


class Unavailable(ChatError):
    code = "unavailable"
    status = 503


class Visit:
    """Knows nothing of the protocol below it: gets frames as dictionaries, and gives texts to `say`."""

    def __init__(self, visitor: Visitor, groups: Groups, channel: str, say: Callable[[str], None]) -> None:
        self.visitor = visitor
        self.user = visitor.user
        self.rooms: set[str] = set()
        self.open: dict[str, int] = {}  # the seq up to which the client has been told, by room
        self._groups, self._channel, self._say = groups, channel, say
        self._joined: set[str] = set()
        self._answers: dict[str, Callable[[Frame], Awaitable[Frame | None]]] = {
            "open": self._open,
            "close": self._close,
            "post": self._post,
            "read": self._read,
            "ping": self._ping,
        }

    async def begin(self) -> None:
        """Subscribe first, then read: what happens in between is heard twice rather than not at all."""
        await self._join(user_group(self.user.pk))
        rooms = await in_thread(resume.rooms_of, self.user)
        while missing := rooms.keys() - self.rooms:
            for room_id in missing:
                await self._enter(room_id)
            await settle(self._groups, self._channel)
            rooms = await in_thread(resume.rooms_of, self.user)
        self.say({"type": "hello", "user": as_author(self.user), "rooms": rooms})

    async def end(self) -> None:
        """Leave every group: a group that keeps a channel that is gone would be a leak."""
        for group in list(self._joined):
            try:
                await self._leave(group)
            except (redis.RedisError, OSError) as error:
                log.warning("A socket could not leave its group, Redis is away: %s", error)

    def say(self, frame: Frame) -> None:
        self._say(as_text(frame))

    async def answer(self, text: str | None) -> None:
        """Do what one frame of the client asks, and say what came of it."""
        frame: Frame = {}
        try:
            frame = frames.parse(text)
            said = self._answers.get(frame["type"], self._unknown)
            if (reply := await said(frame)) is not None:
                self.say(reply)
        except ChatError as problem:
            self.say(frames.error(problem, frame))
        except DatabaseError:
            log.exception("A frame of %s could not be answered", self.user.username)
            self.say(frames.error(Unavailable("The database does not answer just now. Send it again in a moment."), frame))

    async def hear(self, hint: Frame) -> None:
        """A hint from the channel layer: pass its text on, unless the client has it already, and follow what it means for us."""
        room_id = hint.get("room", "")
        if hint["frame"] in OF_ROOMS and room_id not in self.rooms:  # it was on its way when the user was removed
            return
        if hint["frame"] == "event" and hint["seq"] <= self.open.get(room_id, 0):
            return
        if hint.get("change") == "joined":
            await self._enter_late(room_id, hint["text"])
            return
        self._say(hint["text"])
        if hint.get("change") in ("left", "removed"):
            await self._exit(room_id)

    async def correct(self, rooms: set[str]) -> None:
        """Hear exactly these rooms, in case a hint was lost. Each difference is asked about once more: it may be newer than `rooms`."""
        for room_id in rooms ^ self.rooms:
            is_member = await in_thread(resume.is_visible, self.user, room_id)
            if is_member and room_id not in self.rooms:
                await self._enter_late(room_id, as_text({"type": "room", "room": room_id, "change": "joined", "name": ""}))
            elif not is_member and room_id in self.rooms:
                self.say({"type": "room", "room": room_id, "change": "left", "name": ""})
                await self._exit(room_id)

    def tell_seqs(self, seqs: dict[str, int]) -> None:
        """The seqs of the rooms the client has open: it fetches what it lacks. Said without any too: it is what a client answers when
        its own timers are held up, as browsers do in tabs that nobody looks at."""
        self.say({"type": "seq", "rooms": {room_id: seqs[room_id] for room_id in self.open if room_id in seqs}})

    # What clients ask for

    async def _open(self, frame: Frame) -> Frame:
        """Subscribe, read, then flush: hints that come meanwhile wait in the channel, and those the client has by then are dropped."""
        room_id, after = frames.word(frame, "room"), frames.optional_number(frame, "after")
        room_id = str(await in_thread(resume.visible, self.user, room_id))
        await self._enter(room_id)
        # A room that was open already is heard, and can be read again even while Redis is away.
        if await self._join(drafts_group(room_id)):
            await settle(self._groups, self._channel)
        opened = await in_thread(resume.opened, self.user, room_id, after)
        self.open[room_id] = opened["seq"]
        return opened

    async def _close(self, frame: Frame) -> None:
        room_id = frames.word(frame, "room")
        self.open.pop(room_id, None)
        await self._leave(drafts_group(room_id))

    async def _post(self, frame: Frame) -> Frame:
        posted = await in_thread(
            posting.post,
            self.user,
            frames.word(frame, "room"),
            frames.word(frame, "body"),
            frames.word(frame, "client_id"),
            frames.optional_word(frame, "reply_to"),
        )
        return {"type": "ack", "client_id": frame["client_id"], "message": message_json(posted.message, self.user)}

    async def _read(self, frame: Frame) -> None:
        # No answer: the user's other tabs and this one hear of it in the same way.
        await in_thread(resume.read, self.user, frames.word(frame, "room"), frames.number(frame, "position"))

    async def _ping(self, frame: Frame) -> Frame:
        return {"type": "pong"}

    async def _unknown(self, frame: Frame) -> None:
        raise frames.Malformed(f"There is no frame of that type. There are: {', '.join(self._answers)}.")

    # Groups

    async def _enter(self, room_id: str) -> None:
        await self._join(room_group(room_id))
        self.rooms.add(room_id)

    async def _enter_late(self, room_id: str, joined: str) -> None:
        """Enter a room that was not there at the beginning, and only then tell of it: whoever reads the room now misses nothing."""
        await self._enter(room_id)
        await settle(self._groups, self._channel)
        self._say(joined)
        self.say({"type": "seq", "rooms": await in_thread(resume.seqs_of, [room_id])})

    async def _exit(self, room_id: str) -> None:
        self.rooms.discard(room_id)
        self.open.pop(room_id, None)
        await self._leave(room_group(room_id))
        await self._leave(drafts_group(room_id))

    async def _join(self, group: str) -> bool:
        """Whether it is new."""
        is_new = group not in self._joined
        self._joined.add(group)
        await self._groups.group_add(group, self._channel)
        return is_new

    async def _leave(self, group: str) -> None:
        self._joined.discard(group)
        await self._groups.group_discard(group, self._channel)
