"""Put the examples of docs/api/examples into the pages that show them: `python docs/show_examples.py [--check]`.

A page names an example in a comment, `<!-- example: drafts.json request -->`, above a block of JSON: the file, and the
key in it if only a part is meant. The tests of both programs load the same files, so what a page shows is what runs.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

API = Path(__file__).resolve().parent / "api"
BLOCK = re.compile(r"(<!-- example: (?P<file>[\w-]+\.json)(?P<keys>[ \w.]*) -->\n```json\n)(?P<shown>.*?)(```)", re.DOTALL)


def example(file: str, keys: str = "") -> str:
    """The part of an example file that `keys` lead to, as JSON."""
    value = json.loads((API / "examples" / file).read_text())
    for key in keys.split():
        value = value[int(key) if isinstance(value, list) else key]
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def brought_up_to_date(page: str) -> str:
    """The page with every example as its file has it now."""
    return BLOCK.sub(lambda block: f"{block[1]}{example(block['file'], block['keys'])}```", page)


def main(arguments: list[str]) -> int:
    stale = []
    for path in sorted(API.glob("*.md")):
        before = path.read_text()
        after = brought_up_to_date(before)
        if after != before:
            stale.append(path.name)
            if "--check" not in arguments:
                path.write_text(after)
    if stale:
        sys.stdout.write(f"{'Stale' if '--check' in arguments else 'Brought up to date'}: {', '.join(stale)}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
