"""The commands of ``./go`` and ``./setup`` in the local mode. ``./go help`` lists them."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

import configuration
import environment
import install
import lifecycle
from configuration import ENV, EXAMPLE, HOME, ROOT
from embedded import EmbeddedError
from stages import StageError, stage
from supervision import Supervisor

HELP = """\
./setup [--docker|--local] [--yes]        .env with generated secrets, everything installed, the operator's account. Safe to run twice
./go [--docker|--local] [--detach]        run everything (after ./setup, if it has not run). Ctrl-C stops it
./go stop                                 end it, and leave nothing behind
./go status                               what runs
./go logs [process]                       follow what the processes say: app, relay, bots, worker, pg, redis
./go test [pytest arguments]              all tests of both programs and the front end, or those the arguments name
./go check                                the whole gate: format, lint, types, import rules, migrations, bot files, shell scripts, tests
./go bots new|check|chat|test|replay ...  write bots from a terminal; check, chat, test need no running server
./go manage ...                           Django's manage.py
./go bench [quick] [name ...]             what it costs, beside the bare stack: rest, overhead, streams, replies, people
./go help                                 this list

The mode is local (everything below .parley/) unless --docker is given; .env keeps the choice."""

NOT_RUNNING = 3  # the exit code of ./go status, as service scripts have it


def main(arguments: list[str]) -> int:
    command, *rest = arguments or ["up"]
    if command.startswith("-"):
        command, rest = "up", arguments
    if command in {"-h", "--help"}:
        command, rest = "help", []
    commands = {"setup": setup, "up": up, "stop": stop, "status": status, "logs": logs, "test": test, "check": check,
                "bots": bots, "manage": manage, "bench": bench, "help": show_help}  # fmt: skip
    if command not in commands:
        print(f"There is no ./go {command}. These there are:\n\n{HELP}", file=sys.stderr)
        return 2
    try:
        return commands[command](rest)
    except (StageError, EmbeddedError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def setup(arguments: list[str]) -> int:
    chosen = _options("./setup", arguments)
    environment.main([] if chosen.yes else ["--ask"])
    lifecycle.enter("local", front_end=True)
    with lifecycle.lock():
        config = lifecycle.load()
        lifecycle.collect_static(config)
        with lifecycle.servers(config):
            lifecycle.migrate(config)
    print(f"\nSet up. ./go starts it at {config.url}\n{lifecycle.login(config)}")
    return 0


def up(arguments: list[str]) -> int:
    chosen = _options("./go", arguments)
    environment.main([] if chosen.yes else ["--ask"])
    lifecycle.enter("local", front_end=True)
    with lifecycle.lock():
        config = lifecycle.load()
        if Supervisor(config).running():
            print(f"Parley is running at {lifecycle.running_url(config)} (./go stop ends it)")
            return 0
        first = not (HOME / "url").exists()
        lifecycle.collect_static(config)
        lifecycle.start(config)
    print(f"\nParley is at {config.url}")
    if first:
        print(lifecycle.login(config))
    print(f"{'./go stop' if chosen.detach else 'Ctrl-C'} stops it; ./go logs shows what it says.", flush=True)
    if not chosen.detach:
        lifecycle.stay(config)
    return 0


def stop(_: list[str]) -> int:
    if not _set_up():
        print("Parley is not running.")
        return 0
    with stage("stop") as note:
        if not Supervisor(configuration.load()).stop():
            note.text = "it was not running"
    return 0


def status(_: list[str]) -> int:
    if not _set_up():
        print("Parley is not set up. ./go does that, and starts it.")
        return NOT_RUNNING
    config = configuration.load()
    supervisor = Supervisor(config)
    if not supervisor.running():
        print("Parley is not running.")
        return NOT_RUNNING
    states = supervisor.states()
    for name, (state, description) in states.items():
        print(f"{name:8} {state.lower():10} {description}")
    url = lifecycle.running_url(config)
    answers = lifecycle.answers(f"{url}/readyz")
    print(f"\n{url} {'answers' if answers else 'does not answer'}")
    return 0 if answers and all(state == "RUNNING" for state, _ in states.values()) else 1


def logs(arguments: list[str]) -> int:
    folder = HOME / "log"
    known = sorted(path.stem for path in folder.glob("*.log"))
    unknown = sorted(set(arguments) - set(known))
    if not known:
        raise StageError("Nothing has run yet, so there are no logs.")
    if unknown:
        raise StageError(f"There is no log of {', '.join(unknown)}. There is: {', '.join(known)}.")
    files = [str(folder / f"{name}.log") for name in arguments or known]
    os.execvp("tail", ["tail", "-n", "200" if len(files) == 1 else "20", "-F", *files])


def test(arguments: list[str]) -> int:
    lifecycle.enter("dev")
    import gate

    return gate.test(arguments)


def check(_: list[str]) -> int:
    lifecycle.enter("dev")
    import gate

    return gate.check()


def bots(arguments: list[str]) -> int:
    environment.write(ENV, EXAMPLE)
    lifecycle.enter("local")
    given = configuration.load().values
    # A person's token is for the command they type, and for no process that runs bots.
    own = {"PYTHONPATH": str(ROOT / "bot_server"), "CHAT_TOKEN": given.get("CHAT_TOKEN", "")}
    values = environment.for_process("bots", given) | own
    return subprocess.call([sys.executable, "-m", "manager.cli", *arguments], env=values)


def manage(arguments: list[str]) -> int:
    environment.write(ENV, EXAMPLE)
    lifecycle.enter("local")
    config = configuration.load()
    with lifecycle.servers(config):
        return subprocess.call([sys.executable, str(ROOT / "app" / "manage.py"), *arguments], env=config.values)


def bench(arguments: list[str]) -> int:
    lifecycle.enter("dev")
    paths = (ROOT, ROOT / "app", ROOT / "deploy" / "local")
    values = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    return subprocess.call([sys.executable, "-m", "bench", *arguments], env=values, cwd=ROOT)


def show_help(_: list[str]) -> int:
    print(HELP)
    return 0


def _options(name: str, arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=name)
    parser.add_argument("--yes", action="store_true", help="ask nothing")
    if name == "./go":
        parser.add_argument("--detach", action="store_true", help="go on in the background")
    return parser.parse_args(arguments)


def _set_up() -> bool:
    """In ``.venv``, without installing anything: to stop something must not need the network."""
    if not install.PYTHON.exists() or not ENV.exists():
        return False
    if os.environ.pop(lifecycle.INSIDE, None) != "as it is":
        lifecycle.reenter("as it is")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
