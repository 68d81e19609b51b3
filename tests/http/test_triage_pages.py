"""Find din vej through HTTP: one question at a time, back and forth, never one that cannot matter."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.store.tables import Dialogue
from tests import cast, page
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


async def test_all_answers_stay_on_the_page_when_words_were_understood(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    opened = await amina.see(address)
    heard = await amina.send(opened.text, "/ret/benefit", text="får penge fra 3F", action="next")
    form = page.form(heard.text, "/ret/benefit")
    assert form.fields["answer"] == "dagpenge"
    assert len(form.choices["answer"]) == 9
    assert "Det forstod vi: Dagpenge fra en a-kasse. Passer det?" in page.text(heard.text)


async def test_words_beside_an_answer_that_only_stood_there_are_a_correction(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    opened = await amina.see(address)
    await amina.send(opened.text, "/ret/benefit", answer="dagpenge", action="next")
    stands = await amina.see(f"{address}/ret/benefit")
    heard = await amina.send(stands.text, "/ret/benefit", text="nej jeg får kontanthjælp", action="next")
    assert page.form(heard.text, "/ret/benefit").fields["answer"] == "kontanthjaelp"
    other = await amina.send(
        (await amina.see(f"{address}/ret/health")).text,
        "/ret/health",
        answer="none",
        text="jeg må ikke løfte tungt",
        action="next",
    )
    assert page.form(other.text, "/ret/health").fields["answer"] == "some"  # chosen and said apart: asked


async def test_nothing_chosen_after_a_suggestion_is_said_and_does_not_go_round_in_silence(
    portal: Portal,
) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    shown = await amina.see(f"{address}/ret/health")
    heard = await amina.send(shown.text, "/ret/health", text="Jeg har en prolaps", action="next")
    form = page.form(heard.text, "/ret/health")
    assert "answer" not in form.fields
    assert "Mente du “Ja, noget” eller “Ja, meget”?" in page.text(heard.text)
    again = await amina.send(heard.text, "/ret/health", action="next")
    assert again.status_code == 422
    assert "Vælg et svar" in page.text(again.text)


@pytest.mark.parametrize("words", ["det rager ikke jer", "I'd rather not say", "det ved jeg ikke"])
async def test_who_will_not_or_cannot_say_goes_on_without_a_word_of_mistake(
    portal: Portal, words: str
) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    shown = await amina.see(f"{address}/ret/social_barriers")
    on = await amina.send(shown.text, "/ret/social_barriers", text=words, action="next")
    assert on.status_code == 303
    async with portal.store.reading(cast.HOME) as reader:
        assert (await reader.rows(select(Dialogue)))[0].declined == {"facts": ["social_barriers"]}


async def test_nothing_nobody_answered_is_told_as_the_reason(portal: Portal) -> None:
    """Two things that weigh settle the way before anybody has asked about the health."""
    amina = await portal.log_in("amina")
    address, asked = await _walk(
        amina, {"benefit": "kontanthjaelp", "social_barriers": "2", "weeks_unemployed": "9"}
    )
    assert "health" not in asked
    await amina.fill(f"{address}/svar", "/svar")
    shown = page.text((await amina.see(f"{address}/resultat")).text)
    assert "Der er flere ting i dit liv" in shown
    assert "Dit helbred gør det" not in shown


async def test_who_answers_and_asks_for_a_person_is_asked_before_the_walk_ends(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    shown = await amina.see(f"{address}/ret/readiness")
    answer = await amina.send(
        shown.text, "/ret/readiness", text="jeg kan arbejde nu, men ring til mig først", action="next"
    )
    assert answer.status_code == 200
    assert "Vil du hellere tale med et menneske?" in page.text(answer.text)
    assert page.form(answer.text, "/ret/readiness").fields["answer"] == "now"


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
