from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from chat import broadcasts
from chat.errors import BadInput, ClientIdReused, NotAllowed, NotFound
from chat.limits import MEMBERS_LIMIT, clean_body, clean_client_id, clean_name
from chat.mentions import labels, mentioned_in
from chat.models import branching
from chat.models import event as events
from chat.models.attachment import Attachment, attach
from chat.models.event import RoomEvent
from chat.models.membership import ADMIN, MEMBER, Membership
from chat.models.message import ALONE, TEXT, Message, places_of
from chat.models.storing import HERE, Here, NotStored, Posted, store
from chat.rendering import as_author
from chat.signals import member_left, message_posted
from lib.ids import uuid7
from lib.markdown import render

if TYPE_CHECKING:
    from accounts.models import User

DIRECT = "direct"
GROUP = "group"
SAME_CLIENT_ID = "one_message_per_client_id"
NO_ROOM = "There is no such room, or you are not in it."


class Rooms(models.QuerySet["Room"]):
    def visible_to(self, user: User) -> Rooms:
        """The rooms of this user. The only way to reach one on somebody's behalf."""
        return self.filter(removed_at=None, memberships__user=user)


class RoomFinder(models.Manager["Room"]):
    def get_queryset(self) -> Rooms:
        return Rooms(self.model, using=self._db)

    def visible_to(self, user: User) -> Rooms:
        return self.get_queryset().visible_to(user)

    def direct(self, a: User, b: User) -> tuple[Room, bool]:
        """The one room of these two, made if it is not there yet; and whether it was made."""
        if a.pk == b.pk:
            raise BadInput("You cannot open a room with yourself. Choose somebody else.", members="is you")
        key = f"{min(a.pk, b.pk)}:{max(a.pk, b.pk)}"
        if room := self.filter(direct_key=key).first():
            return room, False
        try:
            with transaction.atomic():
                room = self.create(kind=DIRECT, created_by=a, direct_key=key)
                room.welcome([a, b], {})
                return room, True
        except IntegrityError:  # the other one opened it in the same moment
            return self.get(direct_key=key), False

    def group(self, creator: User, name: str, members: Iterable[User]) -> Room:
        """A new group; its creator is its admin."""
        people = list({user.pk: user for user in (creator, *members)}.values())
        if len(people) > MEMBERS_LIMIT:
            raise BadInput(f"A group has at most {MEMBERS_LIMIT} members.", members="are too many")
        with transaction.atomic():
            room = self.create(kind=GROUP, name=clean_name(name), created_by=creator)
            room.welcome(people, {creator.pk: ADMIN})
        return room


class Room(models.Model):
    """Where people and bots talk: two of them (direct), or a group by invitation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=6, choices=[(DIRECT, "direct"), (GROUP, "group")])
    name = models.CharField(max_length=80, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="created_rooms")
    seq = models.BigIntegerField(default=0, editable=False)
    direct_key = models.CharField(max_length=41, unique=True, null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The alternative whose branch the room is in: what is posted next is `within` it.
    branch = models.ForeignKey("chat.Message", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+")
    members: models.ManyToManyField[User, Membership] = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through=Membership, related_name="rooms"
    )

    objects = RoomFinder()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name or f"{self.kind} room {self.pk}"

    @property
    def is_group(self) -> bool:
        return self.kind == GROUP

    @classmethod
    def direct(cls, a: User, b: User) -> Room:
        return cls.objects.direct(a, b)[0]

    @classmethod
    def group(cls, creator: User, name: str, members: Iterable[User]) -> Room:
        return cls.objects.group(creator, name, members)

    # Messages

    def post(self, author: User, body: str, *, client_id: str | None = None, reply_to: Message | None = None, kind: str = TEXT,
             metadata: dict[str, Any] | None = None, attachments: Sequence[Attachment] = (),
             within: Message | Here | None = HERE) -> Posted:  # fmt: skip
        """Store a message and tell the room. The same client_id again gives the stored message, however often and from wherever.

        It belongs to the branch that the room is in; `within` names another (None: none), which hides it if that is not shown.
        """
        body, client_id = clean_body(body, blank=bool(attachments)), clean_client_id(client_id)
        if reply_to and reply_to.room_id != self.pk:
            raise NotFound("The message you answer is not in this room.")
        mentions = mentioned_in(self, body)
        message = Message(
            room=self, author=author, body=body, html=render(body, labels(mentions)), client_id=client_id, reply_to=reply_to, kind=kind,
            metadata=metadata or {},
        )  # fmt: skip
        try:
            with transaction.atomic():
                store(self, message, within)
                attach(message, attachments)
                self._tell_of(
                    RoomEvent(room=self, seq=self.seq, kind=events.MESSAGE_POSTED, message=message, created_at=message.created_at)
                )
                # Who posts has read all: storing has noted it, and their other tabs hear of it.
                broadcasts.to_user(author.pk, {"type": "read", "room": str(self.pk), "position": self.seq})
                message_posted.send(Message, message=message, mentions=mentions)
            return Posted(message, created=True)
        except NotStored:
            return Posted(self.known(author, client_id, body), created=False)
        except IntegrityError as error:  # the same client_id at the same moment, from another connection; anything else is a fault
            if SAME_CLIENT_ID not in str(error):
                raise
        return Posted(self.known(author, client_id, body), created=False)

    def known(self, author: User, client_id: str | None, body: str) -> Message:
        """The message this client_id stands for already. For another text or room it cannot stand."""
        mine = Message.objects.select_related("author", "room").prefetch_related("attachments").filter(author=author)
        known = mine.filter(client_id=client_id).first()
        if client_id is None or known is None or not Room.objects.visible_to(author).filter(pk=self.pk).exists():
            raise NotFound(NO_ROOM)
        # A message that was edited or deleted since is still the one that was sent; only the first text can tell, and it is gone.
        untouched = known.edited_at is None and known.deleted_at is None
        if known.room_id != self.pk or (untouched and known.body != body):
            raise ClientIdReused
        places_of([known])
        return known

    def page(self, *, before: int | None = None, after: int | None = None, limit: int = 50) -> list[Message]:
        """A page of messages, oldest first: the newest ones, those before a position, or those after one."""
        # Prefetched, not joined: where no message answers another, that asks nothing.
        beside = Message.objects.filter(room=self.pk, position=OuterRef("position"), chosen=False)
        shown = self.messages.filter(hidden=False).annotate(has_others=Exists(beside))
        messages = shown.select_related("author").prefetch_related("reply_to__author", "attachments")
        if before is not None:
            messages = messages.filter(position__lt=before)
        if after is not None:
            messages = messages.filter(position__gt=after)
        if after is not None and before is None:
            found = list(messages.order_by("position")[:limit])
        else:
            found = list(messages.order_by("-position")[:limit])[::-1]
        for message in found:
            message.room, message.place = self, ALONE
        places_of([message for message in found if message.has_others])
        return [*found]

    # Alternatives

    def post_alternative(self, to: Message, author: User, body: str, *, client_id: str | None = None,
                         metadata: dict[str, Any] | None = None, choose: bool = True) -> Posted:  # fmt: skip
        """Another message in the place of one that is there; shown instead of it if it is to be chosen. It asks no bots."""
        return branching.post_alternative(self, to, author, body, client_id=client_id, metadata=metadata, choose=choose)

    def choose(self, message: Message, by: User) -> Message:
        """Show this one of the alternatives, for everybody; with it what was said within it. Any member may."""
        return branching.choose(self, message, by)

    def resubmit(self, message: Message, by: User, body: str, *, client_id: str | None = None) -> Posted:
        """Say one's message in other words, and be answered anew."""
        return branching.resubmit(self, message, by, body, client_id)

    # Members

    def add(self, user: User, by: User) -> bool:
        """Any member may add anybody to a group. Whether they were not in it before."""
        self._must_be_group("Members cannot be added to a direct room. Make a group instead.")
        with transaction.atomic():
            self.lock()
            if self.memberships.filter(user=user).exists():
                return False
            if self.memberships.count() >= MEMBERS_LIMIT:
                raise BadInput(f"A group has at most {MEMBERS_LIMIT} members.", username="is one too many")
            # What was said before is history, not news.
            Membership.objects.create(room=self, user=user, last_read=self.seq)
            self.record(events.MEMBER_JOINED, data={"user": as_author(user), "by": by.username})
            self._tell(user, "joined")
        return True

    def remove(self, user: User, by: User) -> None:
        """Anyone may leave a group; only its admins may remove somebody else."""
        self._must_be_group("Nobody can leave a direct room.")
        with transaction.atomic():
            self.lock()
            if user.pk != by.pk:
                self._must_be_admin(by, "Only an admin of the room can remove others.")
            gone, _ = self.memberships.filter(user=user).delete()
            if not gone:
                raise NotFound("There is no such member in this room.")
            self._keep_an_admin()
            self.record(events.MEMBER_LEFT, data={"user": as_author(user), "by": by.username})
            self._tell(user, "left")
            member_left.send(Room, room=self, user=user)

    def rename(self, by: User, name: str) -> None:
        self._must_be_group("A direct room has no name of its own.")
        name = clean_name(name)
        with transaction.atomic():
            self.lock()
            self._must_be_admin(by, "Only an admin of the room can rename it.")
            self.name = name
            self.save(update_fields=["name"])
            self.record(events.ROOM_RENAMED, data={"name": name, "by": by.username})
            broadcasts.to_room(self.pk, self._change("renamed"))

    def dissolve(self, by: User) -> None:
        """The room ends for everybody. What was written stays in the database."""
        self._must_be_group("A direct room cannot be removed.")
        with transaction.atomic():
            self.lock()
            self._must_be_admin(by, "Only an admin of the room can remove it.")
            self.record(events.ROOM_REMOVED, data={"by": by.username})
            self.removed_at = timezone.now()
            self.save(update_fields=["removed_at"])
            broadcasts.to_room(self.pk, self._change("removed"))

    # Events

    def take_seq(self) -> int:
        """The room's next seq. The row stays locked until the transaction ends: gapless, and in the order of commits."""
        with connection.cursor() as cursor:
            cursor.execute("UPDATE chat_room SET seq = seq + 1 WHERE id = %s AND removed_at IS NULL RETURNING seq", [self.pk])
            row = cursor.fetchone()
        if row is None:
            raise NotFound(NO_ROOM)
        self.seq = row[0]
        return self.seq

    def record(self, kind: str, message: Message | None = None, data: dict[str, Any] | None = None) -> RoomEvent:
        """Something in the room changed: store it with the next seq, and tell the room on commit."""
        with transaction.atomic():
            return self._announce(RoomEvent(room=self, seq=self.take_seq(), kind=kind, message=message, data=data or {}))

    def lock(self) -> None:
        """Hold the room until the transaction ends, and read what it is now."""
        now = Room.objects.select_for_update().filter(pk=self.pk, removed_at=None).values("seq", "name", "branch_id").first()
        if now is None:
            raise NotFound(NO_ROOM)
        self.seq, self.name, self.branch_id = now["seq"], now["name"], now["branch_id"]

    def _announce(self, event: RoomEvent) -> RoomEvent:
        event.save(force_insert=True)
        return self._tell_of(event)

    def _tell_of(self, event: RoomEvent) -> RoomEvent:
        transaction.on_commit(lambda: broadcasts.event(event), robust=True)
        return event

    def welcome(self, people: list[User], roles: dict[int, str]) -> None:
        Membership.objects.bulk_create(Membership(room=self, user=user, role=roles.get(user.pk, MEMBER)) for user in people)
        for user in people:
            self._tell(user, "joined")

    def _tell(self, user: User, change: str) -> None:
        broadcasts.to_user(user.pk, self._change(change))

    def _change(self, change: str) -> dict[str, Any]:
        return {"type": "room", "room": str(self.pk), "change": change, "name": self.name}

    def _must_be_group(self, otherwise: str) -> None:
        if not self.is_group:
            raise NotAllowed(otherwise)

    def _must_be_admin(self, user: User, otherwise: str) -> None:
        if not self.memberships.filter(user=user, role=ADMIN).exists():
            raise NotAllowed(otherwise)

    def _keep_an_admin(self) -> None:
        """When the last admin leaves, the member who has been there longest follows; a person before a bot."""
        left = self.memberships.select_related("user").order_by("user__is_bot", "id")
        if left and not any(membership.is_admin for membership in left):
            self.memberships.filter(pk=left[0].pk).update(role=ADMIN)
