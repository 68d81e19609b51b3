"""Every page clean in axe, in both languages and at phone width; nothing wider than 320 px."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.e2e.axe import AXE, RUN
from tests.e2e.conftest import DESK, PHONE, Open, choose

pytestmark = pytest.mark.long

PEOPLE = {
    "": "",
    "amina": "/borger",
    "birger": "/borger",
    "fatima": "/borger",
    "bo": "/virksomhed",
    "mads": "/virksomhed",
    "clara": "/medarbejder",
    "tove": "/medarbejder",
    "ada": "/medarbejder",
}
MOST = 26


def _links(page: Page) -> list[str]:
    found = page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
    inside = [link.split("#")[0] for link in found if link.startswith("/silkeborg")]
    return [link for link in inside if not link.endswith(("/bliv", "/kalender")) and "lang=" not in link]


def _walk(page: Page, address: str, start: str) -> Iterator[str]:
    """Pages reachable by links from `start`, one of each kind; each is open while it is given."""
    root = address.removesuffix("/silkeborg")
    todo, seen, kinds = [f"/silkeborg{start}"], 0, set()
    while todo and seen < MOST:
        link = todo.pop(0)
        kind = "/".join("x" if len(part) == 32 else part for part in link.split("?")[0].split("/"))
        if kind in kinds:
            continue
        kinds.add(kind)
        answer = page.goto(root + link)
        assert answer is not None
        if answer.status != 200:
            continue
        seen += 1
        todo += _links(page)
        yield link


def _violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    return page.evaluate(RUN)


@pytest.mark.parametrize("name", PEOPLE, ids=lambda name: name or "nobody")
@pytest.mark.parametrize("lang", ["da", "en"])
def test_every_page_is_clean_in_axe_and_fits_a_small_phone(
    visit: Open, address: str, name: str, lang: str
) -> None:
    page = visit(name, lang=lang, size=DESK if lang == "da" else PHONE)
    troubles, pages = {}, 0
    for link in _walk(page, address, PEOPLE[name]):
        pages += 1
        found = _violations(page)
        page.set_viewport_size({"width": 320, "height": 640})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > 320:
            found.append(f"{wide} px wide")
        page.set_viewport_size(DESK if lang == "da" else PHONE)
        if found:
            troubles[link] = found
    assert troubles == {}
    assert pages >= 5


def test_questions_errors_and_swapped_parts_are_clean_too(visit: Open) -> None:
    page = visit("gustav")
    page.goto(page.url + "/vej")
    page.locator("main form button").click()
    seen = 0
    for _ in range(10):
        if page.url.endswith("/svar"):
            break
        title = page.locator("h1").inner_text()
        page.locator("button.button[value=next]").click()
        page.locator("#fejl").wait_for()
        assert _violations(page) == [], title
        seen += 1
        page.locator("button[value=decline]").click()
        page.locator("h1", has_text=title).wait_for(state="detached")
    assert _violations(page) == []
    assert seen >= 5


def test_an_employers_steps_and_mistakes_are_clean(visit: Open) -> None:
    page = visit("lise")
    page.goto(page.url + "/ny")
    page.locator("main form button").first.click()
    assert _violations(page) == []
    choose(page, "input[value=wage_subsidy]")
    page.locator("main form button").first.click()
    base = page.url.rsplit("/", 1)[0]
    for step in range(1, 7):
        page.goto(f"{base}/{step}")
        assert _violations(page) == [], step
        if step < 6:
            page.locator("button.button[value=next]").click()
            assert _violations(page) == [], f"mistakes on {step}"
