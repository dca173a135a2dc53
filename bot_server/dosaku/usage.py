"""What a service used, counted for the trace."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """Tokens in and out of one call of a service.

    `estimated` says that the service did not report them; `retries` counts the requests beyond the first.
    """

    module: str
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    estimated: bool = False
    retries: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Two calls of one step, added up. The last call's names stay."""
        return Usage(
            other.module,
            other.model,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.estimated or other.estimated,
            self.retries + other.retries,
        )

    def as_dict(self) -> dict[str, Any]:
        """The usage as JSON values."""
        return asdict(self)
