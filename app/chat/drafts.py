"""Text in flight: what somebody is writing in a room just now.

Never in PostgreSQL. Redis holds the text so far, so that a reload or a second tab shows it; the frames go to the sockets that have the
room open. At most once: a frame that is lost, late or double never changes what is shown into something that was not written. The stored
message replaces the draft in the end, even if every frame was lost.

A draft belongs to a run (whoever writes names it); `attempt` fences: frames of an older attempt are dropped.
Offsets count characters (Unicode code points).
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import redis
from prometheus_client import Counter

from chat import broadcasts
from chat.away import Away
from chat.publisher import address_of, packed, redis_client

log = logging.getLogger(__name__)
frames_total = Counter("parley_draft_frames_total", "Frames of text in flight.")
lost = Counter("parley_draft_frames_lost_total", "Frames of text in flight that found Redis away.")
away = Away()

LIFE = 3600
LONGEST = 100_000

# Takes one frame. KEYS: meta, text, the room's set of runs. ARGV: run, attempt, offset, length of text, text, author, step, activity,
# life, longest, address, the packed frame, position. Answers "" (taken or not needed), or "resend" when text before this frame is missing.
TAKE = """
local attempt, offset, length = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local known = tonumber(redis.call('HGET', KEYS[1], 'attempt') or '-1')
if attempt < known then return '' end
if attempt == known and redis.call('HGET', KEYS[1], 'ended') then return '' end
if attempt > known then redis.call('DEL', KEYS[1], KEYS[2]) end
local chars = tonumber(redis.call('HGET', KEYS[1], 'chars') or '0')
if length > 0 then
  if offset == 0 then
    redis.call('SET', KEYS[2], ARGV[5])
    chars = length
  elseif offset == chars then
    if chars + length > tonumber(ARGV[10]) then return '' end
    redis.call('APPEND', KEYS[2], ARGV[5])
    chars = chars + length
  elseif offset + length <= chars then
    return ''
  else
    return 'resend'
  end
end
redis.call('HSET', KEYS[1], 'attempt', attempt, 'chars', chars, 'author', ARGV[6], 'step', ARGV[7], 'activity', ARGV[8],
  'position', ARGV[13])
redis.call('SADD', KEYS[3], ARGV[1])
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[9]) end
redis.call('PUBLISH', ARGV[11], ARGV[12])
return ''
"""

# What was being written stands in the room as a message now; the run goes on. KEYS as above. ARGV: attempt.
SAID = """
if tonumber(redis.call('HGET', KEYS[1], 'attempt') or '-1') ~= tonumber(ARGV[1]) then return '' end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'chars', 0)
return ''
"""

# The run has ended. What it leaves behind fences frames that come late. KEYS as above. ARGV: run, life, attempt.
END = """
local known = tonumber(redis.call('HGET', KEYS[1], 'attempt') or '0')
redis.call('DEL', KEYS[2])
redis.call('SREM', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[1], 'chars', 'author', 'step', 'activity', 'position')
redis.call('HSET', KEYS[1], 'attempt', math.max(known, tonumber(ARGV[3])), 'ended', 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return ''
"""


@dataclass(frozen=True)
class Frame:
    """A piece of text at its place. Empty text only says what is being done (`step`, `activity`).

    `position`: of the message in whose place the text will stand; None: it will come at the end of the room.
    """

    run: str
    attempt: int
    author: dict[str, Any]
    offset: int
    text: str
    step: str = ""
    activity: str = ""
    position: int | None = None


@dataclass(frozen=True)
class Draft:
    """The whole text so far."""

    run: str
    attempt: int
    author: dict[str, Any]
    text: str
    step: str
    activity: str
    position: int | None = None

    def as_frame(self, room_id: uuid.UUID | str) -> dict[str, Any]:
        return {"type": "draft", "room": str(room_id), **asdict(self), "offset": 0}


def put(room_id: uuid.UUID | str, frames: Iterable[Frame]) -> list[str]:
    """Take frames of one room and tell those who have it open. Returns the runs whose whole text must be sent again."""
    return put_all((room_id, frame) for frame in frames)


def put_all(placed: Iterable[tuple[uuid.UUID | str, Frame]]) -> list[str]:
    """The same for frames of many rooms, all in one round trip."""
    placed = list(placed)
    frames_total.inc(len(placed))
    try:
        with _client().pipeline(transaction=False) as pipeline:
            for room_id, frame in placed:
                _take(pipeline, room_id, frame)
            answers = pipeline.execute()
    except (redis.RedisError, OSError) as error:
        lost.inc(len(placed))
        log.warning("%d frames of drafts were lost, Redis is away: %s", len(placed), error)
        return []
    return list(dict.fromkeys(frame.run for (_, frame), answer in zip(placed, answers, strict=True) if answer == b"resend"))


def of(room_id: uuid.UUID | str) -> list[Draft]:
    """What is being written in the room now. Nothing when Redis is away: drafts are a comfort."""
    client = _client()
    try:
        found: set[bytes] = client.smembers(_room_key(room_id))  # type: ignore[assignment]  # nothing is decoded here
        runs = sorted(run.decode() for run in found)
        with client.pipeline(transaction=False) as pipeline:
            for run in runs:
                pipeline.hgetall(_keys(room_id, run)[0]).get(_keys(room_id, run)[1])
            answers = pipeline.execute()
    except (redis.RedisError, OSError) as error:
        away.begin()
        log.warning("The drafts of a room cannot be read, Redis is away: %s", error)
        return []
    return [draft for run, meta, text in zip(runs, answers[::2], answers[1::2], strict=True) if (draft := _draft(run, meta, text))]


def glance(room_id: uuid.UUID | str) -> list[Draft]:
    """The same for a page, which does not wait for a Redis that was found away a moment ago."""
    return [] if away else of(room_id)


def said(room_id: uuid.UUID | str, run_id: uuid.UUID | str, attempt: int) -> None:
    """The text so far has become a message: whoever looks now shall not see it twice. Call it on commit."""
    try:
        _client().eval(SAID, 3, *_keys(room_id, str(run_id)), attempt)
    except (redis.RedisError, OSError) as error:
        log.warning("A draft that was said cannot be cleared, Redis is away: %s", error)


def end(room_id: uuid.UUID | str, run_id: uuid.UUID | str, attempt: int = 0) -> None:
    """This attempt of the run is over. Call it on commit, after what it said: those who look see the message come, then the draft go."""
    meta, text, room = _keys(room_id, str(run_id))
    try:
        _client().eval(END, 3, meta, text, room, str(run_id), LIFE, attempt)
    except (redis.RedisError, OSError) as error:
        log.warning("A draft cannot be ended, Redis is away: %s", error)
    broadcasts.to_viewers(room_id, {"type": "draft.end", "room": str(room_id), "run": str(run_id)})


def _take(pipeline: Any, room_id: uuid.UUID | str, frame: Frame) -> None:
    hint = broadcasts.as_hint({"type": "draft", "room": str(room_id), **asdict(frame)})
    pipeline.eval(
        TAKE, 3, *_keys(room_id, frame.run), frame.run, frame.attempt, frame.offset, len(frame.text), frame.text, json.dumps(frame.author),
        frame.step, frame.activity, LIFE, LONGEST, address_of(broadcasts.drafts_group(room_id)), packed(hint), frame.position or "",
    )  # fmt: skip


def _draft(run: str, meta: dict[bytes, bytes], text: bytes | None) -> Draft | None:
    if b"author" not in meta:  # it ended, or expired, between the two looks
        return None
    position = meta.get(b"position")  # a draft from before an update has none
    return Draft(
        run=run, attempt=int(meta[b"attempt"]), author=json.loads(meta[b"author"]), text=(text or b"").decode(),
        step=meta[b"step"].decode(), activity=meta[b"activity"].decode(), position=int(position) if position else None,
    )  # fmt: skip


def _keys(room_id: uuid.UUID | str, run: str) -> tuple[str, str, str]:
    return f"parley:draft:{run}", f"parley:draft:{run}:text", _room_key(room_id)


def _room_key(room_id: uuid.UUID | str) -> str:
    return f"parley:drafts:{room_id}"


@cache
def _client() -> redis.Redis:
    return redis_client()
