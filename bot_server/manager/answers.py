"""What the manager's routes share: reading a body, and saying no."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse

MAX_BODY = 1024 * 1024


async def body_of(request: Request) -> bytes | None:
    """The raw body; None when it is too big, whatever Content-Length says."""
    length = request.headers.get("Content-Length", "0")
    if not length.isdigit() or int(length) > MAX_BODY:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)


def refusal(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An answer of the contract that says no."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)
