"""The pictures of the docs, made from the running product: `.venv/bin/python docs/screenshots.py` writes docs/images/*.png.

It starts the whole product (its own PostgreSQL, Redis, relay, bots and worker) with the shipped bots, lets Ada, Bea and the bots talk,
and looks at it through the system's Chromium. The front end must be built.
"""

from __future__ import annotations

import json
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
SCENE = Path(__file__).parent / "scene.py"


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as none:
        products.TEST_BOTS = Path(none)  # only the bots that are shipped
        with products.Product() as product, sync_playwright() as playwright:
            product.kill("relay")  # the bots of these pictures say what the scene says
            places = json.loads(product.manage("shell", "-v", "0", "-c", SCENE.read_text()).splitlines()[-1])
            chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
            for theme in THEMES:
                take(chromium, product.url, places, theme, WIDE, "wide")
                take(chromium, product.url, places, theme, PHONE, "phone")
            chromium.close()


def take(chromium: Browser, url: str, places: dict[str, str], theme: Literal["light", "dark"], size: ViewportSize, label: str) -> None:
    context = chromium.new_context(base_url=url, viewport=size, color_scheme=theme, device_scale_factor=1 if size == WIDE else 2)
    page = context.new_page()
    page.goto("/account/login/")
    shoot(page, f"sign-in-{theme}-{label}")
    page.get_by_label("Username or e-mail address").fill("ada")
    page.get_by_label("Password").fill(products.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("textbox", name="Message", exact=True).wait_for()
    page.goto(places["room"])
    page.get_by_text("marks what").wait_for()
    shoot(page, f"room-{theme}-{label}")
    page.goto(places["run"])
    page.get_by_role("listitem").filter(has_text="Chat").locator("summary").click()
    page.get_by_text("You are a patient Japanese tutor.").first.wait_for()
    page.wait_for_load_state("networkidle")
    shoot(page, f"run-{theme}-{label}")
    if size == WIDE:
        take_pages_of_a_bot(page, places["bot"], f"{theme}-{label}")
    page.goto("/welcome/")
    page.get_by_role("heading", level=1).wait_for()
    shoot(page, f"welcome-{theme}-{label}")
    context.close()


def take_pages_of_a_bot(page: Page, place: str, which: str) -> None:
    page.goto(place)
    page.locator("canvas").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.get_by_role("heading", name="The gap").evaluate("heading => heading.scrollIntoView({block: 'start'})")
    shoot(page, f"bot-{which}")
    page.goto(f"{place}edit/")
    page.get_by_role("textbox", name="Bot file").wait_for()
    shoot(page, f"editor-{which}")


def shoot(page: Page, name: str) -> None:
    page.evaluate("document.fonts.ready")
    page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")
    sys.stdout.write(f"docs/images/{name}.png\n")


if __name__ == "__main__":
    main()
