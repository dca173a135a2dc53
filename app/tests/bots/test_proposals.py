"""C33: bots work on bots. They read what went wrong with the asker's eyes, and propose; one of the bot's editors decides (I5, W24)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import User
from bots.models import Bot, BotVersion, Correction, Proposal, Run
from chat.models import Message, Room
from tests.bots.desk import ECHO, Desk
from tests.bots.program import Api

BETTER = "name: echo\npersona: {title: Better}\nsteps:\n  - Chat\n  - Reply\n"
NOBODY = "01990000-0000-7000-8000-000000000000"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """One that has something to say of echo."""
    desk.answers["/checks"] = (200, {"name": "echo", "problems": [], "steps": [], "reason": ""})
    desk.answers["/cases"] = (200, {"cases": [{"case": "hi", "passed": True, "missed": ""}]})
    return desk


@pytest.fixture
def ours(bot: Bot, desk: Desk) -> Bot:
    """Echo, of this place's bot server."""
    Bot.objects.filter(pk=bot.pk).update(endpoint=f"{desk.url}/bots/echo")
    return Bot.objects.get(pk=bot.pk)


class Reviewer(Api):
    """A bot's program that has a run in hand."""

    def __init__(self, token: str, run: Run, attempt: int | None = None) -> None:
        super().__init__(token)
        self._client = Client(
            headers={"authorization": f"Bearer {token}", "x-parley-run": f"{run.pk}/{run.attempt if attempt is None else attempt}"}
        )


@pytest.fixture
def workshop_of(token_of: Callable[..., str]) -> Callable[[User], Api]:
    return lambda user: Api(token_of(user, "workshop"))


def propose(api: Api, yaml: str = BETTER, **more: Any) -> Any:
    return api.post("bots/echo/proposals", {"yaml": yaml, "why": "People liked a title.", **more})


class TestReading:
    def test_w24_a_reviewer_sees_the_runs_of_its_rooms_and_no_others(
        self, ours: Bot, at_work: Run, bea: User, cyd: User, workshop_of: Callable[[User], Api]
    ) -> None:
        at_work.finish(at_work.attempt, "failed", reason="boom", explanation="It broke.", permanent=True)
        (found,) = workshop_of(bea).get("bots/echo/runs?outcome=failed").json()["runs"]
        assert (found["asked"], found["explanation"]) == (["Let's go for a walk"], "It broke.")
        assert workshop_of(bea).get("bots/echo/runs?outcome=replied").json()["runs"] == []
        assert workshop_of(cyd).get("bots/echo/runs").json() == {"runs": [], "more": False}

    def test_corrections_come_with_both_texts(self, ours: Bot, at_work: Run, bea: User, workshop_of: Callable[[User], Api]) -> None:
        message = at_work.reply(at_work.attempt, "1.0", "walk", {}).message
        at_work.finish(at_work.attempt, "replied")
        Correction.objects.create(message=message, bot=ours, run=at_work, by=bea, before="walk", after="Let us walk", distance=7, share=0.6)
        (found,) = workshop_of(bea).get("bots/echo/runs?outcome=corrected").json()["runs"]
        assert (found["replies"], found["corrections"][0]["after"], found["corrections"][0]["by"]) == (["walk"], "Let us walk", "bea")

    def test_the_scope_opens_nothing_else_and_no_other_opens_it(
        self, ours: Bot, bea: User, bea_api: Api, workshop_of: Callable[[User], Api]
    ) -> None:
        assert bea_api.get("bots/echo/runs").status_code == 403
        assert propose(bea_api).status_code == 403
        for path in ("rooms", "users/me", "bots/echo"):
            assert workshop_of(bea).get(path).status_code == 403
        assert Api("nonsense").get("bots/echo/runs").status_code == 401

    def test_it_is_said_who_may_have_new_bots(self, bea: User, workshop_of: Callable[[User], Api]) -> None:
        refused = workshop_of(bea).get("workshop").json()
        assert (refused["may_make_bots"], "Ask the operator" in refused["reason"]) == (False, True)
        User.objects.filter(pk=bea.pk).update(is_staff=True)
        assert workshop_of(bea).get("workshop").json() == {"may_make_bots": True, "reason": ""}

    def test_the_file_that_is_live_is_given_out(self, ours: Bot, bea: User, workshop_of: Callable[[User], Api]) -> None:
        assert workshop_of(bea).get("bots/echo/file").json() == {"name": "echo", "yaml": ECHO, "version": 1, "may_edit": False}
        Bot.objects.update(author=bea)
        assert workshop_of(bea).get("bots/echo/file").json()["may_edit"]
        assert workshop_of(bea).get("bots/nobody/file").status_code == 404


class TestARunsOwnAuthority:
    """W24: the program of a bot acts for whoever asked it, and for nobody else."""

    @pytest.fixture
    def hers(self, ours: Bot, at_work: Run, ada: User, token_of: Callable[..., str]) -> Reviewer:
        """The program of Echo, which Bea has asked; its token is Ada's, who may see and do more."""
        return Reviewer(token_of(ada, "bots"), at_work)

    def test_it_reads_what_the_asker_may_read_not_what_the_tokens_owner_may(
        self, hers: Reviewer, ours: Bot, ada: User, cyd: User, say: Callable[..., Message]
    ) -> None:
        secret = Room.direct(ada, ours.user)
        say(secret, "a secret of Ada's", by=ada)
        run = Run.objects.get(asker=ada)
        run.cancel(ada)
        assert hers.get("bots/echo/runs").json()["runs"] == []

    def test_it_proposes_for_the_asker_and_says_by_which_run(self, hers: Reviewer, at_work: Run, bea: User) -> None:
        answer = propose(hers)
        assert answer.status_code == 201, answer.json()
        made = Proposal.objects.get()
        assert (made.by, made.run, made.state, made.cases) == (bea, at_work, "open", None), "Bea may not save it, so nothing was run"

    def test_w24_it_reads_only_what_everybody_who_can_see_the_run_may_read(
        self, ours: Bot, at_work: Run, group: Room, bea: User, ada: User, say: Callable[..., Message], token_of: Callable[..., str]
    ) -> None:
        """Bea asks where Ada is too: the prompt of a reviewer is on the page of its run, for all of the room."""
        at_work.cancel(bea)
        together = Room.group(bea, "All of us and more", [ada, ours.user])
        say(together, "@echo for all", by=bea)
        Run.objects.get(room=together).cancel(bea)
        say(group, "@echo review yourself", by=bea)
        (asked,) = Run.objects.claim(1)
        asked.record_steps(asked.attempt, [])

        hers = Reviewer(token_of(ada, "bots"), asked)
        assert [run["asked"] for run in hers.get("bots/echo/runs").json()["runs"]] == [["@echo for all"]]

    def test_it_says_what_the_asker_may_not_what_the_tokens_owner_may(self, hers: Reviewer) -> None:
        assert hers.get("workshop").json()["may_make_bots"] is False, "Ada may, but Bea has asked."

    def test_it_runs_no_cases_for_somebody_who_may_not_edit(self, hers: Reviewer, at_work: Run, ours: Bot, bea: User) -> None:
        assert hers.post("bots/echo/case-runs", {"yaml": BETTER}).status_code == 404
        Bot.objects.update(author=bea)
        assert hers.post("bots/echo/case-runs", {"yaml": BETTER}).json()["cases"][0]["passed"]

    def test_a_stale_attempt_a_run_that_is_over_and_a_foreign_one_open_nothing(
        self, ours: Bot, at_work: Run, ada: User, bea: User, token_of: Callable[..., str]
    ) -> None:
        token = token_of(ada, "bots")
        assert Reviewer(token, at_work, at_work.attempt + 1).get("bots/echo/runs").status_code == 409
        assert Reviewer(token_of(bea, "bots"), at_work).get("bots/echo/runs").status_code == 404
        assert Reviewer(token_of(bea, "chat"), at_work).get("bots/echo/runs").status_code == 403
        at_work.cancel(bea)
        assert Reviewer(token, at_work).get("bots/echo/runs").status_code == 409

    def test_an_asker_who_has_left_the_room_is_acted_for_no_more(self, hers: Reviewer, at_work: Run, group: Room, bea: User) -> None:
        at_work.room.memberships.filter(user=bea).delete()
        assert hers.get("bots/echo/runs").status_code == 409


class TestDeciding:
    @pytest.fixture
    def made(self, ours: Bot, bea: User, workshop_of: Callable[[User], Api]) -> Proposal:
        """A change of Echo that Bea proposes; Ada owns it."""
        assert propose(workshop_of(bea)).status_code == 201
        return Proposal.objects.get()

    def page(self, made: Proposal) -> str:
        return f"/bots/echo/proposals/{made.pk}/"

    def decide(self, client: Client, made: Proposal, decision: str, base: int | str = 1, **more: str) -> Any:
        return client.post(f"{self.page(made)}decision/", {"decision": decision, "base": base, **more}, follow=True)

    def test_the_editors_see_the_difference_and_others_that_there_is_nothing(
        self, made: Proposal, ada_client: Client, bea_client: Client, cyd_client: Client
    ) -> None:
        page = ada_client.get(self.page(made)).content.decode()
        assert "persona: {title: Better}" in page
        assert "Accept and make it live" in page
        own = bea_client.get(self.page(made)).content.decode()
        assert "persona: {title: Better}" in own
        assert "Accept and make it live" not in own
        assert cyd_client.get(self.page(made)).status_code == 404
        assert ada_client.get(f"/bots/echo/proposals/{NOBODY}/").status_code == 404
        listed = ada_client.get("/bots/echo/proposals/").content.decode()
        assert "People liked a title." in listed
        assert '<a href="/bots/echo/proposals/" aria-current="page">Proposals</a>' in listed, "it is one of the bot's tabs"
        assert "People liked a title." not in cyd_client.get("/bots/echo/proposals/").content.decode()

    def test_only_who_is_in_its_room_is_led_to_the_run_that_proposed_it(
        self, made: Proposal, at_work: Run, ada_client: Client, bea_client: Client
    ) -> None:
        """The editors of a bot need not be in the room in which somebody had another bot look at it."""
        Proposal.objects.update(run=at_work)
        assert f'href="/runs/{at_work.pk}/"' in bea_client.get(self.page(made)).content.decode()
        assert str(at_work.pk) not in ada_client.get(self.page(made)).content.decode()

    def test_accepting_saves_exactly_this_text_over_what_was_shown(self, made: Proposal, ada: User, ada_client: Client, desk: Desk) -> None:
        answer = self.decide(ada_client, made, "accept")
        assert "Version 2 of echo is live." in answer.content.decode()
        assert "They ran when it was accepted." in answer.content.decode()
        assert desk.asked[-1] == ("POST", "/files/echo", {"yaml": BETTER, "base": 1, "by": "ada", "seen": "", "spent": ""})
        made.refresh_from_db()
        assert (made.state, made.decided_by) == ("accepted", ada)

    def test_i5_who_may_not_edit_decides_nothing(self, made: Proposal, bea_client: Client, cyd_client: Client, desk: Desk) -> None:
        before = len(desk.asked)
        for decision in ("accept", "reject"):
            assert self.decide(bea_client, made, decision).status_code == 403
            assert self.decide(cyd_client, made, decision).status_code == 404
        made.refresh_from_db()
        assert (made.state, len(desk.asked)) == ("open", before)

    def test_a_bot_that_has_changed_since_the_page_was_shown_is_not_written_over(
        self, made: Proposal, ours: Bot, ada: User, ada_client: Client, desk: Desk
    ) -> None:
        ours.live = BotVersion.objects.create(bot=ours, number=2, yaml=ECHO + "# newer\n", created_by=ada)
        ours.save()
        said = self.decide(ada_client, made, "accept", base=1).content.decode()
        assert "has changed since you looked" in said
        assert "/files/echo" not in desk.paths()
        assert "it may take back what was changed meanwhile" in ada_client.get(self.page(made)).content.decode()

    def test_one_that_is_held_back_stays_open(self, made: Proposal, ada_client: Client, desk: Desk) -> None:
        desk.answers["/files/echo"] = (422, {"cases": [{"case": "hi", "passed": False, "missed": "it said nothing"}]})
        assert "1 of 1 cases failed" in self.decide(ada_client, made, "accept").content.decode()
        made.refresh_from_db()
        assert made.state == "open"

    def test_it_is_decided_once(self, made: Proposal, ada_client: Client, desk: Desk) -> None:
        self.decide(ada_client, made, "reject", reason="Not now")
        saved = len(desk.asked)
        assert "has rejected this already" in self.decide(ada_client, made, "accept").content.decode()
        made.refresh_from_db()
        assert (made.state, made.reason, len(desk.asked)) == ("rejected", "Not now", saved)
        assert "Not now" in ada_client.get(self.page(made)).content.decode()

    def test_nothing_is_decided_by_looking(self, made: Proposal, ada_client: Client) -> None:
        assert ada_client.get(f"{self.page(made)}decision/").status_code == 405
        made.refresh_from_db()
        assert made.state == "open"

    def test_its_cases_are_run_for_whoever_decides(self, made: Proposal, ada_client: Client, bea_client: Client) -> None:
        assert bea_client.post(f"{self.page(made)}cases/").status_code == 403
        ada_client.post(f"{self.page(made)}cases/")
        made.refresh_from_db()
        assert made.cases == [{"case": "hi", "passed": True, "missed": ""}]


class TestProposing:
    def test_what_does_not_load_is_not_stored_and_every_fault_is_told(
        self, ours: Bot, bea: User, workshop_of: Callable[[User], Api], desk: Desk
    ) -> None:
        faults = [{"line": line, "key": "steps", "message": "no", "hint": ""} for line in (2, 5)]
        desk.answers["/checks"] = (200, {"name": "", "problems": faults, "steps": [], "reason": ""})
        answer = propose(workshop_of(bea))
        assert (answer.status_code, answer.json()["error"]["fields"]) == (422, {"line 2": "steps: no", "line 5": "steps: no"})
        assert not Proposal.objects.exists()

    def test_a_new_bot_is_proposed_and_accepted_by_who_may_have_one(
        self, bea: User, bea_client: Client, desk: Desk, settings: LazySettings, workshop_of: Callable[[User], Api]
    ) -> None:
        refused = propose(workshop_of(bea), "name: echo\nsteps: [Chat]\n")
        assert refused.status_code == 403
        User.objects.filter(pk=bea.pk).update(is_staff=True)
        assert propose(workshop_of(bea), "name: echo\nsteps: [Chat]\n").status_code == 201
        made = Proposal.objects.get()
        desk.answers["/files/echo"] = (200, {"version": 1, "status": "on", "reason": ""})
        page = f"/bots/echo/proposals/{made.pk}/"
        assert "A new bot" in bea_client.get(page).content.decode()
        said = bea_client.post(f"{page}decision/", {"decision": "accept", "base": ""}, follow=True).content.decode()
        assert "Version 1 of echo is live." in said
        assert desk.asked[-1][2]["base"] is None

    def test_what_the_file_says_already_is_no_change(self, ours: Bot, bea: User, workshop_of: Callable[[User], Api]) -> None:
        assert propose(workshop_of(bea), ECHO).status_code == 400

    def test_c35_the_same_change_again_is_the_same_proposal(self, ours: Bot, bea: User, workshop_of: Callable[[User], Api]) -> None:
        assert propose(workshop_of(bea)).json()["id"] == propose(workshop_of(bea)).json()["id"]
        assert Proposal.objects.count() == 1

    def test_there_is_an_end_to_it(self, ours: Bot, bea: User, cyd: User, workshop_of: Callable[[User], Api]) -> None:
        Proposal.objects.bulk_create([Proposal(bot=ours, name="echo", yaml=BETTER, by=cyd) for _ in range(50)])
        assert "50 changes of this bot wait for a decision" in propose(workshop_of(bea)).json()["error"]["message"]

    def test_nobody_keeps_others_from_proposing(self, ours: Bot, bea: User, cyd: User, workshop_of: Callable[[User], Api]) -> None:
        """Five of a person's changes of one bot may wait; others propose theirs, and a decision makes room for another."""
        Proposal.objects.bulk_create([Proposal(bot=ours, name="echo", yaml=f"name: echo # {number}", by=cyd) for number in range(5)])
        refused = propose(workshop_of(cyd))
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_input")
        assert "5 changes that you proposed for this bot wait for a decision" in refused.json()["error"]["message"]
        assert propose(workshop_of(bea)).status_code == 201
        Proposal.objects.filter(by=cyd).first().delete()  # type: ignore[union-attr]
        assert propose(workshop_of(cyd)).status_code == 201

    def test_what_became_of_it_can_be_asked(self, ours: Bot, bea: User, cyd: User, workshop_of: Callable[[User], Api]) -> None:
        made = propose(workshop_of(bea)).json()
        assert workshop_of(bea).get(f"bots/echo/proposals/{made['id']}").json() == made
        assert workshop_of(cyd).get(f"bots/echo/proposals/{made['id']}").status_code == 404
        assert made["page"] == f"/bots/echo/proposals/{made['id']}/"
