"""OpenAIChat: the task Chat by any server that speaks OpenAI's chat.completions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dosaku import background
from dosaku.errors import Cancelled, KeyMissing, ServiceError
from dosaku.module import Service
from dosaku.services.openai_chat.models import resolve
from dosaku.services.openai_chat.policy import Retries, Timeouts
from dosaku.tasks.chat import Answer, Chat, Turn, turns_of
from dosaku.usage import Usage

if TYPE_CHECKING:
    from dosaku.services.openai_chat.conversation import Said

__all__ = ["OpenAIChat", "Retries", "Timeouts"]

OPENAI = "https://api.openai.com/v1"


class OpenAIChat(Service, Chat):
    """Chat by OpenAI's models, or by any server that speaks chat.completions (Ollama, vLLM, llama.cpp, …).

    The whole conversation is sent each time; nothing is kept at the server. The answer is always read as a stream, so
    that its deadlines are on text and a call can be stopped at any moment. Failures are dosaku.errors.ServiceError;
    their codes are listed in failures.py.

        agent = Agent(enable_services=True, provide={'OpenAIChat': {'api_key': key}})
        agent.learn('Chat', module='OpenAIChat', model='large', stream=True)
        for partial in agent.Chat('Hello'):
            print(partial)
    """

    operator_settings = frozenset({"api_key", "base_url", "aliases", "timeouts", "retries"})

    def __init__(
        self,
        model: str = "small",
        stream: bool = False,
        *,
        temperature: float | None = None,
        top_p: float | None = None,
        max_tokens: int | None = None,
        stop: Sequence[str] | None = None,
        api_key: str = "",
        base_url: str = OPENAI,
        aliases: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Set up a conversation partner. Sends nothing.

        Args:
            model: a model of the server, or an alias: small, large, or a model that no longer exists.
            stream: whether `message` gives partial responses unless told otherwise.
            temperature, top_p, max_tokens, stop: sent only when set; dropped once when the model refuses sampling settings.
            api_key, base_url: who pays, and where. Any address but OpenAI's may do without a key.
            aliases: more names of models, over the built-in ones.
            timeouts, retries: see policy.py.
        """
        self.model = resolve(model, aliases or {})
        self._streams = stream
        self._options = {"temperature": temperature, "top_p": top_p, "max_tokens": max_tokens, "stop": stop}
        self._api_key = api_key
        self._base_url = base_url
        self._timeouts = timeouts or Timeouts()
        self._retries = retries or Retries()

    def __repr__(self) -> str:
        return f"OpenAIChat(model={self.model!r})"

    def check(self) -> None:
        """Raise KeyMissing when OpenAI would be asked without a key."""
        if not self._api_key and urlsplit(self._base_url).hostname == urlsplit(OPENAI).hostname:
            raise KeyMissing("Your OpenAI API key is not set. Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that needs none.")

    def message(
        self,
        message: str | Sequence[Turn],
        *,
        stream: bool | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Answer | Iterator[Answer]:
        """See Chat.message. An answer that ended early says so in its `finish`; `usage` is estimated when the server counts none."""
        streams = self._streams if stream is None else stream
        turns = turns_of(message)
        return self.stream(turns, cancelled=cancelled) if streams else self.chat(turns, cancelled=cancelled)

    def chat(self, messages: Sequence[Turn], *, cancelled: Callable[[], bool] | None = None) -> Answer:
        """The complete answer to a conversation."""
        *_, answer = self.stream(messages, cancelled=cancelled)
        return answer

    def stream(self, messages: Sequence[Turn], *, cancelled: Callable[[], bool] | None = None) -> Iterator[Answer]:
        """The answer to a conversation as it grows: each the whole text so far, empty when it begins anew, the last one complete.

        An answer that was broken off has been paid for too: the error says in `usage` about how much.
        """
        self.check()
        text = ""
        conversation = self._conversation(messages)
        try:
            for batch in background.batches(conversation.hold, background.throttled(cancelled)):
                text, ending = _joined(text, batch)
                if ending:
                    usage = self._usage(messages, text, ending.tokens, ending.retries)
                    yield Answer(text, ending.finish, usage)
                else:
                    yield Answer(text)
        except (Cancelled, ServiceError) as error:
            if conversation.began:
                error.usage = self._usage(messages, text, None, conversation.sent - 1)
            raise

    def _conversation(self, messages: Sequence[Turn]) -> Any:
        # Imported here, since the SDK takes a second to import and a bot without services never needs it.
        from dosaku.services.openai_chat.conversation import Conversation

        request: dict[str, Any] = {"model": self.model, "messages": [dict(turn) for turn in messages]}
        request |= {name: value for name, value in self._options.items() if value is not None}
        request["stream_options"] = {"include_usage": True}
        return Conversation(self._base_url, self._api_key, request, self._timeouts, self._retries)

    def _usage(self, messages: Sequence[Turn], text: str, tokens: tuple[int, int] | None, retries: int) -> Usage:
        asked = "".join(str(turn.get("content", "")) for turn in messages)
        tokens_in, tokens_out = tokens or (_estimated(asked), _estimated(text))
        return Usage("OpenAIChat", self.model, tokens_in, tokens_out, estimated=tokens is None, retries=retries)


def _joined(text: str, batch: Sequence[Said]) -> tuple[str, Any]:
    """The text after what was said, and the Ending if that was said too."""
    ending = None
    for said in batch:
        if isinstance(said, str):
            text += said
        elif hasattr(said, "finish"):
            ending = said
        else:
            text = ""
    return text, ending


def _estimated(text: str) -> int:
    """About how many tokens a text is: a token is some four bytes of it."""
    return -(-len(text.encode("utf-8", "replace")) // 4)
