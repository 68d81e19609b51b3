"""The journeys around the three main ones: rules read and published, help given, a reason said. Keyboard, no JavaScript."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESK, PHONE, Open, press, write


@pytest.mark.parametrize(("lang", "scripts"), [("da", True), ("en", False)])
def test_everybody_finds_a_rule_and_a_link_to_it(visit: Open, lang: str, scripts: bool) -> None:
    page = visit("", lang=lang, size=PHONE, scripts=scripts)
    press(page, "footer a[href$='/regler']")
    expect(page.locator("h1")).to_have_text({"da": "Reglerne", "en": "The rules"}[lang])
    rows = page.locator("ol.rules > li")
    everything = rows.count()
    write(page, "#soeg", "helhed" if lang == "da" else "holistic")
    page.keyboard.press("Enter")
    expect(page.locator("#soeg")).to_have_value("helhed" if lang == "da" else "holistic")
    assert 0 < rows.count() < everything
    expect(rows.first).to_contain_text("KL 2011")
    row = rows.first.get_attribute("id")
    press(page, f"a[href='#{row}']")
    assert page.url.endswith(f"#{row}")


@pytest.mark.parametrize("scripts", [True, False])
def test_what_one_administrator_wrote_another_publishes(visit: Open, scripts: bool) -> None:
    """Ada's own draft cannot be published by herself; Axel sees what it would change and publishes it."""
    draft = ("2031-01-01", "2032-01-01")[scripts]
    ada = visit("ada", scripts=scripts)
    _to_the_rules(ada)
    ada.locator("#content").fill(ada.locator("#content").input_value().replace("2027-01-01", draft) + "\n[")
    press(ada, "main form button")
    expect(ada.locator("#fejl")).to_be_visible()
    assert draft in ada.locator("#content").input_value()
    ada.locator("#content").fill(ada.locator("#content").input_value().removesuffix("\n["))
    press(ada, "main form button")
    expect(ada.locator("h1")).to_have_text(f"Regler {draft}")
    expect(ada.locator("form[action$='/udgiv']")).to_have_count(0)
    expect(ada.locator("main")).to_contain_text("En anden administrator skal udgive den.")
    axel = visit("axel", scripts=scripts)
    _to_the_rules(axel)
    link = axel.locator("main th a", has_text=draft)
    press(axel, f"a[href='{link.get_attribute('href')}']")
    expect(axel.locator("main")).to_contain_text("opdigtede personer")
    press(axel, "form[action$='/udgiv'] button")
    expect(axel.locator(".alert-success")).to_contain_text("Reglerne er udgivet")


def _to_the_rules(page: Page) -> None:
    page.goto(page.url.split("/medarbejder")[0] + "/medarbejder/kommune")
    press(page, "main a[href$='/medarbejder/regler']")
    expect(page.locator("h1")).to_have_text("Kommunens egne regler")


@pytest.mark.parametrize(("name", "size", "scripts"), [("amina", PHONE, False), ("gustav", DESK, True)])
def test_a_companion_is_noted_and_stopped_with_the_keyboard(
    visit: Open, name: str, size: dict[str, int], scripts: bool
) -> None:
    page = visit(name, size=size, scripts=scripts)
    page.goto(page.url.split("/borger")[0] + "/borger/hjaelpere")
    press(page, "form[action$='/hjaelpere'] button[type=submit]")
    expect(page.locator("#fejl")).to_be_visible()
    press(page, "input[name=kind][value=companion]", "Space")
    write(page, "#name", "Karla Testsen")
    press(page, "form[action$='/hjaelpere'] button[type=submit]")
    expect(page.locator(".alert-success")).to_contain_text("Personen er noteret")
    press(page, "form[action$='/stop'] button")
    expect(page.locator(".alert-success")).to_contain_text("Det er stoppet")
    expect(page.locator("main")).not_to_contain_text("Karla Testsen")


@pytest.mark.parametrize(("name", "scripts"), [("amina", False), ("bo", True)])
def test_everything_about_oneself_is_shown_with_the_keyboard(visit: Open, name: str, scripts: bool) -> None:
    page = visit(name, size=PHONE, scripts=scripts)
    press(page, "a[href$='/mine-oplysninger']")
    expect(page.locator("h1")).to_have_text("Alt om dig")
    press(page, "button[value=page]")
    expect(page.locator("dl.own-data").first).to_be_visible()


@pytest.mark.parametrize(("name", "scripts"), [("rikke", True), ("jonas", False)])
def test_a_reason_is_said_before_a_case_of_others_is_seen(visit: Open, name: str, scripts: bool) -> None:
    page = visit(name, scripts=scripts)
    page.goto(page.url.split("/medarbejder")[0] + "/medarbejder/borgere")
    press(page, "main table a[href*='/medarbejder/samtale/']")
    expect(page.locator("h1")).to_have_text("Hvorfor skal du se det?")
    press(page, "main form button")
    expect(page.locator("#fejl")).to_be_visible()
    press(page, "input[name=purpose]", "Space")
    press(page, "main form button")
    expect(page.locator("h1")).not_to_have_text("Hvorfor skal du se det?")
