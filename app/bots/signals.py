"""What the bots' side tells itself."""

from django.dispatch import Signal

# Sent with (run), inside the transaction that ends it, with the room held.
run_ended = Signal()
