"""The bot process: takes a delivery and puts it into the queue."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import FastAPI

from bench.bare.jobs import answer

app = FastAPI()


@app.post("/deliveries", status_code=202)
async def deliver(delivery: dict[str, Any]) -> dict[str, bool]:
    await asyncio.to_thread(answer.apply_async, (delivery["room"], delivery["body"]))
    return {"accepted": True}
