"""What each key of a bot file means, in a sentence: an editor shows it beside the key. `described` puts it into the JSON Schema."""

from __future__ import annotations

from typing import Any

# "" is the file itself; steps are under their names; "*" holds for every step.
HELP: dict[str, dict[str, str]] = {
    "": {
        "name": "The bot's name and username: small letters, digits and hyphens. People mention it with @name.",
        "persona": "Who the bot is, as people see it.",
        "permissions": "What the bot asks for. The operator must allow it too, in .env.",
        "timezone": "Where the bot lives, for times it tells.",
        "attend": "When the bot listens, to whom, and how much of the conversation it is shown.",
        "budget": "How many tokens the bot may use. What is left is asked before a service is called.",
        "delegates": "The bots it may hand work to, by name.",
        "commands": "What people can write as /name, beside /reset, /stop, /help and /ping.",
        "steps": "What the bot does with a message, one step after the other.",
        "tests": "Cases: what somebody says, and what the answer must be like. They run on every save.",
    },
    "Persona": {
        "title": "The name people see.",
        "about": "One line about what it does.",
        "greeting": "What it says of itself in an empty room.",
        "avatar": "A picture file beside the bot file, such as diary.png.",
    },
    "Permissions": {
        "services": "It may call services, which cost money. The operator lists it in ALLOW_SERVICES.",
        "executors": "It may run generated code. The operator lists it in ALLOW_EXECUTORS.",
    },
    "Attend": {
        "when": "In groups: answer when mentioned, or always. In a direct room it always answers.",
        "context": "How many messages it is shown, 1 to 100.",
        "settle": "How long to wait for more before it answers, such as 2s; at most a minute.",
        "users": "Who may talk to it: usernames, or a whitelist and a blacklist.",
        "roles": "Which groups may talk to it. Groups are made in /admin/.",
        "admins": "Who may stop its runs, beside the operator and its owner.",
    },
    "AccessList": {
        "whitelist": "Only these. Empty means everybody.",
        "blacklist": "Never these; this always wins.",
    },
    "Budget": {
        "tokens_per_day": "Tokens for all together, from midnight to midnight UTC.",
        "tokens_per_person": "Tokens for each person who asks, per day.",
    },
    "Command": {
        "about": "What it does, for the list that people are offered.",
        "say": "What the bot hears instead; {words} is what stands behind the command.",
    },
    "Case": {
        "say": "What a person says: one message, or several of one conversation.",
        "answers": "What that person answers when the bot asks; yes approves.",
        "expect": "What the last answer must be like.",
    },
    "Expect": {
        "contains": "Words that must be in the answer.",
        "lacks": "Words that must not be in it.",
        "equals": "The whole answer.",
        "silent": "true: it must say nothing.",
        "asks": "What it must ask.",
    },
    "*": {
        "approve": "Ask a person before this step: true, or by, say and expires.",
        "when": "Only under this condition over the payload, such as {draft.body: {contains: tooth}}.",
        "timeout": "How long the step may take, such as 30s; ten minutes if not said.",
        "retries": "How often to try again when it fails in a way that may pass, 0 to 5.",
        "queue": "Which queue of workers does it.",
    },
    "Terms": {
        "by": "Who decides: asker, admins, or usernames.",
        "say": "The question on the card.",
        "expires": "How long it waits for an answer, such as 24h. Then the answer is no.",
    },
    "Draft": {"fallback": "What to say when no later step has anything better."},
    "Format": {"each_user_message": "How a message is shown to the model: {content}, {username}, {timestamp} are filled in."},
    "Guide": {
        "before": "What the model is told ahead of the conversation.",
        "after": "What the model is told behind it. {current_time} is filled in.",
    },
    "Chat": {
        "module": "Who answers: EchoBot is local and free, OpenAIChat is a service.",
        "model": "Which model: small, large, or a name. The operator decides what small and large are.",
        "stream": "Show the text while it grows.",
        "temperature": "How freely the model chooses its words, where it has this setting.",
        "top_p": "From how much of what is likely the model chooses, where it has this setting.",
        "max_tokens": "How long the answer may be, in tokens.",
        "stop": "Texts at which the model stops.",
    },
    "Approve": {
        "say": "The question on the card.",
        "show": "What is to be approved: draft, reply, or a key of the payload.",
        "by": "Who decides: asker, admins, or usernames.",
        "expires": "How long it waits, such as 24h. Then the answer is no.",
    },
    "Ask": {
        "question": "What to ask. {key} stands for a value of the payload.",
        "kind": "What kind of answer: choice, text, number or file.",
        "choices": "What to choose from.",
        "into": "The key of the payload that gets the answer.",
        "by": "Who may answer: asker, admins, or usernames.",
        "expires": "How long it waits, such as 24h.",
    },
    "Delegate": {
        "to": "The bot that does the work. It must stand under delegates too.",
        "say": "What it is told. {draft} stands for the draft, {key} for a value of the payload.",
        "into": "The key of the payload that gets its answer.",
    },
    "Reply": {"to": "Somebody to write to in the name of the person who asks. It always asks them first."},
}
_SAME = {"Gpt": "Chat"}


def described(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, with what each key means. A key that has no words here keeps what it has."""
    _describe(schema, HELP[""])
    for name, part in schema["$defs"].items():
        step = name.removesuffix("Settings") if name.endswith("Settings") else ""
        _describe(part, HELP["*"] | HELP.get(_SAME.get(step, step), {}) if step else HELP.get(name, {}))
    return schema


def _describe(part: dict[str, Any], words: dict[str, str]) -> None:
    """Pieces are shared between places in a schema, so each key gets a copy of its own."""
    properties = part.get("properties", {})
    for key, inner in properties.items():
        if key in words:
            properties[key] = inner | {"description": words[key]}
        if key == "approve":
            properties[key]["anyOf"] = [_terms(one) if one.get("type") == "object" else one for one in inner["anyOf"]]


def _terms(terms: dict[str, Any]) -> dict[str, Any]:
    own = terms | {"properties": dict(terms.get("properties", {}))}
    _describe(own, HELP["Terms"])
    return own
