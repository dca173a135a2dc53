"""What the chat tells the rest of the app. Chat does not know who listens (bots do)."""

from django.dispatch import Signal

# Sent inside the transaction that stores the message: what a listener writes is stored with it, or not at all.
message_posted = Signal()  # message, mentions: list[User]
# Its author says it in other words: whoever answers it as it was can stop. Sent before the new words are.
message_resubmitted = Signal()  # message
message_retracted = Signal()  # message; its words are gone already
member_left = Signal()  # room, user
