"""The task Chat."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dosaku.task import Task
from dosaku.usage import Usage

Turn = Mapping[str, Any]  # {"role": "system" | "user" | "assistant", "content": str}


class Answer(str):
    """A response, or the part of it that is there so far. A str that knows where it came from.

    finish: "" while it is not complete; then "stop", or why it ended early: "length", "content_filter", …
    usage: what a service used; set on the complete response of a service, else None.
    """

    finish: str
    usage: Usage | None

    def __new__(cls, text: str, finish: str = "", usage: Usage | None = None) -> Answer:
        """Make an answer of its text."""
        answer = super().__new__(cls, text)
        answer.finish = finish
        answer.usage = usage
        return answer


class Chat(Task):
    """Interface for a generic conversational chatbot."""

    @abstractmethod
    def message(
        self,
        message: str | Sequence[Turn],
        *,
        stream: bool | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Answer | Iterator[Answer]:
        """Send a message to the agent and get a response.

        Args:
            message: The message to the agent; or the whole conversation that ends with it, oldest first: dicts with a
                role ("system", "user" or "assistant") and content. The module itself remembers nothing.
            stream: Whether to get partial responses. By default what the module was set to, which is no.
            cancelled: Asked several times a second while the call lasts; once it says yes, the call stops within a
                second and raises dosaku.errors.Cancelled.

        Returns:
            The response, a str. With stream, an iterator of partial responses, each the whole text so far; the last
            one is complete. A text that does not continue the one before it starts the response anew.

        Example::

            from dosaku import Agent

            agent = Agent()
            agent.learn('Chat')
            response = agent.Chat.message("Hello, what's your name?")  # "Hi, I'm EchoBot."
        """


def turns_of(message: str | Sequence[Turn]) -> list[dict[str, Any]]:
    """The conversation that `message` stands for."""
    if isinstance(message, str):
        return [{"role": "user", "content": message}]
    return [dict(turn) for turn in message]


def last_said(turns: Sequence[Turn]) -> str:
    """What the user said last; empty when they said nothing yet."""
    return next((str(turn.get("content", "")) for turn in reversed(turns) if turn.get("role") == "user"), "")
