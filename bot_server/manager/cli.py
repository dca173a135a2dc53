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
from manager.replay import replay
from manager.terminal import Asked, Terminal, complain, heard, say
from pipeline.bot_file import NAME
from pipeline.loader import Loader
from pipeline.problem import nearest
from pipeline.rehearsal import Rehearsal, missed
from pipeline.schema import schema
from pipeline.templates import templates
from pipeline.worker import secrets_of, trust_of
from settings import Settings, settings


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 when all is well, 1 when something is wrong with a bot, 2 when the command is."""
    given = _parser().parse_args(arguments)
    warnings.simplefilter("ignore")  # a model's old name warns; `check` must stay readable
    try:
        command: Callable[[argparse.Namespace, Settings], int] = given.run
        held = settings()
        if command is not show_schema and not held.bot_config.is_dir():
            return complain(f"There is no folder {held.bot_config}. BOT_CONFIG in .env names the folder with the bot files.")
        return command(given, held)
    except SettingsError as error:
        return complain(error.explanation)


def new(given: argparse.Namespace, held: Settings) -> int:
    """Write a bot file to begin with."""
    name = str(given.name)
    if not NAME.fullmatch(name):
        return complain("A bot's name is 2 to 41 small letters, digits and hyphens, and starts with a letter, like my-bot.")
    known = {one.name: one for one in templates()}
    template = known.get(given.template)
    if template is None:
        hint = nearest(given.template, known)
        return complain(
            f"There is no template {given.template}. There are: {', '.join(known)}." + (f' Did you mean "{hint}"?' if hint else "")
        )
    path = held.bot_config / f"{name.replace('-', '_')}.yaml"
    taken = next((bot for bot in _library(held).all() if bot.name == name), None)
    if taken or path.exists():
        return complain(f"There is a bot {name} already: {(taken.path if taken else path).name}.")
    path.write_text(template.filled(name))
    say(f"Wrote {path}. Try it with: ./go bots chat {name}")
    return 0


def check(given: argparse.Namespace, held: Settings) -> int:
    """Say what is wrong with the bot files, all of it at once."""
    bots = _chosen(_library(held), given.files)
    if isinstance(bots, str):
        return complain(bots)
    if given.json:
        say(json.dumps([_as_json(bot) for bot in bots], indent=2, ensure_ascii=False))
    else:
        for bot in bots:
            say(_report(bot))
    return 1 if any(bot.problems for bot in bots) else 0


def chat(given: argparse.Namespace, held: Settings) -> int:
    """Talk to a bot here, with its text as it comes."""
    library = _library(held)
    bot = _one(library, given.name)
    if isinstance(bot, str):
        return complain(bot)
    assert bot.live is not None  # noqa: S101 (_one has checked)
    screen = Terminal()
    talk = Rehearsal(bot.live, library.loader, screen, secrets_of(held))
    talk.people = Asked(screen, talk.files)
    say(bot.live.bot.persona.greeting or f"You are talking to {bot.name}. Ctrl-D ends it.")
    while (said := heard()) is not None:
        if said.strip():
            screen.finish(talk, talk.say(said))
    return 0


def test(given: argparse.Namespace, held: Settings) -> int:
    """Run the tests that bot files bring along."""
    library = _library(held)
    bots = _chosen(library, given.files)
    if isinstance(bots, str):
        return complain(bots)
    failed = sum(_tested(bot, library.loader, held) for bot in bots)
    return 1 if failed else 0


def show_schema(given: argparse.Namespace, held: Settings) -> int:
    """Print the JSON Schema of the language."""
    say(json.dumps(schema(), indent=2))
    return 0


def _tested(bot: Bot, loader: Loader, held: Settings) -> int:
    """How many tests of a bot fail. A bot that cannot run here is said to be so, and does not count."""
    if bot.problems or bot.live is None:
        say(_report(bot))
        return 1
    if bot.live.status == "off":
        say(f"{bot.name}: not tested, since it is off. {bot.live.reason}")
        return 0
    cases, failed = bot.live.bot.tests, 0
    for number, case in enumerate(cases, 1):
        for wrong in missed(case, Rehearsal(bot.live, loader, secrets=secrets_of(held))):
            say(f"{bot.name}: test {number} ({case.say[-1][:60]}): {wrong}")
            failed += 1
    say(f"{bot.name}: {len(cases)} test{'' if len(cases) == 1 else 's'}, {failed or 'none'} failed" if cases else f"{bot.name}: no tests")
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./go bots", description="Write, check, try and test bots.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, run, about, argument in (
        ("new", new, "write a bot file to begin with", "name"),
        ("check", check, "look for mistakes in bot files", "files"),
        ("chat", chat, "talk to a bot here", "name"),
        ("test", test, "run the tests in bot files", "files"),
        ("replay", replay, "do a run again, here", "run_or_file"),
        ("schema", show_schema, "print the JSON Schema of bot files", ""),
    ):
        command = commands.add_parser(name, help=about, description=about.capitalize())
        command.set_defaults(run=run)
        if argument:
            meant = "an exported run's file, or a run's id" if argument == "run_or_file" else "a bot's name or file"
            command.add_argument(argument, nargs="*" if argument == "files" else None, help=meant)
        if name == "check":
            command.add_argument("--json", action="store_true", help="for programs")
        if name == "new":
            command.add_argument("--from", dest="template", default="echo", metavar="TEMPLATE", help="what to begin with")
        if name == "replay":
            command.add_argument("--step", type=int, metavar="N", help="begin with this step, with the payload it had")
            command.add_argument("--debug", action="store_true", help="show what each step got, did and logged")
            command.add_argument("--sync", action="store_true", help="keep no checkpoints: does without Redis")
    return parser


if __name__ == "__main__":
    sys.exit(main())
