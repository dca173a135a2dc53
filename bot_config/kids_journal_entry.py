"""The journal page of the diary bot: turns what the conversation collected into a page that child and parents can read."""

from __future__ import annotations

from typing import Any

from steps import Payload, Step

NOTHING = "Nothing noted"
SUMMARIES = ("summary_for_child", "summary_for_parent")

PAGE = """### {client}'s journal · {date}

**Thankful for**

{thankful_for}

**Looking forward to**

{looking_forward_to}

---

**For the parents**

{notes_of_concern}

{parenting_advice}

*Is something wrong here? Tell me, and I will write it again.*"""


class KidsJournalEntry(Step):
    """Posts the day's journal page once the model has noted all of it, as `# metadata`, after wrapping up."""

    def process(self, payload: Payload) -> Payload:
        """Set payload['reply'] to the page; do nothing while there is no metadata with summaries."""
        draft = payload.get("draft")
        noted = draft.get("metadata") if isinstance(draft, dict) else None
        if not isinstance(noted, dict) or not any(isinstance(noted.get(part), dict) for part in SUMMARIES):
            self.note = "the conversation goes on"
            return payload
        child, parent = (_part(noted, part) for part in SUMMARIES)
        page = PAGE.format(
            client=_line(noted.get("client")) or str(payload["asker"]["name"] or payload["asker"]["username"]),
            date=_line(noted.get("date")) or f"{self.context.now():%Y-%m-%d}",
            thankful_for=_items(child.get("thankful_for")),
            looking_forward_to=_items(child.get("looking_forward_to")),
            notes_of_concern=_items(parent.get("notes_of_concern")),
            parenting_advice=_items(parent.get("parenting_advice")),
        )
        payload["reply"] = {"body": page, "metadata": {"journal": noted}}
        self.note = "a journal page"
        return payload


def _part(noted: dict[str, Any], key: str) -> dict[str, Any]:
    part = noted.get(key)
    return part if isinstance(part, dict) else {}


def _line(value: Any) -> str:
    return " ".join(value.split())[:80] if isinstance(value, str) else ""


def _items(value: Any) -> str:
    """What the model noted, be it text or a list; it is asked for text, and sends what it likes."""
    if isinstance(value, list):
        items = [str(item).strip() for item in value if isinstance(item, str | int | float) and str(item).strip()]
        return "\n".join(f"- {item}" for item in items) or NOTHING
    return value.strip() if isinstance(value, str) and value.strip() else NOTHING
