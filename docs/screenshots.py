"""The pictures of the docs, made from the running product: `.venv/bin/python docs/screenshots.py` writes docs/images/*.png.

It starts the whole product (its own PostgreSQL, Redis, relay, bots and worker) with the shipped bots, lets Ada, Bea and the bots talk,
and looks at it through the system's Chromium. The front end must be built.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "deploy" / "local"), str(ROOT / "app")]

from tests.system import product as products  # noqa: E402 (found by the line above)

IMAGES = ROOT / "docs" / "images"
WIDE, PHONE = ViewportSize(width=1360, height=860), ViewportSize(width=390, height=844)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TALK = '''
from accounts.models import User
from chat import drafts
from chat.models import Room
from chat.rendering import as_author
from lib.ids import uuid7
people = {user.username: user for user in User.objects.all()}
ada, bea, cyd, tutor, diary = (people[name] for name in ("ada", "bea", "cyd", "japanese-bot", "kids-diary-bot"))
User.objects.filter(username="bea").update(name="Bea Lang")
journal = Room.group(bea, "Family journal", [ada, diary])
journal.post(diary, "That's three good things. See you tomorrow.")
Room.group(cyd, "Bot workshop", [ada, bea]).post(cyd, "Shall we write one together on Saturday?")
Room.direct(bea, ada).post(bea, "See you at the station")
Room.direct(ada, tutor)
room = Room.group(ada, "Kyoto in May", [bea, cyd, tutor])
room.post(bea, "@japanese-bot how do I ask for a room with a view of the garden?")
room.post(tutor, """| 日本語 | 庭が見える部屋をお願いします |
|---|---|
| ひらがな | にわが みえる へやを おねがいします |
| English | A room overlooking the garden, please |""")
room.post(bea, "Thank you. I have put the list of what is left on the fridge:\\n\\n- [x] flights\\n- [x] rail passes\\n- [ ] the ryokan")
room.post(cyd, "The packing bot is this short:\\n\\n```yaml\\nname: packing-bot\\nsteps:\\n  - Chat\\n  - Reply\\n```")
room.post(ada, "@japanese-bot and “is breakfast included?”")
text = "| 日本語 | 朝食は含まれていますか |\\n|---|---|\\n| ひらがな | ちょうしょくは ふくまれて いますか |\\n\\n**は** marks what"
drafts.put(room.pk, [drafts.Frame(str(uuid7()), 1, as_author(tutor), 0, text, "Chat", "thinking with small")])
print(room.pk)
'''


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as none:
        products.TEST_BOTS = Path(none)  # only the bots that are shipped
        with products.Product() as product, sync_playwright() as playwright:
            product.kill("relay")  # the bots of these pictures say what TALK says
            room = product.manage("shell", "-v", "0", "-c", TALK).split()[-1]
            chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
            for theme in THEMES:
                take(chromium, product.url, room, theme, WIDE, "wide")
                take(chromium, product.url, room, theme, PHONE, "phone")
            chromium.close()


def take(chromium: Browser, url: str, room: str, theme: Literal["light", "dark"], size: ViewportSize, label: str) -> None:
    context = chromium.new_context(base_url=url, viewport=size, color_scheme=theme, device_scale_factor=1 if size == WIDE else 2)
    page = context.new_page()
    page.goto("/account/login/")
    shoot(page, f"sign-in-{theme}-{label}")
    page.get_by_label("Username or e-mail address").fill("ada")
    page.get_by_label("Password").fill(products.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("textbox", name="Message", exact=True).wait_for()
    page.goto(f"/rooms/{room}/")
    page.get_by_role("button", name="Stop").wait_for()
    page.get_by_text("marks what").wait_for()
    shoot(page, f"room-{theme}-{label}")
    page.goto("/welcome/")
    page.get_by_role("heading", level=1).wait_for()
    shoot(page, f"welcome-{theme}-{label}")
    context.close()


def shoot(page: Page, name: str) -> None:
    page.evaluate("document.fonts.ready")
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
    sys.stdout.write(f"docs/images/{name}.png\n")


if __name__ == "__main__":
    main()
