"""What accounts tell the rest of the app."""

from django.dispatch import Signal

# Sent with `user` and one of `session_key`, `token_id`; with neither, all access of the user has ended.
# The chat closes the sockets that rest on it.
access_revoked = Signal()
