"""The editor of bots: who may, what a save does, what is said when it cannot be done. The manager is a stand-in that checks signatures."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import ApiToken, User
from bots import saving, workshop
from bots.errors import BadInput
from bots.models import Bot, BotVersion, Proposal, Spending
from tests.bots.desk import ECHO, EXAMPLE, Desk
from tests.bots.program import Api

ASKS = ("save", "check", "cases", "trial")


@pytest.fixture
def bea_writes(bea: User, settings: LazySettings) -> User:
    """Bea may have new bots."""
    settings.BOT_AUTHORS = "Bot authors"
    bea.groups.add(Group.objects.create(name="Bot authors"))
    return bea


class TestWhoMay:
    def test_a_stranger_gets_what_never_existed(self, echo_there: Bot, cyd_client: Client, desk: Desk) -> None:
        for path in ("/bots/echo/edit/", "/bots/nobody/edit/"):
            assert cyd_client.get(path).status_code == 404
            assert cyd_client.post(path, {"yaml": ECHO, "base": 1}).status_code == 404
            for what in ASKS:
                answer = cyd_client.post(f"{path}{what}/", {"yaml": ECHO, "base": 1, "messages": "[]"})
                assert (answer.status_code, answer.json()["error"]["message"]) == (404, "There is no such bot.")
        assert desk.asked == []

    def test_i8_whom_the_file_names_as_admin_may_stop_it_and_not_change_it(self, echo_there: Bot, bea: User, bea_client: Client) -> None:
        Bot.objects.update(attend={"admins": ["bea"]})
        assert Bot.objects.get().is_admin(bea)
        assert bea_client.get("/bots/echo/edit/").status_code == 404

    def test_its_author_its_owner_and_the_operator_may(self, echo_there: Bot, bea: User, bea_client: Client, ada_client: Client) -> None:
        Bot.objects.update(author=bea)
        for client in (bea_client, ada_client):
            page = client.get("/bots/echo/edit/")
            assert page.status_code == 200
            assert "Edit Echo" in page.content.decode()

    def test_new_ones_are_for_those_whom_the_operator_lets(
        self, desk: Desk, bea_client: Client, cyd_client: Client, bea_writes: User
    ) -> None:
        assert bea_client.get("/bots/new/").status_code == 200
        refused = cyd_client.get("/bots/new/")
        assert refused.status_code == 403
        assert "Ask the operator" in refused.content.decode()
        assert cyd_client.post("/bots/new/save/", {"yaml": "name: my-bot"}).status_code == 403

    def test_who_is_signed_out_signs_in_first(self, echo_there: Bot, client: Client) -> None:
        for path in ("/bots/new/", "/bots/echo/edit/", "/bots/schema/"):
            assert client.get(path).status_code == 302

    def test_a_bot_that_runs_elsewhere_is_shown_and_not_saved(
        self, make_bot: Callable[..., Bot], echo: User, ada_client: Client, desk: Desk
    ) -> None:
        make_bot(echo)
        assert "is not on this server" in ada_client.get("/bots/echo/edit/").content.decode()
        answer = ada_client.post("/bots/echo/edit/save/", {"yaml": ECHO, "base": 1})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
        assert "/files/echo" not in desk.paths()


class TestSaving:
    def test_a_save_goes_to_the_manager_with_the_version_it_was_made_from(
        self, echo_there: Bot, ada: User, bea: User, bea_client: Client, desk: Desk
    ) -> None:
        Bot.objects.update(author=bea)
        BotVersion.objects.create(bot=echo_there, number=2, yaml=ECHO, created_by=ada)  # what the manager registers meanwhile
        answer = bea_client.post("/bots/echo/edit/save/", {"yaml": ECHO.replace("\n", "\r\n"), "base": "1", "seen": ""})
        assert (answer.status_code, answer.json()["version"]) == (200, 2)
        assert desk.asked[-1] == ("POST", "/files/echo", {"yaml": ECHO, "base": 1, "by": "bea", "seen": "", "spent": ""})
        assert BotVersion.objects.get(number=2).created_by == bea

    def test_a_new_bot_is_saved_under_the_name_it_gives_itself(self, bea_client: Client, bea_writes: User, desk: Desk) -> None:
        desk.answers["/files/my-bot"] = (200, {"version": 1, "status": "on", "reason": ""})
        answer = bea_client.post("/bots/new/save/", {"yaml": "name: my-bot\nsteps: [Chat]\n", "base": ""})
        assert (answer.status_code, answer.json()["name"]) == (200, "my-bot")
        assert (desk.asked[-1][1], desk.asked[-1][2]["base"]) == ("/files/my-bot", None)

    def test_a_new_bot_belongs_to_who_wrote_it_and_to_nobody_after(self, bot: Bot, bea: User, cyd: User) -> None:
        saving.written_by(bea, "echo", 1, is_new=True)
        saving.written_by(cyd, "echo", 1, is_new=True)
        assert Bot.objects.get().author == bea
        assert Bot.objects.get().may_be_edited_by(bea)
        assert not Bot.objects.get().may_be_edited_by(cyd)

    @pytest.mark.parametrize("name", ["bea", "admin"])
    def test_a_new_bot_takes_nobodys_name(self, bea_client: Client, bea_writes: User, desk: Desk, name: str) -> None:
        desk.answers["/checks"] = (200, {"name": name, "problems": [], "steps": [], "reason": ""})
        answer = bea_client.post("/bots/new/save/", {"yaml": f"# mine\nname: {name}\nsteps: [Chat]\n", "base": ""})
        assert (answer.status_code, answer.json()["problems"][0]["line"]) == (422, 2)
        assert not [path for path in desk.paths() if path.startswith("/files")]

    def test_what_is_held_back_says_why_and_keeps_the_text(self, echo_there: Bot, ada_client: Client, desk: Desk) -> None:
        problem = {"line": 3, "key": "steps.1", "message": "there is no step Chatt", "hint": "Chat", "file": "echo.yaml"}
        desk.answers["/files/echo"] = (422, {"problems": [problem]})
        answer = ada_client.post("/bots/echo/edit/save/", {"yaml": "name: echo", "base": 1})
        assert (answer.status_code, answer.json()["problems"]) == (422, [problem])
        why = "Not saved, since the file does not load. Line 3: steps.1: there is no step Chatt. Did you mean “Chat”?"
        assert answer.json()["error"]["message"] == why
        desk.answers["/files/echo"] = (422, {"cases": [{"case": "hi", "passed": False, "missed": "it said nothing"}]})
        said = ada_client.post("/bots/echo/edit/save/", {"yaml": "name: echo", "base": 1}).json()
        assert said["error"]["message"] == "Not saved, since 1 of 1 cases failed. “hi”: it said nothing"

    def test_somebody_elses_change_is_shown(self, echo_there: Bot, ada_client: Client, desk: Desk) -> None:
        told = {"error": {"code": "changed_meanwhile", "message": "Somebody has changed it."}, "yaml": "theirs", "seen": "abc"}
        desk.answers["/files/echo"] = (409, told)
        answer = ada_client.post("/bots/echo/edit/save/", {"yaml": "name: echo", "base": 1})
        assert (answer.status_code, answer.json()["yaml"], answer.json()["seen"]) == (409, "theirs", "abc")

    def test_a_form_without_javascript_saves_and_gets_its_text_back_when_held_back(
        self, echo_there: Bot, ada_client: Client, desk: Desk
    ) -> None:
        desk.answers["/files/echo"] = (200, {"version": 1, "status": "on", "reason": "", "yaml": ECHO})
        saved = ada_client.post("/bots/echo/edit/", {"yaml": ECHO, "base": "1"}, follow=True)
        assert "Version 1 of echo is live." in saved.content.decode()
        desk.answers["/files/echo"] = (422, {"problems": [{"line": 1, "key": "", "message": "broken here", "hint": "x"}]})
        held = ada_client.post("/bots/echo/edit/", {"yaml": "my <own> words", "base": "1"})
        page = held.content.decode()
        assert held.status_code == 422
        assert "my &lt;own&gt; words" in page
        assert "Line 1: broken here" in page

    def test_a_manager_that_is_away_is_said_and_the_live_text_is_shown(
        self, echo_there: Bot, ada_client: Client, settings: LazySettings
    ) -> None:
        settings.BOT_API = "http://127.0.0.1:9"
        Bot.objects.update(endpoint="http://127.0.0.1:9/bots/echo")
        page = ada_client.get("/bots/echo/edit/").content.decode()
        assert "cannot be reached" in page
        assert "name: echo" in page
        answer = ada_client.post("/bots/echo/edit/save/", {"yaml": ECHO, "base": 1})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "workshop_away")
        settings.BOT_KEY = ""
        assert "BOT_KEY" in ada_client.post("/bots/echo/edit/check/", {"yaml": ECHO}).json()["error"]["message"]

    def test_what_is_on_disk_is_what_is_edited_also_when_it_is_held_back(self, echo_there: Bot, ada_client: Client, desk: Desk) -> None:
        desk.answers["/files/echo"] = (200, {"yaml": "name: echo\nsteps: [half"})
        Bot.objects.update(held_back="echo.yaml:2: broken")
        page = ada_client.get("/bots/echo/edit/").content.decode()
        assert "steps: [half" in page
        assert "is held back, and version 1 goes on" in page

    def test_i10_a_text_of_any_size_or_kind_gets_an_answer(self, echo_there: Bot, ada_client: Client) -> None:
        assert ada_client.post("/bots/echo/edit/save/", {"yaml": "x" * 70_000, "base": 1}).status_code == 400
        for base in ("x", "-1", "9" * 40, "1.5"):
            assert ada_client.post("/bots/echo/edit/check/", {"yaml": "\x00", "base": base}).status_code == 200


class TestHostileInput:
    """I10, W25: what cannot be stored is refused, wherever it comes in."""

    def test_half_characters_and_nuls_are_no_fault_of_ours(self, echo_there: Bot, ada: User, ada_client: Client) -> None:
        made = Proposal.objects.create(bot=echo_there, name="echo", yaml=ECHO, by=ada)
        page = f"/bots/echo/proposals/{made.pk}/"
        for field in ("reason", "base", "decision"):
            fields = {"decision": "reject", "base": 1, "reason": "no"} | {field: "\x00"}
            assert ada_client.post(f"{page}decision/", fields).status_code == 302
        for path in ("/bots/%00/edit/", "/bots/%00/proposals/", "/bots/%ED%A0%80/edit/", f"/bots/{'x' * 500}/edit/"):
            assert ada_client.get(path).status_code == 404, path
        token = ApiToken.objects.make(ada, "w", ["workshop"])[1]
        for wrong in ("\x00", "\ud800"):
            answer = Api(token).post("bots/echo/proposals", {"yaml": "name: echo", "why": wrong})
            assert answer.status_code == 400, answer.content


class TestTheContract:
    """I3: the examples that the bot manager's tests hold it to (docs/api/desk.md)."""

    @pytest.fixture
    def told(self) -> Any:
        return json.loads(EXAMPLE.read_text())

    def test_what_the_app_asks_is_what_is_documented(self, echo_there: Bot, ada: User, desk: Desk, told: Any) -> None:
        BotVersion.objects.create(bot=echo_there, number=4, yaml="x", created_by=ada)
        desk.answers |= {"/checks": (200, told["check"]["response"]), "/files/echo": (200, told["save"]["response"])}
        text = told["check"]["request"]["yaml"]
        assert workshop.check(text, "echo").steps == told["check"]["response"]["steps"]
        assert workshop.run_cases(text, "echo") == []
        assert workshop.save("echo", text, 3, ada).version == 4
        desk.answers["/trials"] = b"{}"
        pause = told["pause"]["request"]
        with workshop.trial(text, "echo", {"answer": pause["answer"]}, ada):
            pass
        assert desk.asked[-1][2].keys() == pause.keys()
        with workshop.trial(text, "echo", {"messages": told["trial"]["request"]["messages"]}, ada):
            pass
        sent = {path: body for _, path, body in desk.asked}
        assert sent["/checks"] == told["check"]["request"]
        assert sent["/cases"] == told["cases"]["request"]
        assert sent["/files/echo"] == told["save"]["request"] | {"by": "ada"}
        assert sent["/trials"].keys() == told["trial"]["request"].keys()
        assert sent["/trials"]["asker"].keys() == told["trial"]["request"]["asker"].keys()

    def test_every_documented_no_is_understood(self, echo_there: Bot, ada: User, desk: Desk, told: Any) -> None:
        for what, status, kind in (
            ("held_back", 422, workshop.HeldBack),
            ("missed", 422, workshop.HeldBack),
            ("changed", 409, workshop.ChangedMeanwhile),
            ("spent", 403, BadInput),
        ):
            desk.answers["/files/echo"] = (status, told["save"][what])
            with pytest.raises(kind) as error:
                workshop.save("echo", ECHO, 1, ada)
            assert error.value.message
        assert Spending.objects.get().tokens == 76, "cases that failed were paid for as well"
