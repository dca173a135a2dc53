"""Named agents: agents that have learned something before you meet them."""

from dosaku.agents.dosaku import Dosaku

__all__ = ["Dosaku"]
