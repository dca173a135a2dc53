"""What the page of a bot's cases shows to this viewer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from bots import case_text, casebook
from bots.exactly import exactly
from bots.models.case import CONFIRMED, PROPOSED, SAVED

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from accounts.models import User
    from bots.casebook import Tracks
    from bots.models import Bot, Case

MOST = 100
SOURCES = {"correction": "from a correction", "feedback": "from feedback", "hand": "written by hand"}


@dataclass(frozen=True)
class Entry:
    """A case with what this viewer may do with it."""

    case: Case
    text: SafeString
    sha: str
    source: str
    may_confirm: bool
    may_save: bool
    may_drop: bool


class CasesPage:
    def __init__(self, viewer: User, bot: Bot) -> None:
        self.viewer, self.bot = viewer, bot
        self._edits = bot.may_be_edited_by(viewer)

    @cached_property
    def tracks(self) -> Tracks:
        return casebook.tracks(self.bot)

    @cached_property
    def entries(self) -> list[Entry]:
        cases = casebook.visible_to(self.viewer, self.bot).exclude(state=SAVED)
        return [self._entry(case) for case in cases[:MOST]]

    def _entry(self, case: Case) -> Entry:
        mine = self.viewer.pk in (case.author_id, case.made_by_id)
        return Entry(
            case=case,
            text=exactly(case_text.text_of(case)),
            sha=case_text.sha_of(case),
            source=SOURCES[case.source],
            may_confirm=case.state == PROPOSED and self.viewer.pk == case.author_id,
            may_save=case.state == CONFIRMED and self._edits,
            may_drop=mine or self._edits,
        )
