from chat.models.attachment import Attachment
from chat.models.event import RoomEvent
from chat.models.membership import Membership
from chat.models.message import Message
from chat.models.room import Room
from chat.models.storing import Posted

__all__ = ["Attachment", "Membership", "Message", "Posted", "Room", "RoomEvent"]
