"""How a bot knows that a delivery is ours: HMAC-SHA256 over the time and the exact bytes. No token of ours ever goes out (W8)."""

from __future__ import annotations

import hashlib
import hmac
import time

TIMESTAMP = "X-Parley-Timestamp"
SIGNATURE = "X-Parley-Signature"


def signed(secret: str, body: bytes, now: float | None = None) -> dict[str, str]:
    """The headers that go with this body."""
    timestamp = str(int(time.time() if now is None else now))
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {TIMESTAMP: timestamp, SIGNATURE: f"sha256={digest}"}
