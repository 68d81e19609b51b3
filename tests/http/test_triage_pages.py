"""Find din vej through HTTP: one question at a time, back and forth, never one that cannot matter."""

from __future__ import annotations

from tests import page
from tests.conftest import Person, Portal

ANSWERS = {
    "benefit": "dagpenge",
    "social_barriers": "0",
    "health": "none",
    "readiness": "now",
    "education": "vocational",
}
QUESTIONS = {
    "Hvad lever du af lige nu?": "benefit",
    "Hvor mange af disse ting fylder i dit liv lige nu?": "social_barriers",
    "Sætter dit helbred grænser for, hvad du kan arbejde med?": "health",
    "Kan du tage et arbejde nu?": "readiness",
    "Hvad er din højeste fuldførte uddannelse?": "education",
    "Hvor mange uger har du været ledig?": "weeks_unemployed",
    "Hvad arbejder du med, eller hvad har du senest arbejdet med?": "occupation",
}


async def _begin(person: Person) -> str:
    answer = await person.fill("/borger/vej", "/borger/vej")
    return answer.headers["location"].removeprefix("/silkeborg")


def _question(html: str) -> str:
    return next(fact for words, fact in QUESTIONS.items() if "<h1" in html and words in html)


async def _walk(person: Person, answers: dict[str, str]) -> tuple[str, list[str]]:
    """Answers until nothing more is asked; gives the walk's address and what was asked."""
    address = await _begin(person)
    asked: list[str] = []
    for _ in range(15):
        opened = await person.see(address)
        if str(opened.url).endswith("/svar"):
            return address, asked
        fact = _question(opened.text)
        asked.append(fact)
        action = page.forms(opened.text)
        end = next(one.action for one in action if f"{address}/ret/" in one.action)
        value = answers.get(fact)
        sent = (
            {"action": "decline"}
            if value is None
            else {"text": value, "action": "next"}
            if fact in ("weeks_unemployed", "occupation")
            else {"answer": value, "action": "next"}
        )
        answer = await person.send(opened.text, end, **sent)
        if answer.status_code == 200:
            answer = await person.send(
                answer.text, end, answer=page.form(answer.text, end).choices["answer"][0], action="next"
            )
        assert answer.status_code == 303, page.text(answer.text)
    raise AssertionError(asked)


async def test_it_asks_only_what_can_matter_and_says_why(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address, asked = await _walk(amina, {**ANSWERS, "weeks_unemployed": "10", "occupation": "sygeplejerske"})
    assert asked == ["benefit", "social_barriers", "health", "readiness", "occupation", "weeks_unemployed"]
    assert asked[-1] == "weeks_unemployed"
    assert (await amina.fill(f"{address}/svar", "/svar")).status_code == 303
    shown = page.text((await amina.see(f"{address}/resultat")).text)
    assert "Du søger job på egen hånd" in shown
    assert "Det er et råd og ikke en afgørelse" in shown
    assert "Regel: route.self_directed. Regelsæt: national+740 2026-11-25+2023-07-01." in shown
    assert "Jobteam" in shown
    assert "Hvad ville have ført et andet sted hen?" in shown


async def test_occupation_is_understood_and_the_outlook_never_asked(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address, asked = await _walk(
        amina, {**ANSWERS, "education": "basic", "occupation": "butiks asistent", "weeks_unemployed": "3"}
    )
    assert "occupation" in asked
    await amina.fill(f"{address}/svar", "/svar")
    shown = page.text((await amina.see(f"{address}/resultat")).text)
    assert "Butiksassistent (Få job lige nu)" in shown
    assert "route.education.job_change" in shown


async def test_a_person_is_always_one_button_away(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    opened = await amina.see(address)
    assert "Jeg vil hellere tale med et menneske" in opened.text
    answer = await amina.send(opened.text, "/ret/benefit", action="person")
    shown = page.text((await amina.see(answer.headers["location"].removeprefix("/silkeborg"))).text)
    assert "Vi taler sammen" in shown
    assert "Modtagelse" in shown


async def test_free_text_that_asks_for_a_person_gets_one(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    opened = await amina.see(address)
    answer = await amina.send(
        opened.text, "/ret/benefit", text="jeg vil bare tale med en sagsbehandler", action="next"
    )
    assert answer.headers["location"].endswith("/resultat")


async def test_declining_everything_ends_with_a_person_not_a_dead_end(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address, _ = await _walk(amina, {})
    await amina.fill(f"{address}/svar", "/svar")
    assert "route.unclear" in page.text((await amina.see(f"{address}/resultat")).text)


async def test_an_answer_can_be_changed_and_the_walk_is_found_again_later(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address, _ = await _walk(amina, {**ANSWERS, "weeks_unemployed": "10"})
    portal.later(days=2)
    amina = await portal.log_in("amina")
    assert await _begin(amina) == address
    changed = await amina.fill(f"{address}/ret/health", "/ret/health", answer="severe", action="next")
    assert changed.status_code == 303
    checked = await amina.see(f"{address}/svar")
    assert "Ja, meget" in page.text(checked.text)
    await amina.send(checked.text, "/svar")
    assert "route.holistic.health" in page.text((await amina.see(f"{address}/resultat")).text)


async def test_text_nobody_understands_is_asked_again_with_a_way_on(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    opened = await amina.see(address)
    answer = await amina.send(opened.text, "/ret/benefit", text="qqqq zzzz", action="next")
    assert answer.status_code == 422
    assert "Det forstod vi ikke" in page.text(answer.text)
    assert page.form(answer.text, "/ret/benefit").fields["text"] == "qqqq zzzz"


async def test_htmx_gets_the_block_and_its_title_a_browser_the_page(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    whole = await amina.see(address)
    part = await amina.browser.get(
        f"/silkeborg{address}", headers={"hx-request": "true", "hx-target": "step"}
    )
    restored = await amina.browser.get(
        f"/silkeborg{address}",
        headers={"hx-request": "true", "hx-target": "step", "hx-history-restore-request": "true"},
    )
    assert part.text.startswith("<title>Hvad lever du af lige nu?</title>")
    assert "<html" not in part.text
    assert "<html" in whole.text
    assert "<html" in restored.text
    assert page.text(part.text).removeprefix("Hvad lever du af lige nu? ") in page.text(whole.text)
    assert part.headers["vary"] == "HX-Request, Cookie"
