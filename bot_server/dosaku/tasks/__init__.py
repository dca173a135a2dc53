"""The tasks: what a person can want done. They import nothing heavy."""

from dosaku.tasks.chat import Chat

__all__ = ["Chat"]
