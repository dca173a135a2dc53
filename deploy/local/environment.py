"""The file ``.env``: written once with generated secrets, read by every command, and shared out to the processes.

``.env`` is the source. A variable of the shell overrides it, and the commands say which ones did.
"""

from __future__ import annotations

import getpass
import os
import re
import secrets
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

LINE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$")

# What a command of the shell needs to work at all. Everything else of the caller's shell stays outside.
BASE = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "CI",
        "SSL_CERT_FILE", "SSL_CERT_DIR")  # fmt: skip

# Secrets stay with the program that needs them: a bot server that is broken into knows nothing of the database.
HIDDEN_FROM_BOT_SERVER = re.compile(
    r"POSTGRES_|EMAIL_|DEFAULT_FROM_EMAIL|SIGNUP|MEDIA_ROOT|CHAT_TOKEN|DJANGO_(?!SUPERUSER_TOKEN|LOG_LEVEL)"
)
HIDDEN_FROM_APP = re.compile(r"OPENAI_|CHAT_TOKEN|DJANGO_SUPERUSER_(PASSWORD|TOKEN)")
APP_PROCESSES = {"app", "relay"}


def _word(length: int) -> str:
    alphabet = "abcdefghijkmnpqrstuvwxyz23456789"  # nothing that is taken for something else when typed
    return "".join(secrets.choice(alphabet) for _ in range(length))


GENERATED = {
    "DJANGO_SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "DJANGO_SUPERUSER_PASSWORD": lambda: "-".join(_word(5) for _ in range(4)),
    "DJANGO_SUPERUSER_TOKEN": lambda: f"parley_{secrets.token_hex(4)}_{secrets.token_hex(24)}",
    "POSTGRES_PASSWORD": lambda: secrets.token_hex(24),
    "REDIS_PASSWORD": lambda: secrets.token_hex(24),
    "BOT_KEY": lambda: secrets.token_hex(32),
}


def parse(text: str) -> dict[str, str]:
    """``KEY=value`` lines. Quotes around a value are taken off; nothing in it is interpreted."""
    values = {}
    for line in text.splitlines():
        if found := LINE.match(line.strip()):
            value = found[2].strip()
            if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
                value = value[1:-1]
            values[found[1]] = value
    return values


def read(path: Path) -> dict[str, str]:
    return parse(path.read_text()) if path.exists() else {}


def write(path: Path, example: Path, chosen: Mapping[str, str] = {}) -> list[str]:
    """Make ``.env`` from its example, or add to it what the example has and it lacks. Returns the names it added.

    What stands there already is kept to the letter, also comments and order. The file is 0600 before a secret is in it.
    """
    before = path.read_text() if path.exists() else ""
    known = parse(before)
    added: list[str] = []
    blocks: list[str] = []
    for comment, name, value in _entries(example.read_text()):
        if name in known:
            continue
        fresh = chosen.get(name) or value or (GENERATED[name]() if name in GENERATED else "")
        blocks.append(f"{comment}{name}={fresh}\n")
        added.append(name)
    if added:
        parts = [before.rstrip("\n") + "\n\n# Added by ./setup\n"] if before.strip() else []
        _replace(path, "".join([*parts, *blocks]))
    elif path.exists():
        path.chmod(0o600)
    return added


def change(path: Path, name: str, value: str) -> None:
    """Give one name another value, in its place."""
    lines = path.read_text().splitlines()
    kept = [f"{name}={value}" if line.startswith(f"{name}=") else line for line in lines]
    if kept == lines and f"{name}={value}" not in lines:
        kept.append(f"{name}={value}")
    _replace(path, "\n".join(kept) + "\n")


def resolve(file: Mapping[str, str], shell: Mapping[str, str], names: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """The environment of the product, and the names for which the caller's shell overrode ``.env``."""
    overridden = sorted(name for name in {*names, *file} if name in shell and shell[name] != file.get(name))
    values = {name: shell[name] for name in BASE if name in shell}
    values |= file
    values |= {name: shell[name] for name in overridden}
    return values, overridden


def for_process(name: str, values: Mapping[str, str]) -> dict[str, str]:
    """What one process gets to see of it."""
    hidden = HIDDEN_FROM_APP if name in APP_PROCESSES else HIDDEN_FROM_BOT_SERVER
    return {key: value for key, value in values.items() if not hidden.match(key)}


def _entries(text: str) -> Iterable[tuple[str, str, str]]:
    """(comment and blank lines above, name, value) of every entry of the example."""
    above = ""
    for line in text.splitlines(keepends=True):
        if found := LINE.match(line.strip()):
            yield above, found[1], found[2].strip()
            above = ""
        else:
            above += line


def _replace(path: Path, text: str) -> None:
    staging = path.with_name(f"{path.name}.part")
    staging.unlink(missing_ok=True)
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    staging.replace(path)


def main(arguments: list[str]) -> None:
    """``environment.py [--ask]``: write ``.env``. The key is asked for at a terminal only, and only the first time."""
    root = Path(__file__).resolve().parents[2]
    key = ""
    if arguments == ["--ask"] and sys.stdin.isatty() and not (root / ".env").exists():
        key = getpass.getpass("OpenAI API key, for the bots that need one (Enter for none): ").strip()
    added = write(root / ".env", root / ".env.example", {"OPENAI_API_KEY": key})
    if added:
        print(f"          .env: {len(added)} settings written, secrets among them (mode 600)")


if __name__ == "__main__":
    main(sys.argv[1:])
