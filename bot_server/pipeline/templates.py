"""Bot files to begin with: `pipeline/templates/*.yaml`. The first line of each says what it is; `my-bot` stands for the name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("templates")
NAME, TITLE = "my-bot", "My bot"


@dataclass(frozen=True)
class Template:
    """A text to begin with."""

    name: str
    about: str
    yaml: str

    def filled(self, name: str) -> str:
        """The text for a bot of this name."""
        return self.yaml.replace(NAME, name).replace(TITLE, name.replace("-", " ").capitalize())

    def as_json(self) -> dict[str, str]:
        """For the app."""
        return asdict(self)


def templates() -> list[Template]:
    """All of them, by name; `echo`, which needs nothing, first."""
    found = (_read(path) for path in sorted(FOLDER.glob("*.yaml")))
    return sorted(found, key=lambda one: (one.name != "echo", one.name))


def _read(path: Path) -> Template:
    text = path.read_text()
    first, _, rest = text.partition("\n")
    return Template(path.stem, first.lstrip("# ").rstrip("."), rest)
