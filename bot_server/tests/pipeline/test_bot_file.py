"""The language of bot files."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.bot_file import parse
from pipeline.problem import BrokenBotFile
from steps.asking import seconds

FULL = """\
name: diary
persona: {title: Diary, about: A journal, greeting: "Hi!", avatar: diary.png}
permissions: {services: true}
timezone: Australia/Melbourne
attend: {when: always, context: 8, settle: 2s, users: {blacklist: [cyd]}, roles: [family], admins: [ada]}
budget: {tokens_per_day: 1000}
steps:
  - Draft
  - Chat: {model: large, timeout: 1m, retries: 2, when: {draft.body: {contains: tooth}}}
  - class: Reply
    config: {}
tests:
  - say: I lost my tooth
    expect: {contains: tooth}
  - say: [hello, bye]
    expect: {equals: bye, lacks: [never]}
"""


def test_it_reads_every_part_of_the_language() -> None:
    parsed = parse(FULL, "diary.yaml")
    bot = parsed.bot
    assert parsed.problems == []
    assert bot is not None
    assert (bot.name, bot.persona.title, bot.timezone, bot.permissions.services) == ("diary", "Diary", "Australia/Melbourne", True)
    assert (bot.attend.when, bot.attend.context, bot.attend.settle) == ("always", 8, 2.0)
    assert (bot.attend.users.blacklist, bot.attend.roles.whitelist, bot.attend.admins) == (["cyd"], ["family"], ["ada"])
    assert bot.budget.tokens_per_day == 1000
    assert [(case.say, case.expect.contains, case.expect.equals) for case in bot.tests] == [
        (["I lost my tooth"], ["tooth"], None),
        (["hello", "bye"], [], "bye"),
    ]


def test_it_keeps_the_engines_keys_apart_from_the_steps_settings() -> None:
    chat = parse(FULL, "diary.yaml").specs[1]
    assert (chat.name, chat.settings, chat.keys.timeout, chat.keys.retries) == ("Chat", {"model": "large"}, 60.0, 2)
    assert chat.when is not None
    assert chat.when.holds({"draft": {"body": "My Tooth is gone"}})
    assert not chat.when.holds({"draft": {"body": "nothing"}})


@pytest.mark.parametrize(
    "form",
    ["- Format: {each_user_message: x}", "- class: Format\n    config: {each_user_message: x}", "- Format:\n      each_user_message: x"],
)
def test_the_forms_of_a_step_mean_the_same(form: str) -> None:
    spec = parse(f"name: echo\nsteps:\n  {form}\n", "echo.yaml").specs[0]
    assert (spec.name, spec.settings) == ("Format", {"each_user_message": "x"})


@pytest.mark.parametrize(
    "form", ["- Draft", "- Draft:", "- {Draft: null}", "- class: Draft", "- class: Draft\n    config:", "- class: Draft\n    config: {}"]
)
def test_a_step_without_settings_has_every_form_too(form: str) -> None:
    parsed = parse(f"name: echo\nsteps:\n  {form}\n", "echo.yaml")
    assert [(spec.name, spec.settings) for spec in parsed.specs] == [("Draft", {})]
    assert parsed.problems == []


SMALL = "name: echo\nsteps: [Draft]\n"


@pytest.mark.parametrize(
    ("text", "line", "key", "says", "nearest"),
    [
        ("nam: echo\nsteps: [Draft]\n", 1, "name", "missing", ""),
        ("nam: echo\nsteps: [Draft]\n", 1, "nam", "no such key", "name"),
        ("name: Echo Bot\nsteps: [Draft]\n", 1, "name", "small letters", ""),
        ("name: 7\nsteps: [Draft]\n", 1, "name", "must be text, and is a number (7)", ""),
        ("name: ../x\nsteps: [Draft]\n", 1, "name", "small letters", ""),
        ("name: echo\n", 1, "steps", "missing", ""),
        ("name: echo\nsteps: []\n", 2, "steps", "at least one entry", ""),
        ("name: echo\nsteps: Draft\n", 2, "steps", "must be a list", ""),
        ("name: echo\nsteps:\n  - Draft\n  - ../os\n", 4, "steps.2", "capital letter", ""),
        ("name: echo\nsteps:\n  - os.system\n", 3, "steps.1", "capital letter", ""),
        ("name: echo\nsteps:\n  - 7\n", 3, "steps.1", "a step is a name", ""),
        ("name: echo\nsteps:\n  - {Draft: 1, Reply: 2}\n", 3, "steps.1", "a step is a name", ""),
        ("name: echo\nsteps:\n  - class: Draft\n    confg: {}\n", 3, "steps.1.confg", "no such key", "config"),
        ("name: echo\nsteps:\n  - Draft: text\n", 3, "steps.1.Draft", "settings are a map", ""),
        ("name: echo\nsteps:\n  - Draft:\n      timeout: soon\n", 4, "steps.1.Draft.timeout", "a time such as", ""),
        ("name: echo\nsteps:\n  - Draft:\n      timeout: 0\n", 4, "steps.1.Draft.timeout", "more than 0", ""),
        ("name: echo\nsteps:\n  - Draft:\n      retries: 9\n", 4, "steps.1.Draft.retries", "5 or less", ""),
        ("name: echo\nsteps:\n  - Draft:\n      queue: gpu\n", 4, "steps.1.Draft.queue", "one queue", ""),
        ("name: echo\nsteps:\n  - Draft:\n      approve: 3\n", 4, "steps.1.Draft.approve", "this must be a map", ""),
        ("name: echo\nsteps:\n  - Draft:\n      approve: {buy: asker}\n", 4, "steps.1.Draft.approve.buy", "there is no such key", "by"),
        ("name: echo\nsteps:\n  - Draft:\n      approve: {by: [Bea]}\n", 4, "steps.1.Draft.approve.by", "a list of usernames", ""),
        ("name: echo\nsteps:\n  - Draft:\n      approve: {by: []}\n", 4, "steps.1.Draft.approve.by", "a list of usernames", ""),
        ("name: echo\nsteps:\n  - Draft:\n      approve: {expires: 1s}\n", 4, "steps.1.Draft.approve.expires", "60 or more", ""),
        ("name: echo\nsteps: [Draft]\ndelegates: ['@bea']\n", 3, "delegates.1", "a username written out", ""),
        ("name: echo\nsteps: [Draft]\ncommands: {Joke: {}}\n", 3, "commands", "no name for a command", ""),
        ("name: echo\nsteps: [Draft]\ncommands: {reset: {}}\n", 3, "commands", "has the command /reset already", ""),
        ("name: echo\nsteps: [Draft]\ncommands:\n  joke: {abuot: x}\n", 4, "commands.joke.abuot", "there is no such key", "about"),
        ("name: echo\nsteps: [Draft]\nbudget: {tokens_per_persn: 3}\n", 3, "budget.tokens_per_persn", "no such key", "tokens_per_person"),
        (
            "name: echo\nsteps:\n  - Draft:\n      when: {draft.body: {contain: x}}\n",
            4,
            "steps.1.Draft.when",
            'Did you mean "contains"?',
            "",
        ),
        (SMALL + "persona:\n  titel: x\n", 4, "persona.titel", "no such key", "title"),
        (SMALL + "persona: Bob\n", 3, "persona", "must be a map", ""),
        (SMALL + "persona: {avatar: ../../x.png}\n", 3, "persona.avatar", "name of a picture file", ""),
        (SMALL + "attend: {when: mention}\n", 3, "attend.when", "one of mentioned, always", "mentioned"),
        (SMALL + "attend: {context: 0}\n", 3, "attend.context", "1 or more", ""),
        (SMALL + "attend: {settle: 2 hours}\n", 3, "attend.settle", "a time such as", ""),
        (SMALL + "timezone: Australia/Melborne\n", 3, "timezone", 'Did you mean "Australia/Melbourne"?', ""),
        (SMALL + "permissions: {services: maybe}\n", 3, "permissions.services", "true or false", ""),
        (SMALL + "permissions: {sevices: true}\n", 3, "permissions.sevices", "no such key", "services"),
        (SMALL + "budget: {tokens_per_day: -1}\n", 3, "budget.tokens_per_day", "0 or more", ""),
        (SMALL + "tests:\n  - say: hi\n", 4, "tests.1.expect", "missing", ""),
        (SMALL + "tests:\n  - say: hi\n    expect: {contain: x}\n", 5, "tests.1.expect.contain", "no such key", "contains"),
        ("- name\n", 1, "", "is a map with the keys", ""),
    ],
)
def test_it_says_what_is_wrong_and_where(text: str, line: int, key: str, says: str, nearest: str) -> None:
    found = [problem for problem in _problems(text) if problem.key == key]
    assert [(problem.file, problem.line, problem.nearest) for problem in found] == [("echo.yaml", line, nearest)]
    assert says in found[0].message


def test_it_says_everything_that_is_wrong_at_once() -> None:
    text = "name: Echo\npersona: {titel: x}\nattend: {when: never}\nsteps:\n  - draft\n  - Draft: {retries: x}\n"
    assert [problem.key for problem in _problems(text)] == ["name", "persona.titel", "attend.when", "steps.1", "steps.2.Draft.retries"]


def test_a_problem_reads_as_one_line() -> None:
    problem = next(one for one in _problems("name: echo\nsteps: [Draft]\npersna: {}\n") if one.key == "persna")
    assert str(problem) == 'echo.yaml:3: persna: there is no such key. Did you mean "persona"?'
    assert problem.as_json() == {"file": "echo.yaml", "line": 3, "key": "persna", "message": "there is no such key", "nearest": "persona"}


@pytest.mark.parametrize(("given", "wanted"), [("2s", 2), ("500ms", 0.5), ("1.5m", 90), ("1h", 3600), (3, 3), (0.25, 0.25)])
def test_times_are_written_with_their_unit(given: Any, wanted: float) -> None:
    assert seconds(given) == pytest.approx(wanted)


@pytest.mark.parametrize("given", ["", "s", "-1s", "1w", True, None, [], "1e9s", "9" * 50])
def test_what_is_no_time_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="a time such as"):
        seconds(given)


def _problems(text: str) -> list[Any]:
    try:
        return sorted(parse(text, "echo.yaml").problems, key=lambda problem: problem.line)
    except BrokenBotFile as error:
        return error.problems
