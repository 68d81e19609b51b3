"""Whole journeys in a real browser: both languages, phone and desktop, keyboard alone, without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import AXE, RUN
from tests.e2e.conftest import DESK, PHONE, Open, choose, press, write

WORDS = {
    "da": {
        "ask": "Bed om en samtale",
        "booked": "Vi har modtaget dit ønske",
        "promise": "Vores løfte",
        "sent": "Vi har modtaget jeres henvendelse",
        "check": "Tjek dine svar",
    },
    "en": {
        "ask": "Ask for a conversation",
        "booked": "We have received your request",
        "promise": "Our promise",
        "sent": "We have received your request",
        "check": "Check your answers",
    },
}


def _ask(page: Page, lang: str) -> None:
    page.locator("main").get_by_role("link", name=WORDS[lang]["ask"]).first.click()
    expect(page.locator("h1")).to_have_text(WORDS[lang]["ask"])
    expect(page.locator(".promise").first).to_contain_text(WORDS[lang]["promise"])
    page.locator("label.time-choice").first.click()
    page.locator("button[value=book]").click()
    expect(page.get_by_role("status")).to_contain_text(WORDS[lang]["booked"])


@pytest.mark.parametrize(
    ("name", "lang", "size", "scripts"),
    [
        ("amina", "da", DESK, True),
        ("dan", "en", PHONE, True),
        ("erik", "da", PHONE, False),
        ("gustav", "en", DESK, False),
    ],
)
def test_a_citizen_asks_and_is_booked_moves_and_cancels(
    visit: Open, name: str, lang: str, size: dict, scripts: bool
) -> None:
    page = visit(name, lang=lang, size=size, scripts=scripts)
    _ask(page, lang)
    booked = page.locator(".promise strong").first.inner_text()
    page.locator("a[href$='/flyt']").click()
    page.locator("label.time-choice").nth(2).click()
    page.locator("main form button").last.click()
    assert page.locator(".promise strong").first.inner_text() != booked
    page.locator("a[href$='/aflys']").click()
    page.locator("main form button").click()
    expect(page.locator(".alert-success")).to_be_visible()


def test_changing_the_form_shows_other_times_without_leaving_the_page(visit: Open) -> None:
    page = visit("hanne")
    page.goto(page.url + "/samtale/ny")
    page.fill("#about", "Om mit kursus")
    choose(page, "#kontanthjaelp")
    expect(page.locator("#times")).to_contain_text("Det er din første samtale om kontanthjælp")
    assert page.input_value("#about") == "Om mit kursus"


def _answer(page: Page, answers: dict[str, str]) -> None:
    """Answers question by question until there is nothing more to ask."""
    for _ in range(14):
        heading = page.locator("h1")
        title = heading.inner_text()
        if page.url.endswith("/svar"):
            return
        value = next((answer for words, answer in answers.items() if words in title), None)
        if value is None:
            page.locator("button[value=decline]").click()
        elif page.locator(f"input[name=answer][value='{value}']").count():
            choose(page, f"input[name=answer][value='{value}']")
            page.locator("button.button[value=next]").click()
        else:
            page.locator("input[name=text]").fill(value)
            page.locator("button.button[value=next]").click()
            if "arbejder du med" in title or "work as" in title:
                expect(page.locator(".suggestions")).to_be_visible()
                choose(page, "input[name=answer]")
                page.locator("button.button[value=next]").click()
        expect(page.locator("h1")).not_to_have_text(title)


@pytest.mark.parametrize(
    ("name", "lang", "size", "scripts"),
    [("amina", "da", PHONE, True), ("hanne", "en", DESK, True), ("dan", "da", DESK, False)],
)
def test_find_your_way(visit: Open, name: str, lang: str, size: dict, scripts: bool) -> None:
    page = visit(name, lang=lang, size=size, scripts=scripts)
    page.goto(page.url.split("?")[0] + "/vej")
    page.locator("main form button").click()
    answers = {
        "lever du af": "kontanthjaelp",
        "live on": "kontanthjaelp",
        "fylder i dit liv": "0",
        "weigh on": "0",
        "helbred": "none",
        "health": "none",
        "tage et arbejde": "now",
        "take a job": "now",
        "uddannelse": "basic",
        "education": "basic",
        "arbejder du med": "sygeplejersker",
        "work as": "nurse",
        "ledig": "12",
        "unemployed": "12",
    }
    _answer(page, answers)
    expect(page.locator("h1")).to_have_text(WORDS[lang]["check"])
    page.locator("main form button").click()
    expect(page.locator("h1")).not_to_have_text(WORDS[lang]["check"])
    text = page.locator("main").inner_text()
    assert "route." in page.content()
    assert ("ikke en afgørelse" in text) or ("not a decision" in text)
    page.locator("main").get_by_role("link", name=WORDS[lang]["ask"]).first.click()
    expect(page.locator("h1")).to_have_text(WORDS[lang]["ask"])


@pytest.mark.parametrize(
    ("name", "lang", "size", "scripts"),
    [("gustav", "da", PHONE, True), ("erik", "en", DESK, True), ("camilla", "da", PHONE, False)],
)
def test_a_first_message_in_own_words_with_the_keyboard(
    visit: Open, name: str, lang: str, size: dict, scripts: bool
) -> None:
    """Told, shown as chips, one of them taken away, the rest kept; and read out where the focus is."""
    page = visit(name, lang=lang, size=size, scripts=scripts)
    page.goto(page.url.split("?")[0] + "/vej")
    told = {
        "da": "Jeg får dagpenge, har kun taget 9. klasse, er butiksassistent og kan arbejde nu",
        "en": "I get dagpenge, have only finished 9th grade, work as a shop assistant and can work now",
    }
    write(page, "#text", told[lang])
    press(page, "main form .button-primary")
    expect(page.locator("h1")).to_have_text({"da": "Det forstod vi", "en": "What we understood"}[lang])
    chips = page.locator(".chips input[type=checkbox]")
    expect(chips).to_have_count(4)
    if scripts:
        heard = page.evaluate(
            "document.getElementById(document.activeElement.getAttribute('aria-describedby')).innerText"
        )
        assert "Dagpenge" in heard
        page.evaluate(AXE)
        assert page.evaluate(RUN) == []
    press(page, "#keep-education", "Space")
    expect(page.locator("#keep-education")).not_to_be_checked()
    press(page, "button.button[value=keep]")
    expect(page.locator("h1")).not_to_have_text({"da": "Det forstod vi", "en": "What we understood"}[lang])
    page.goto(page.url.split("?")[0])
    asked = page.locator("h1").inner_text()
    assert "lever du af" not in asked
    assert "live on" not in asked


def test_focus_moves_to_the_next_question_and_back_goes_back(visit: Open) -> None:
    page = visit("birger")
    page.goto(page.url + "/vej")
    page.locator("main form button").click()
    first = page.locator("h1").inner_text()
    choose(page, "input[name=answer]")
    page.locator("button.button[value=next]").click()
    expect(page.locator("h1")).not_to_have_text(first)
    expect(page.locator("h1")).to_be_focused()
    page.locator("a.back-link").click()
    expect(page.locator("h1")).to_have_text(first)
    expect(page.locator("input[name=answer]:checked")).to_have_count(1)
    page.get_by_role("button", name="Jeg vil hellere tale med et menneske").click()
    expect(page.locator("h1")).to_have_text("Vi taler sammen")


def _fill_request(page: Page, scripts: bool) -> None:
    page.locator("a[href$='/virksomhed/ny']").first.click()
    choose(page, "input[value=placement]")
    page.locator("main form button").first.click()
    page.fill("#workplace", "Torvet 3, Silkeborg")
    page.fill("#p_number", "1000000001")
    choose(page, "input[name=sector][value=private]")
    choose(page, "input[name=who][value=open]")
    page.fill("#positions", "3")
    page.locator("button.button[value=next]").click()
    page.fill("#ordinary_fte", "9")
    page.fill("#supported_fte", "0")
    page.locator("button.button[value=next]").click()
    page.fill("#job_title", "Bager")
    page.fill("#tasks", "Bage brød")
    page.fill("#purpose", "Prøve faget af")
    page.fill("#weekly_hours", "37")
    if scripts:
        page.keyboard.press("Tab")
        expect(page.locator("#conditions")).to_contain_text(re.compile("højst 1 pladser|at most 1 positions"))
    page.fill("#start", "31-12-2027")
    page.fill("#weeks", "4")
    choose(page, "input[name=vacated][value=no]")
    page.locator("button.button[value=next]").click()
    choose(page, "input[name=representative][value=agrees]")
    page.locator("button.button[value=next]").click()


@pytest.mark.parametrize(
    ("name", "lang", "size", "scripts"),
    [("bo", "da", DESK, True), ("lise", "en", PHONE, True), ("mads", "da", PHONE, False)],
)
def test_an_employer_sends_and_clara_decides(
    visit: Open, name: str, lang: str, size: dict, scripts: bool
) -> None:
    page = visit(name, lang=lang, size=size, scripts=scripts)
    _fill_request(page, scripts)
    expect(page.locator("h1")).to_have_text(WORDS[lang]["check"])
    expect(page.locator(".alert-warning")).to_be_visible()
    page.locator("main form button").click()
    expect(page.locator("h1")).to_have_text(WORDS[lang]["sent"])
    case = page.url.split("/")[-2]

    clara = visit("clara", size=size, scripts=scripts)
    clara.goto(clara.url.split("/medarbejder")[0] + f"/medarbejder/sag/{case}")
    expect(clara.locator("main")).to_contain_text("desk.company")
    clara.get_by_role("button", name="Tag sagen").click()
    clara.locator("form[action$='/spoerg'] textarea").fill("Hvem er kontaktperson?")
    clara.get_by_role("button", name="Send spørgsmålet").click()

    page.goto(page.url.replace("/kvittering", ""))
    expect(page.locator("main")).to_contain_text("Clara Holm")
    page.locator("form[action$='/tilfoej'] textarea").fill("Det er Bo.")
    page.locator("form[action$='/tilfoej'] button").click()

    clara.reload()
    choose(clara, "#outcome input[value=refused]")
    clara.fill("#reasons", "Der er ikke plads til så mange.")
    clara.get_by_role("button", name="Se brevet, før det sendes").click()
    expect(clara.locator("main")).to_contain_text("Intet er sendt endnu")
    clara.get_by_role("button", name="Send afgørelsen").click()
    expect(clara.locator(".alert-success")).to_contain_text("Afgørelsen er sendt")

    page.reload()
    expect(page.locator("article.letter")).to_contain_text("Der er ikke plads til så mange.")
    expect(page.locator("article.letter")).to_contain_text(
        re.compile("klage over afgørelsen|complain about the decision")
    )


def test_the_keyboard_alone_is_enough_to_be_booked(visit: Open) -> None:
    page = visit("hanne")
    page.goto(page.url)
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Gå til sidens indhold")
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.locator(":focus").inner_text() == "Bed om en samtale":
            break
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Bed om en samtale")
    page.locator("main").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "slot":
            break
    page.keyboard.press("Space")
    expect(page.locator("input[name=slot]:checked")).to_have_count(1)
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.value") == "book":
            break
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Din samtale")


def test_tove_sees_at_once_that_somebody_has_no_time(visit: Open) -> None:
    page = visit("tove")
    expect(page.locator("h1")).to_have_text("Tavlen")
    expect(page.locator(".board")).to_contain_text("samtaler uden tid inden fristen")
    expect(page.locator("main")).to_contain_text("Fatima Testsen")


def test_ada_sees_the_promise_and_that_it_takes_two_to_change_it(visit: Open) -> None:
    page = visit("ada")
    expect(page.locator("main")).to_contain_text("inden for 10 dage")
    page.get_by_role("link", name="Kommunens egne regler").click()
    page.fill("#content", page.input_value("#content").replace("value = 8", "value = 11"))
    page.get_by_role("button", name="Gem og prøv kladden").click()
    expect(page.locator("main")).to_contain_text("11 days is longer than the promised 10")
    expect(page.locator("form[action$='/udgiv']")).to_have_count(0)


@pytest.mark.parametrize("name", ["amina", "bo", "clara"])
def test_after_logging_out_the_back_button_shows_nothing(visit: Open, name: str) -> None:
    page = visit(name)
    secret = {"amina": "Hej Amina Yusuf", "bo": "Bos Bageri", "clara": "Virksomhedernes henvendelser"}[name]
    expect(page.locator("h1")).to_contain_text(secret)
    page.locator("form[action$='/log-ud'] button").click()
    expect(page.locator(".alert-success")).to_be_visible()
    page.go_back()
    expect(page.locator("h1")).not_to_contain_text(secret)
    kept = page.evaluate("JSON.stringify([Object.entries(sessionStorage), Object.entries(localStorage)])")
    own_path = page.url.split("/", 3)[
        3
    ]  # htmx notes the address it stands on, here the login page's, and nothing else
    assert kept in ("[[],[]]", f'[[["htmx-current-path-for-history","/{own_path}"]],[]]')


def _next(page: Page, heading: str) -> None:
    press(page, "button.button[value=next]")
    expect(page.locator("h1")).to_have_text(heading)


def test_the_keyboard_alone_is_enough_to_send_and_to_decide(visit: Open) -> None:
    bo = visit("bo")
    press(bo, "a[href$='/virksomhed/ny']")
    expect(bo.locator("h1")).to_have_text("Hvad vil I?")
    press(bo, "input[name=scheme]", "Space")
    press(bo, "main form button")
    expect(bo.locator("h1")).to_have_text("Hvor og hvem")
    write(bo, "#workplace", "Torvet 3")
    write(bo, "#p_number", "1000000001")
    press(bo, "input[name=sector]", "Space")
    press(bo, "input[name=who]", "Space")
    write(bo, "#positions", "1")
    _next(bo, "Ansatte")
    write(bo, "#ordinary_fte", "14")
    write(bo, "#supported_fte", "0")
    _next(bo, "Arbejdet")
    write(bo, "#job_title", "Bager")
    write(bo, "#tasks", "Bage brød")
    write(bo, "#purpose", "Prøve faget af")
    write(bo, "#weekly_hours", "30")
    write(bo, "#start", "31-12-2099")
    write(bo, "#weeks", "4")
    press(bo, "input[name=vacated]", "Space")
    _next(bo, "Medarbejderne")
    press(bo, "input[name=representative]", "Space")
    _next(bo, "Tjek dine svar")
    press(bo, "main form button")
    expect(bo.locator("h1")).to_have_text("Vi har modtaget jeres henvendelse")
    case = bo.url.split("/")[-2]

    clara = visit("clara")
    press(clara, f"a[href$='/medarbejder/sag/{case}']")
    expect(clara.locator("h1")).to_contain_text("Bos Bageri ApS")
    press(clara, "form[action$='/tag'] button")
    expect(clara.locator(".alert-success")).to_contain_text("Sagen er din")
    press(clara, "input[name=outcome]", "Space")
    write(clara, "#reasons", "Alt er i orden.")
    write(clara, "#law", "LAB kap. 11")
    press(clara, "form[action$='/afgoer'] button")
    expect(clara.locator("h1")).to_have_text("Sådan kommer brevet til at se ud")
    press(clara, "button[value=send]")
    expect(clara.locator(".alert-success")).to_contain_text("Afgørelsen er sendt")
