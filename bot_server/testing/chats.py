"""Chat modules for tests: they say what they are told to and remember what they were asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from dosaku import Catalog, Module, Usage
from dosaku.errors import Cancelled
from dosaku.tasks import Chat
from dosaku.tasks.chat import Answer, Turn, turns_of


class ScriptedChat(Module, Chat):
    """Gives the answers of its script, one a call; an exception in the script is raised instead.

    Each call's conversation is in `asked`. When the script is used up, the call fails: a test should notice.
    """

    def __init__(self, script: Sequence[str | Answer | Exception] = (), stream: bool = False, model: str = "") -> None:
        """`script`: what to say, in order. `model`: any name, for bots that set one."""
        self.script = list(script)
        self.asked: list[list[dict[str, Any]]] = []
        self.model = model
        self._streams = stream

    def message(
        self, message: str | Sequence[Turn], *, stream: bool | None = None, cancelled: Callable[[], bool] | None = None
    ) -> Answer | Iterator[Answer]:
        """See Chat.message. A stream comes in two halves."""
        if cancelled and cancelled():
            raise Cancelled
        self.asked.append(turns_of(message))
        text = self._next()
        if isinstance(text, Exception):
            raise text
        answer = text if isinstance(text, Answer) else Answer(text, "stop", Usage(type(self).__name__, self.model, 10, 5))
        streams = self._streams if stream is None else stream
        return self._halves(answer) if streams else answer

    def _next(self) -> str | Exception:
        if not self.script:
            raise AssertionError(f"The script has no answer left to {self.asked[-1]}.")
        return self.script.pop(0)

    def _halves(self, answer: Answer) -> Iterator[Answer]:
        if len(answer) > 1:
            yield Answer(answer[: len(answer) // 2])
        yield answer


class FakeChat(ScriptedChat):
    """Always gives the same answer: "Hello." unless told otherwise."""

    def __init__(self, answer: str = "Hello.", stream: bool = False, model: str = "") -> None:
        """`answer`: what to say to everything."""
        super().__init__((), stream, model)
        self.answer = answer

    def _next(self) -> str:
        return self.answer


class FakeService(FakeChat):
    """A FakeChat that asks for the permission of a service, and costs nothing."""

    is_service: ClassVar[bool] = True


def catalog_with(*modules: type[Module]) -> Catalog:
    """The shipped catalog with more modules: `Agent(catalog=catalog_with(FakeChat))`."""
    made = Catalog()
    for module in modules:
        made.register(module)
    return made
