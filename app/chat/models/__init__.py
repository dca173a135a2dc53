from chat.models.event import RoomEvent
from chat.models.membership import Membership
from chat.models.message import Message
from chat.models.room import Posted, Room

__all__ = ["Membership", "Message", "Posted", "Room", "RoomEvent"]
