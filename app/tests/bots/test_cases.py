"""C30: what people expected becomes cases of the bot's file, when whoever wrote the words says so, and shows which version broke which."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.test import Client

from accounts.models import User
from bots import case_text, casebook, registration, workshop
from bots.errors import BadInput, ContentChanged, Decided, NotAllowed, NotFound
from bots.models import Bot, BotVersion, Case, CaseResult
from chat.models import Message, Room

FILE = """# A bot of ours
name: echo
steps: [Chat, Reply]   # two of them
tests:
  - say: hello   # the first
    expect: {contains: hi}
# the end
"""


@pytest.fixture
def case(bot: Bot, direct: Room, bea: User, ada: User) -> Case:
    """Bea asked, Ada corrected the answer."""
    return propose(bot, direct.post(bot.user, "an answer").message, author=bea, made_by=ada)


def propose(bot: Bot, message: Message | None, author: User, made_by: User, **more: Any) -> Case:
    fields = {"source": "correction", "say": ["good morning"], "expect": {"equals": "おはよう: ございます"}} | more
    return Case.objects.create(bot=bot, message=message, author=author, made_by=made_by, **fields)


def goes_live(bot: Bot, text: str) -> None:
    """As a registration does it."""
    wish = {"status": "on", "yaml": text, "code_hash": "", "source": "file"}
    registration._keep_version(bot, wish)


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int | None, User]]:
    """What the workshop was asked to save."""
    asked: list[tuple[str, str, int | None, User]] = []

    def save(bot_name: str, text: str, base: int | None, by: User, **_: Any) -> workshop.Saved:
        asked.append((bot_name, text, base, by))
        goes_live(Bot.objects.get(user__username=bot_name), text)
        return workshop.Saved(bot_name, (base or 0) + 1, "on")

    monkeypatch.setattr(workshop, "save", save)
    return asked


class TestConfirming:
    def test_the_author_of_the_words_confirms_the_exact_text(self, case: Case, bot: Bot, bea: User) -> None:
        casebook.confirm(bea, bot, case.pk, case_text.sha_of(case))

        case.refresh_from_db()
        assert case.state == "confirmed"
        assert yaml.safe_load(case_text.text_of(case)) == [{"say": "good morning", "expect": {"equals": "おはよう: ございます"}}]

    def test_nobody_else_confirms_it_not_even_the_operator(self, case: Case, bot: Bot, ada: User) -> None:
        with pytest.raises(NotAllowed, match="Only Bea, whose words these are"):
            casebook.confirm(ada, bot, case.pk, case_text.sha_of(case))

    def test_a_text_that_changed_meanwhile_is_not_confirmed(self, case: Case, bot: Bot, bea: User) -> None:
        seen = case_text.sha_of(case)
        Case.objects.filter(pk=case.pk).update(expect={"equals": "something else"})

        with pytest.raises(ContentChanged):
            casebook.confirm(bea, bot, case.pk, seen)

    def test_a_stranger_finds_no_case(self, case: Case, bot: Bot, cyd: User) -> None:
        assert not casebook.visible_to(cyd, bot).exists()
        with pytest.raises(NotFound):
            casebook.confirm(cyd, bot, case.pk, case_text.sha_of(case))

    def test_what_is_confirmed_is_for_everybody(self, case: Case, bot: Bot, bea: User, cyd: User) -> None:
        casebook.confirm(bea, bot, case.pk, case_text.sha_of(case))

        assert casebook.visible_to(cyd, bot).get() == case

    def test_what_is_dropped_is_gone(self, case: Case, bot: Bot, bea: User, ada: User) -> None:
        casebook.drop(ada, bot, case.pk)

        assert not casebook.visible_to(bea, bot).exists()

    def test_a_reader_of_the_room_does_not_drop_it(self, bot: Bot, group: Room, ada: User, bea: User, cyd: User) -> None:
        group.add(cyd, ada)
        case = propose(bot, group.post(bot.user, "an answer").message, author=bea, made_by=ada)

        assert casebook.visible_to(cyd, bot).exists()
        with pytest.raises(NotAllowed):
            casebook.drop(cyd, bot, case.pk)


class TestTheFile:
    def test_a_confirmed_case_goes_into_the_file_and_leaves_the_rest_as_it_was(
        self, case: Case, bot: Bot, bea: User, ada: User, saved: Any
    ) -> None:
        BotVersion.objects.filter(bot=bot).update(yaml=FILE)
        bot.refresh_from_db()
        casebook.confirm(bea, bot, case.pk, case_text.sha_of(case))

        assert casebook.save(ada, bot, case.pk) == 2

        ((name, text, base, by),) = saved
        assert (name, base, by) == ("echo", 1, ada)
        assert text == FILE.replace("# the end", "  - say: good morning\n    expect:\n      equals: 'おはよう: ございます'\n# the end")
        case.refresh_from_db()
        assert case.state == "saved"

    def test_what_nobody_confirmed_does_not_go_in(self, case: Case, bot: Bot, ada: User, saved: Any) -> None:
        with pytest.raises(Decided):
            casebook.save(ada, bot, case.pk)
        assert saved == []

    def test_only_editors_put_cases_in(self, case: Case, bot: Bot, bea: User, saved: Any) -> None:
        casebook.confirm(bea, bot, case.pk, case_text.sha_of(case))

        with pytest.raises(NotAllowed):
            casebook.save(bea, bot, case.pk)

    def test_a_save_that_is_held_back_leaves_the_case_confirmed(
        self, case: Case, bot: Bot, bea: User, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def held_back(*_: Any, **__: Any) -> None:
            raise workshop.HeldBack([], [{"case": "good morning", "passed": False, "missed": "it said nothing"}])

        monkeypatch.setattr(workshop, "save", held_back)
        casebook.confirm(bea, bot, case.pk, case_text.sha_of(case))
        with pytest.raises(workshop.HeldBack):
            casebook.save(ada, bot, case.pk)

        case.refresh_from_db()
        assert case.state == "confirmed"

    def test_a_case_that_the_live_version_fails_goes_to_the_editor_with_it(
        self, case: Case, bot: Bot, bea: User, ada_client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def held_back(*_: Any, **__: Any) -> None:
            raise workshop.HeldBack([], [{"case": "good morning", "passed": False, "missed": "it said nothing"}])

        monkeypatch.setattr(workshop, "save", held_back)
        monkeypatch.setattr(workshop, "current", lambda name: "name: echo\nsteps: [Reply]\n")
        casebook.confirm(bea, bot, case.pk, case_text.sha_of(case))

        page = ada_client.post(f"/bots/echo/cases/{case.pk}/saving/", follow=True)

        assert page.redirect_chain[-1][0] == f"/bots/echo/cases/{case.pk}/edit/"
        assert "- say: good morning" in page.content.decode()
        assert "mend the bot together with it" in page.content.decode()

    def test_a_case_that_comes_into_the_file_by_another_way_is_saved_too(self, case: Case, bot: Bot, bea: User) -> None:
        casebook.confirm(bea, bot, case.pk, case_text.sha_of(case))
        goes_live(bot, "name: echo\nsteps: [Reply]\ntests: [{say: [good morning], expect: {equals: 'おはよう: ございます'}}]\n")

        case.refresh_from_db()
        assert case.state == "saved"

    @pytest.mark.parametrize("text", ["- a", "tests: 3", "tests: [{}]", "tests: [{say: a, expect: 3}]", "{", "\0"])
    def test_whatever_a_program_sends_as_its_file_is_taken(self, case: Case, bot: Bot, bea: User, text: str) -> None:
        """I10."""
        casebook.confirm(bea, bot, case.pk, case_text.sha_of(case))
        bot.live = BotVersion(bot=bot, number=2, yaml=text)

        casebook.find_saved(bot)

        case.refresh_from_db()
        assert case.state == "confirmed"

    @pytest.mark.parametrize(
        "text",
        [
            "name: echo\nsteps: [Reply]",
            "name: echo\nsteps: [Reply]\ntests: []\n",
            "name: echo\ntests: [{say: a, expect: {silent: true}}]\nsteps: [Reply]\n",
            "name: echo\ntests:\n- say: a\n  expect: {silent: true}\nsteps: [Reply]\n",
            "name: echo\ntests:\n    - say:\n        - a\n        - b\n      expect:\n        contains: x\n\n# then\nsteps: [Reply]\n",
            "name: echo\r\nsteps: [Reply]\r\ntests:\r\n  - say: a\r\n    expect: {silent: true}\r\n",
            "name: echo\nsteps: [Reply]\ntests:\n",
        ],
        ids=["none", "empty", "one-line", "no-indent", "deep", "windows", "null"],
    )
    def test_it_goes_into_files_however_they_are_written(self, case: Case, text: str) -> None:
        case.say = ["line one\nline two: #x", "- and more"]

        made = yaml.safe_load(case_text.with_case(text, case))

        before = yaml.safe_load(text)
        assert made == before | {"tests": [*(before.get("tests") or []), {"say": case.say, "expect": case.expect}]}

    @pytest.mark.parametrize("text", ["{name: echo, steps: [Reply]}", "- a\n- b\n", "name: [", "tests: 3\n", ""])
    def test_a_file_it_cannot_go_into_is_said_and_not_touched(self, case: Case, text: str) -> None:
        """I10."""
        with pytest.raises(BadInput, match="editor"):
            case_text.with_case(text, case)


class TestWhichVersionBrokeWhich:
    @pytest.fixture
    def versions(self, bot: Bot, ada: User) -> Callable[..., None]:
        def make(*results: dict[str, bool]) -> None:
            for number, told in enumerate(results, 2):
                version = BotVersion.objects.create(bot=bot, number=number, yaml=f"# {number}", created_by=ada)
                for case, passed in told.items():
                    CaseResult.objects.create(version=version, case=case, passed=passed, missed="" if passed else f"missed in {number}")
                Bot.objects.filter(pk=bot.pk).update(live=version)
            bot.refresh_from_db()

        return make

    def test_the_version_after_which_a_case_failed_broke_it(self, bot: Bot, versions: Callable[..., None]) -> None:
        versions({"a": True, "b": False}, {"a": False, "b": True, "c": True}, {"a": False, "b": True, "c": True})

        found = casebook.tracks(bot)

        assert found.versions == [2, 3, 4]
        by_case = {track.case: track for track in found.tracks}
        assert (by_case["a"].broken_by, by_case["a"].missed) == (3, "missed in 4")
        assert (by_case["b"].broken_by, by_case["b"].mended_by) == (None, 3)
        assert by_case["c"].cells == [(2, None), (3, True), (4, True)]
        assert found.broken == [by_case["a"]]

    def test_a_case_that_never_passed_was_broken_by_nobody(self, bot: Bot, versions: Callable[..., None]) -> None:
        versions({"a": False}, {"a": False})

        assert casebook.tracks(bot).broken == []

    def test_a_case_that_was_taken_out_of_the_file_is_not_shown_as_failing(self, bot: Bot, versions: Callable[..., None]) -> None:
        versions({"a": True, "b": True}, {"a": False, "b": True}, {"b": True})

        found = casebook.tracks(bot)

        assert [track.case for track in found.tracks] == ["b"]
        assert found.broken == []

    def test_cases_that_have_not_been_run_are_shown_too(self, bot: Bot, bea_client: Client) -> None:
        """Those of a bot that may use services wait until somebody asks."""
        Bot.objects.update(permissions={"services": True, "executors": False})
        goes_live(bot, FILE)

        page = bea_client.get("/bots/echo/cases/").content.decode()

        assert [(track.case, track.ran) for track in casebook.tracks(bot).tracks] == [("hello", False)]
        assert "not run yet" in page
        assert "They may cost money" in page

    def test_the_page_says_so(self, bot: Bot, versions: Callable[..., None], bea_client: Client) -> None:
        versions({"a": True}, {"a": False})

        assert "broken by version 3" in bea_client.get("/bots/echo/cases/").content.decode()
        assert "broke 1" in bea_client.get("/bots/echo/versions/").content.decode()


class TestThePage:
    def test_the_author_confirms_by_a_button_with_the_text_they_see(self, case: Case, bea_client: Client, cyd_client: Client) -> None:
        assert "good morning" not in cyd_client.get("/bots/echo/cases/").content.decode()
        page = bea_client.get("/bots/echo/cases/").content.decode()
        assert case_text.sha_of(case) in page

        assert bea_client.post(f"/bots/echo/cases/{case.pk}/confirmation/", {"sha256": case_text.sha_of(case)}).status_code == 302

        case.refresh_from_db()
        assert case.state == "confirmed"
        assert "good morning" in cyd_client.get("/bots/echo/cases/").content.decode()

    def test_strangers_get_404_and_looking_decides_nothing(self, case: Case, cyd_client: Client, bea_client: Client) -> None:
        for act in ("confirmation", "dropping"):
            assert cyd_client.post(f"/bots/echo/cases/{case.pk}/{act}/", {"sha256": case_text.sha_of(case)}).status_code == 404
            assert bea_client.get(f"/bots/echo/cases/{case.pk}/{act}/").status_code == 405
        case.refresh_from_db()
        assert case.state == "proposed"

    def test_a_case_of_another_bot_is_not_found_here(self, case: Case, make_bot: Callable[..., Bot], bea_client: Client) -> None:
        make_bot(User.objects.create_bot("guide"))

        assert bea_client.post(f"/bots/guide/cases/{case.pk}/confirmation/", {"sha256": case_text.sha_of(case)}).status_code == 404
