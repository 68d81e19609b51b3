"""A real browser before the real thing: `portal serve` with worker, on SQLite, with the demo municipality."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests import browser as chromium
from tests.processes.servers import PORTAL, environment, serving

DOORS = {
    "amina": "borger",
    "birger": "borger",
    "camilla": "borger",
    "erik": "borger",
    "fatima": "borger",
    "gustav": "borger",
    "hanne": "borger",
    "dan": "borger",
    "bo": "virksomhed",
    "lise": "virksomhed",
    "mads": "virksomhed",
}
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo municipality as it is loaded, for every module to begin with a copy of."""
    file = tmp_path_factory.mktemp("demo") / "portal.db"
    for command in ("migrate", "load-demo"):
        told = environment(f"sqlite+aiosqlite:///{file}")
        subprocess.run([*PORTAL, command], env=told, check=True, capture_output=True)
    return file


@pytest.fixture(scope="module")
def address(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("e2e")
    shutil.copytree(demo.parent, folder, dirs_exist_ok=True)
    url = f"sqlite+aiosqlite:///{folder / 'portal.db'}"
    with serving(url, folder / "serve.log", PORTAL_WORKER_INLINE="1", PORTAL_WORKER_PAUSE="1") as running:
        yield f"{running}/silkeborg"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=chromium.executable(), args=chromium.ARGUMENTS)
        yield opened
        opened.close()


Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, address: str, tmp_path: Path) -> Iterator[Open]:
    """Opens the portal as somebody: visit("amina", lang="en", size=PHONE, scripts=False). Fails on any script error
    or breach of the content security policy."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def as_somebody(
        name: str = "", *, lang: str = "da", size: dict[str, int] = DESK, scripts: bool = True
    ) -> Page:
        context = browser.new_context(viewport=size, java_script_enabled=scripts, base_url=address)
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda said: troubles.append(said.text) if "Content Security Policy" in said.text else None,
        )
        page.goto(f"{address}?lang={lang}")
        if name:
            page.goto(f"{address}/log-ind/{DOORS.get(name, 'medarbejder')}")
            page.locator("a[href*='/videre']").click()
            page.locator(f"a[data-person={name}]").click()
            page.wait_for_url(lambda url: "log-ind" not in url and "demo-login" not in url)
        return page

    yield as_somebody
    for context in contexts:
        context.close()
    assert troubles == []


def choose(page: Page, which: str) -> None:
    """Chooses a radio button or checkbox as people do: by its words, once they stand still."""
    box = page.locator(which).first
    page.locator(f"label[for='{box.get_attribute('id')}']").click()
    expect(box).to_be_checked()


def tab_to(page: Page, where: str) -> None:
    """Tab until the focus stands on what the selector names; never with the mouse."""
    for _ in range(80):
        if page.evaluate("where => document.activeElement.matches(where)", where):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{where} cannot be reached with the keyboard")


def press(page: Page, where: str, key: str = "Enter") -> None:
    tab_to(page, where)
    page.keyboard.press(key)


def write(page: Page, where: str, words: str) -> None:
    tab_to(page, where)
    page.keyboard.type(words)
