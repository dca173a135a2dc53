"""The pages of bots: everybody finds them, counts are of all rooms, content only of rooms one is in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from bots import comparing, history, workshop
from bots.models import Bot, BotVersion, Correction, Run, Spending
from chat.models import Message, Room
from lib.ids import uuid7
from lib.time import database_now


@pytest.fixture
def ended(bot: Bot, bea: User) -> Callable[..., Run]:
    def make(room: Room, outcome: str = "replied", *, days: float = 0, **more: Any) -> Run:
        at, pk = database_now() - timedelta(days=days), uuid7()
        fields = {"bot": bot, "asker": bea, "version": bot.live, "trigger": [], "trigger_position": 1, "chain": pk} | more
        return Run.objects.create(
            pk=pk, room=room, state="done", outcome=outcome, created_at=at, ended_at=at + timedelta(seconds=2), **fields
        )

    return make


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path, headers={"Turbo-Frame": "bot-gap"} if "/gap/" in path else {})
    assert answer.status_code == status, answer.content
    return str(answer.content.decode())


class TestTheDirectory:
    def test_it_finds_bots_by_name_title_and_what_they_are_about(self, bot: Bot, make_bot: Callable[..., Bot], bea_client: Client) -> None:
        """C27: the persona is what people see."""
        make_bot(
            User.objects.create_bot("tutor", name="Japanese tutor"), persona={"title": "Japanese tutor", "about": "Kanji for beginners"}
        )

        for search in ("tutor", "japanese", "KANJI"):
            page = text(bea_client, f"/bots/?q={search}")
            assert "Kanji for beginners" in page
            assert 'href="/bots/echo/"' not in page.split("<main")[1]
        assert "No bot is called “nobody”" in text(bea_client, "/bots/?q=nobody")

    def test_it_says_what_is_off_and_why(self, bot: Bot, bea_client: Client) -> None:
        Bot.objects.update(status="off", reason="its weights are missing")

        assert "off: its weights are missing" in text(bea_client, "/bots/").split("<main")[1]

    def test_odd_addresses_show_the_first_page(self, bot: Bot, bea_client: Client) -> None:
        for query in ("page=x", "page=0", "page=99999999999999", "q=%00", "q=%F0%9F%A4%96"):
            text(bea_client, f"/bots/?{query}")

    def test_it_costs_the_same_queries_however_many_bots(
        self, make_bot: Callable[..., Bot], bea_client: Client, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(25):
            make_bot(User.objects.create_bot(f"bot{number}"))

        with django_assert_max_num_queries(14):
            text(bea_client, "/bots/")

    def test_a_visitor_signs_in_first(self, bot: Bot, client: Client) -> None:
        for path in ("", "echo/", "echo/gap/", "echo/runs/", "echo/versions/", "echo/versions/1/", "echo/cases/"):
            assert client.get(f"/bots/{path}").status_code == 302, path

    def test_there_is_no_page_of_a_bot_that_is_not_there(self, bea_client: Client) -> None:
        for path in ("nobody/", "nobody/gap/", "nobody/runs/", "nobody/versions/", "nobody/versions/1/", "nobody/cases/"):
            text(bea_client, f"/bots/{path}", 404)


class TestTheBotsPage:
    def test_it_shows_the_steps_the_gap_and_the_budget(
        self, bot: Bot, direct: Room, bea: User, bea_client: Client, ended: Callable[..., Run]
    ) -> None:
        """C30, C31."""
        bot.steps = [{"name": "Draft", "detail": ""}, {"name": "Chat", "detail": "OpenAIChat <small>"}]
        bot.budget = {"tokens_per_person": 2000}
        bot.save()
        Spending.objects.create(bot=bot, asker=bea, day=database_now().date(), tokens=500, cost="0.25")
        ended(direct)
        ended(direct, "failed")

        page = text(bea_client, "/bots/echo/")

        assert "OpenAIChat &lt;small&gt;" in page
        assert "1 of 2 runs" in page
        assert "500 of 2,000 tokens" in page
        assert "$0.2500" in page
        assert 'data-value="1.0"' in page  # what the plots draw is what the table says

    @pytest.mark.parametrize(("used", "says"), [(1999, "1,999 of 2,000 tokens<"), (2000, "2,000 of 2,000 tokens: nothing is left<")])
    def test_it_says_when_nothing_of_a_budget_is_left(self, bot: Bot, bea: User, bea_client: Client, used: int, says: str) -> None:
        Bot.objects.update(budget={"tokens_per_person": 2000})
        Spending.objects.create(bot=bot, asker=bea, day=database_now().date(), tokens=used, cost="0")

        page = text(bea_client, "/bots/echo/")

        assert says in page
        assert f'low="1600" high="1999" optimum="0" value="{used}"' in page, "The colour of the meter goes by these."

    def test_a_bot_whose_file_never_worked_is_no_program_of_its_own(self, bot: Bot, bea_client: Client) -> None:
        assert "a program of its own" in text(bea_client, "/bots/echo/")
        Bot.objects.update(live=None, status="off", reason="broken_step.py:1: its Python stops")

        page = text(bea_client, "/bots/echo/")

        assert "Nothing yet: no version of its file has worked." in page
        assert "a program of its own" not in page

    def test_it_counts_the_runs_of_rooms_that_the_viewer_is_not_in(
        self, bot: Bot, direct: Room, cyd_client: Client, ended: Callable[..., Run]
    ) -> None:
        ended(direct)

        page = text(cyd_client, "/bots/echo/")

        assert "1 of 1 answers" in page
        assert str(direct.pk) not in page
        assert "Bea" not in page.split("<main")[1]

    def test_only_editors_see_the_way_to_the_editor(
        self, bot: Bot, bea: User, ada_client: Client, bea_client: Client, cyd_client: Client
    ) -> None:
        bot.author = bea
        bot.attend = {"admins": ["cyd"]}
        bot.save()

        assert "Edit bot" in text(ada_client, "/bots/echo/")
        assert "Edit bot" in text(bea_client, "/bots/echo/gap/")
        assert "Edit bot" not in text(cyd_client, "/bots/echo/")
        assert "Edit bot" not in text(cyd_client, "/bots/echo/gap/")

    def test_a_day_that_makes_no_sense_shows_a_month(self, bot: Bot, bea_client: Client) -> None:
        for days in ("7", "x", "-1", "100000"):
            text(bea_client, f"/bots/echo/?days={days}")

    def test_a_user_that_only_posts_leaves_the_panel_empty(self, echo: User, bea_client: Client) -> None:
        assert (
            text(bea_client, "/bots/echo/gap/?card", 404).strip() == '<turbo-frame id="bot-gap" class="beside" target="_top"></turbo-frame>'
        )

    def test_the_panel_beside_the_room_asks_for_the_gap(self, bot: Bot, direct: Room, group: Room, bea_client: Client) -> None:
        assert 'src="/bots/echo/gap/"' in text(bea_client, f"/rooms/{direct.pk}/")
        assert 'src="/bots/echo/gap/?card"' in text(bea_client, f"/rooms/{group.pk}/")
        assert "What it does" not in text(bea_client, "/bots/echo/gap/")
        assert bea_client.get("/bots/echo/gap/").headers["Location"] == "/bots/echo/"
        page = text(bea_client, "/bots/echo/gap/")
        assert page.lstrip().startswith('<turbo-frame id="bot-gap"')
        assert "The gap, last 30 days" in page


class TestRuns:
    def test_those_of_ones_own_rooms_are_shown_and_the_others_counted(
        self, direct: Room, group: Room, ada: User, ada_client: Client, bea_client: Client, cyd_client: Client, ended: Callable[..., Run]
    ) -> None:
        """I8: a stranger sees a number, and nothing of what was said or by whom."""
        mine, ours = ended(direct), ended(group, asker=ada)

        shown = text(ada_client, "/bots/echo/runs/")
        assert f"/runs/{ours.pk}/" in shown
        assert f"/runs/{mine.pk}/" not in shown
        assert "1 more is in rooms that you are not in" in shown
        both = text(bea_client, "/bots/echo/runs/")
        assert f"/runs/{mine.pk}/" in both
        assert "rooms that you are not in" not in both
        stranger = text(cyd_client, "/bots/echo/runs/").split("<main")[1]
        assert "2 are in rooms that you are not in" in stranger
        assert "/runs/0" not in stranger
        assert "Kyoto" not in stranger

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("outcome=failed", {"failed"}),
            ("outcome=corrected", {"corrected"}),
            ("outcome=nonsense", {"failed", "corrected", "old", "of_ada"}),
            ("version=2", {"corrected"}),
            ("person=ada", {"of_ada"}),
            ("person=@Ada", {"of_ada"}),
            ("days=7", {"failed", "corrected", "of_ada"}),
            ("days=7&outcome=replied&version=1", {"of_ada"}),
            ("version=x&days=-3&page=0", {"failed", "corrected", "old", "of_ada"}),
            ("person=%00&version=99999999999999999999", {"failed", "corrected", "old", "of_ada"}),
            ("outcome=waiting", set()),
        ],
    )
    def test_filters_narrow_the_list(
        self, query: str, expected: set[str], bot: Bot, group: Room, ada: User, bea: User, bea_client: Client, ended: Callable[..., Run]
    ) -> None:
        second = BotVersion.objects.create(bot=bot, number=2, yaml="# 2", created_by=ada)
        runs = {
            "failed": ended(group, "failed"),
            "corrected": ended(group, version=second),
            "old": ended(group, days=20),
            "of_ada": ended(group, asker=ada),
        }
        reply = group.post(bot.user, "an answer").message
        Correction.objects.create(message=reply, bot=bot, run=runs["corrected"], by=bea, before="a", after="b", distance=1, share=0.5)

        page = text(bea_client, f"/bots/echo/runs/?{query}")

        assert {name for name, run in runs.items() if f"/runs/{run.pk}/" in page} == expected

    def test_how_often_somebody_asked_elsewhere_is_not_told(self, direct: Room, cyd_client: Client, ended: Callable[..., Run]) -> None:
        ended(direct)

        assert "rooms that you are not in" not in text(cyd_client, "/bots/echo/runs/?person=bea").split("<main")[1]

    def test_they_come_in_pages_that_keep_the_filters(
        self, bot: Bot, direct: Room, bea: User, bea_client: Client, ended: Callable[..., Run]
    ) -> None:
        for _ in range(history.PAGE + 1):
            ended(direct, "silent")

        page = text(bea_client, "/bots/echo/runs/?outcome=silent")

        assert 'href="?outcome=silent&amp;page=2"' in page
        assert text(bea_client, "/bots/echo/runs/?outcome=silent&page=2").count("outcome--silent") == 1


class TestVersions:
    @pytest.fixture
    def second(self, bot: Bot, ada: User) -> BotVersion:
        version: BotVersion = BotVersion.objects.create(
            bot=bot, number=2, yaml="name: echo\nsteps:\n  - Chat: {model: <b>}\n  - Reply\n", created_by=ada
        )
        bot.live = version
        bot.save()
        return version

    @pytest.fixture
    def saved(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
        asked: list[tuple[Any, ...]] = []

        def save(bot_name: str, yaml: str, base: int | None, by: User, **_: Any) -> workshop.Saved:
            asked.append((bot_name, yaml, base, by.username))
            return workshop.Saved(bot_name, 3, "on")

        monkeypatch.setattr(workshop, "save", save)
        return asked

    def test_a_version_shows_what_changed(self, second: BotVersion, bea_client: Client) -> None:
        page = text(bea_client, "/bots/echo/versions/2/")

        assert '<td class="diff__text">  - Chat</td>' in page
        assert '<td class="diff__text">  - Chat: {model: &lt;b&gt;}</td>' in page
        assert '<td class="diff__text">name: echo</td>' in text(bea_client, "/bots/echo/versions/1/")
        assert "diff__gone" in text(bea_client, "/bots/echo/versions/1/?against=2")
        text(bea_client, "/bots/echo/versions/2/?against=nonsense")
        text(bea_client, "/bots/echo/versions/3/", 404)

    def test_the_first_version_is_compared_with_nothing_and_says_so(self, second: BotVersion, bea_client: Client) -> None:
        assert '<option value="" selected>nothing</option>' in text(bea_client, "/bots/echo/versions/1/")
        assert '<option value="1" selected>version 1</option>' in text(bea_client, "/bots/echo/versions/2/")

    def test_a_bot_of_many_versions_shows_them_in_pages(self, second: BotVersion, bot: Bot, ada: User, bea_client: Client) -> None:
        made = BotVersion.objects.bulk_create(BotVersion(bot=bot, number=number, yaml="", created_by=ada) for number in range(3, 56))
        for version, passed in ((made[2], True), (made[3], False)):  # 5 passes, 6 fails: the second page begins between them
            version.results.create(case="hi", passed=passed)

        newest, older = text(bea_client, "/bots/echo/versions/"), text(bea_client, "/bots/echo/versions/?before=6")

        assert [number for number in range(1, 56) if f'/versions/{number}/"' in newest.split("<table")[1]] == list(range(6, 56))
        assert 'href="?before=6"' in newest
        assert "broke 1" in newest, "What passed in the version before is known, though that is on the next page."
        assert [number for number in range(1, 56) if f'/versions/{number}/"' in older.split("<table")[1]] == list(range(1, 6))
        assert "Newest versions" in older
        assert "Older versions" not in older
        for odd in ("x", "0", "99999999999999", "%00"):
            text(bea_client, f"/bots/echo/versions/?before={odd}")

    def test_an_editor_restores_a_version_through_the_workshop(
        self, second: BotVersion, ada_client: Client, saved: list[tuple[Any, ...]]
    ) -> None:
        assert "Restore version 1" in text(ada_client, "/bots/echo/versions/1/")

        answer = ada_client.post("/bots/echo/versions/1/restoration/", follow=True)

        assert saved == [("echo", "name: echo\nsteps:\n  - Chat\n  - Reply\n", 2, "ada")]
        assert "Version 1 is live again, as version 3." in answer.content.decode()

    def test_nobody_else_does(self, second: BotVersion, bea_client: Client, saved: list[tuple[Any, ...]]) -> None:
        assert "Restore version" not in text(bea_client, "/bots/echo/versions/1/")
        assert bea_client.post("/bots/echo/versions/1/restoration/").status_code == 403
        assert bea_client.post("/bots/echo/versions/1/cases/").status_code == 403
        assert bea_client.get("/bots/echo/versions/1/restoration/").status_code == 405
        assert saved == []

    def test_what_is_live_is_not_restored(self, second: BotVersion, ada_client: Client, saved: list[tuple[Any, ...]]) -> None:
        answer = ada_client.post("/bots/echo/versions/2/restoration/", follow=True)

        assert "is what is live now" in answer.content.decode()
        assert saved == []

    def test_an_older_version_is_tried_with_the_cases_of_today(
        self, second: BotVersion, bot: Bot, ada_client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tests = "tests:\n  - say: hi\n    expect: {contains: hello}\n"
        BotVersion.objects.filter(pk=second.pk).update(yaml=second.yaml + tests)
        tried: list[str] = []

        def run_cases(yaml: str, name: str, *_: Any, **__: Any) -> list[dict[str, Any]]:
            tried.append(yaml)
            return [{"case": "hi", "passed": False, "missed": '"hello" is not in: hi'}]

        monkeypatch.setattr(workshop, "run_cases", run_cases)
        page = ada_client.post("/bots/echo/versions/1/cases/", follow=True).content.decode()

        assert "contains: hello" in tried[0]
        assert "- Chat\n" in tried[0]
        assert "Version 1 passes 0 of 1 cases." in page
        assert "&quot;hello&quot; is not in: hi" in page
        monkeypatch.setattr(workshop, "run_cases", lambda *_, **__: [])
        assert "Version 1 was not tried" in ada_client.post("/bots/echo/versions/1/cases/", follow=True).content.decode()


def test_a_difference_has_every_change_and_folds_the_rest() -> None:
    before = [f"line {number}" for number in range(20)]
    after = [*before[:10], "new", *before[11:]]

    found = comparing.difference("\n".join(before), "\n".join(after))

    assert [(line.kind, line.text) for line in found if line.kind != "same"] == [
        ("fold", "7 lines unchanged"),
        ("gone", "line 10"),
        ("new", "new"),
        ("fold", "6 lines unchanged"),
    ]
    assert [line.text for line in found if line.kind == "same"] == [f"line {number}" for number in (7, 8, 9, 11, 12, 13)]
    assert comparing.difference("same", "same") == []


def test_a_message_of_another_room_tells_nothing_on_any_page(
    bot: Bot, direct: Room, say: Callable[..., Message], cyd_client: Client
) -> None:
    say(direct, "a secret of mine")

    for path in ("echo/", "echo/gap/?card", "echo/runs/", "echo/versions/", "echo/cases/"):
        assert "a secret of mine" not in text(cyd_client, f"/bots/{path}")
