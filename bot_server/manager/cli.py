"""`./go bots …`: writing, checking, trying and testing bots from a terminal. Nothing here needs a running server."""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from errors import SettingsError
from manager.library import Bot, Library
from pipeline.bot_file import NAME
from pipeline.loader import Loader
from pipeline.rehearsal import Rehearsal, missed
from pipeline.schema import schema
from pipeline.worker import secrets_of, trust_of
from settings import Settings, settings

NEW = """\
# {name}. The language of bot files: docs/bots.md. Look for mistakes: ./go bots check
name: {name}
persona:
  title: {title}
  about: Says back what you say
  greeting: "Hello, I'm {title}."
steps:
  - Chat
  - Reply
tests:
  - say: hello
    expect: {{contains: hello}}
"""
BYE = {"/quit", "/exit", "/bye"}


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 when all is well, 1 when something is wrong with a bot, 2 when the command is."""
    given = _parser().parse_args(arguments)
    warnings.simplefilter("ignore")  # a model's old name warns; `check` must stay readable
    try:
        command: Callable[[argparse.Namespace, Settings], int] = given.run
        return command(given, settings())
    except SettingsError as error:
        return _complain(error.explanation)


def new(given: argparse.Namespace, held: Settings) -> int:
    """Write a bot file to begin with."""
    name = str(given.name)
    if not NAME.fullmatch(name):
        return _complain("A bot's name is 2 to 41 small letters, digits and hyphens, and starts with a letter, like my-bot.")
    path = held.bot_config / f"{name.replace('-', '_')}.yaml"
    taken = next((bot for bot in _library(held).all() if bot.name == name), None)
    if taken or path.exists():
        return _complain(f"There is a bot {name} already: {(taken.path if taken else path).name}.")
    path.write_text(NEW.format(name=name, title=name.replace("-", " ").capitalize()))
    _say(f"Wrote {path}. Try it with: ./go bots chat {name}")
    return 0


def check(given: argparse.Namespace, held: Settings) -> int:
    """Say what is wrong with the bot files, all of it at once."""
    bots = _chosen(_library(held), given.files)
    if isinstance(bots, str):
        return _complain(bots)
    if given.json:
        _say(json.dumps([_as_json(bot) for bot in bots], indent=2, ensure_ascii=False))
    else:
        for bot in bots:
            _say(_report(bot))
    return 1 if any(bot.problems for bot in bots) else 0


def chat(given: argparse.Namespace, held: Settings) -> int:
    """Talk to a bot here, with its text as it comes."""
    library = _library(held)
    bot = _one(library, given.name)
    if isinstance(bot, str):
        return _complain(bot)
    assert bot.live is not None  # noqa: S101 (_one has checked)
    screen = Terminal()
    talk = Rehearsal(bot.live, library.loader, screen, secrets_of(held))
    _say(bot.live.bot.persona.greeting or f"You are talking to {bot.name}. Ctrl-D ends it.")
    while (said := _heard()) is not None:
        if said.strip():
            outcome = talk.say(said)
            screen.finish(talk.replies)
            if outcome.outcome == "failed":
                _say(f"[failed: {outcome.explanation}]")
            elif outcome.outcome == "silent":
                _say("[it says nothing]")
    return 0


def test(given: argparse.Namespace, held: Settings) -> int:
    """Run the tests that bot files bring along."""
    library = _library(held)
    bots = _chosen(library, given.files)
    if isinstance(bots, str):
        return _complain(bots)
    failed = sum(_tested(bot, library.loader, held) for bot in bots)
    return 1 if failed else 0


def show_schema(given: argparse.Namespace, held: Settings) -> int:
    """Print the JSON Schema of the language."""
    _say(json.dumps(schema(), indent=2))
    return 0


class Terminal:
    """Shows text as it grows. What was shown cannot be taken back: a text that begins anew begins on a new line."""

    def __init__(self) -> None:
        self._shown = ""

    def show(self, text: str, step: str, activity: str) -> None:
        """The text so far."""
        if self._shown and not text.startswith(self._shown):
            sys.stdout.write("\n")
            self._shown = ""
        sys.stdout.write(text[len(self._shown) :])
        sys.stdout.flush()
        self._shown = text or self._shown

    def finish(self, replies: list[str]) -> None:
        """The replies, unless the last one has been shown as it grew."""
        if self._shown:
            sys.stdout.write("\n")
        for reply in replies:
            if reply.strip() != self._shown.strip():
                _say(reply)
        self._shown = ""


def _tested(bot: Bot, loader: Loader, held: Settings) -> int:
    """How many tests of a bot fail. A bot that cannot run here is said to be so, and does not count."""
    if bot.problems or bot.live is None:
        _say(_report(bot))
        return 1
    if bot.live.status == "off":
        _say(f"{bot.name}: not tested, since it is off. {bot.live.reason}")
        return 0
    cases, failed = bot.live.bot.tests, 0
    for number, case in enumerate(cases, 1):
        for wrong in missed(case, Rehearsal(bot.live, loader, secrets=secrets_of(held))):
            _say(f"{bot.name}: test {number} ({case.say[-1][:60]}): {wrong}")
            failed += 1
    _say(f"{bot.name}: {len(cases)} test{'' if len(cases) == 1 else 's'}, {failed or 'none'} failed" if cases else f"{bot.name}: no tests")
    return failed


def _library(held: Settings) -> Library:
    library = Library(Loader(held.bot_config, trust_of(held)), quiet=True)
    library.load_all()
    return library


def _chosen(library: Library, wanted: list[str]) -> list[Bot] | str:
    """The bots of these files or names; all without any. Text when there is no such bot."""
    found = []
    for one in wanted:
        bot = next(
            (bot for bot in library.all() if one in (bot.name, bot.path.name, bot.path.stem) or Path(one).resolve() == bot.path), None
        )
        if bot is None:
            return f"There is no bot {one} in {library.folder}. There are: {', '.join(bot.name for bot in library.all()) or 'none'}."
        found.append(bot)
    return found or library.all()


def _one(library: Library, name: str) -> Bot | str:
    bots = _chosen(library, [name])
    if isinstance(bots, str):
        return bots
    bot = bots[0]
    if bot.live is None or bot.problems:
        return _report(bot)
    return f"{bot.name} is off. {bot.live.reason}" if bot.live.status == "off" else bot


def _report(bot: Bot) -> str:
    if bot.problems or bot.live is None:
        return "\n".join(map(str, bot.problems))
    is_off = bot.live.status == "off"
    said = f"{bot.name} is well made, and off here. {bot.live.reason}" if is_off else f"{bot.name} is ready"
    return "\n".join(f"{bot.path.name}: {line}" for line in (said, *(f"note: {note}" for note in bot.live.notes)))


def _as_json(bot: Bot) -> dict[str, object]:
    live = bot.live
    status = "broken" if bot.problems else live.status if live else "broken"
    problems = [problem.as_json() for problem in bot.problems]
    notes = live.notes if live and not bot.problems else []
    told = {"file": bot.path.name, "name": bot.name, "status": status, "reason": live.reason if live else ""}
    return told | {"problems": problems, "notes": notes}


def _heard() -> str | None:
    try:
        said = input("> ")
    except (EOFError, KeyboardInterrupt):
        _say("")
        return None
    return None if said.strip() in BYE else said


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _complain(text: str) -> int:
    sys.stderr.write(f"{text}\n")
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./go bots", description="Write, check, try and test bots.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, run, about, argument in (
        ("new", new, "write a bot file to begin with", "name"),
        ("check", check, "look for mistakes in bot files", "files"),
        ("chat", chat, "talk to a bot here", "name"),
        ("test", test, "run the tests in bot files", "files"),
        ("schema", show_schema, "print the JSON Schema of bot files", ""),
    ):
        command = commands.add_parser(name, help=about, description=about.capitalize())
        command.set_defaults(run=run)
        if argument:
            command.add_argument(argument, nargs="*" if argument == "files" else None, help="a bot's name or file")
        if name == "check":
            command.add_argument("--json", action="store_true", help="for programs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
