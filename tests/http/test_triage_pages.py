"""Find din vej through HTTP: one question at a time, back and forth, never one that cannot matter."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlmodel import SQLModel

from portal.store.tables import Dialogue
from tests import cast, page
from tests.conftest import Person, Portal, behind

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
    heard = await amina.send(shown.text, "/ret/health", text="Jeg har slidgigt", action="next")
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
    assert "Flere ting" in shown or "flere ting" in shown
    assert "Dit helbred gør det" not in shown


async def test_who_only_names_a_caseworker_is_asked_before_the_walk_ends(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    shown = await amina.see(f"{address}/ret/readiness")
    answer = await amina.send(
        shown.text, "/ret/readiness", text="min sagsbehandler mener jeg kan arbejde nu", action="next"
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


# ------------------------------------------------------------------ own words


async def test_new_words_win_over_what_was_suggested_and_the_same_words_do_not(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    opened = await amina.see(address)
    suggested = await amina.send(opened.text, "/ret/benefit", text="får penge fra 3F", action="next")
    assert "Dagpenge fra en a-kasse" in page.text(suggested.text)
    again = await amina.send(
        suggested.text, "/ret/benefit", answer="dagpenge", text="nej, kontanthjælp", action="next"
    )
    assert again.status_code == 200
    assert page.form(again.text, "/ret/benefit").fields["answer"] == "kontanthjaelp"
    taken = await amina.send(again.text, "/ret/benefit", answer="kontanthjaelp", action="next")
    assert taken.status_code == 303


@pytest.mark.parametrize(
    ("words", "line"),
    [("jeg vil ikke leve mere", "70 201 201"), ("min mand slår mig", "1888"), ("I want to die", "112")],
)
async def test_despair_is_met_first_whatever_was_chosen_and_nothing_is_set(
    portal: Portal, words: str, line: str
) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    opened = await amina.see(address)
    met = await amina.send(opened.text, "/ret/benefit", answer="dagpenge", text=words, action="next")
    assert met.status_code == 200
    assert line in page.text(met.text)
    assert "Jeg vil gerne tale med et menneske" in page.text(met.text)
    async with portal.store.reading(cast.HOME) as reader:
        assert "benefit" not in (await reader.rows(select(Dialogue)))[0].answers
    on = await amina.send(met.text, "/ret/benefit", answer="dagpenge", action="next")
    assert on.status_code == 303  # the same words again do not hold anybody back


async def _kept_anywhere(portal: Portal, *words: str) -> list[str]:
    """The tables in which any of the words stands."""
    found = []
    async with behind(portal.database) as connection:
        for table in SQLModel.metadata.sorted_tables:
            for row in (await connection.execute(text(f'SELECT * FROM "{table.name}"'))).all():
                found += [table.name for word in words if word in repr(row)]
    return found


async def test_nothing_typed_is_kept_only_what_was_confirmed(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    opened = await amina.see(address)
    typed = "gaar ved krykker siden ulykken 010190-1234, faar dagpenge"
    suggested = await amina.send(opened.text, "/ret/benefit", text=typed, action="next")
    await amina.send(suggested.text, "/ret/benefit", answer="dagpenge", action="next")
    assert await _kept_anywhere(portal, "krykker", "1234, faar") == []


async def test_of_a_message_with_a_diagnosis_a_number_and_somebody_else_nothing_is_kept(
    portal: Portal,
) -> None:
    amina = await portal.log_in("amina")
    opened = await amina.see("/borger/vej")
    typed = "Jeg har sklerose (010190-1234), min mand Torbenius drikker, og jeg lever af dagpenge"
    heard = await amina.send(opened.text, "/borger/vej", text=typed)
    await amina.send(heard.text, "/fortael", action="keep")
    assert (await _answers(portal))["benefit"] == "dagpenge"
    assert "social_barriers" not in await _answers(portal)  # his, not hers
    assert await _kept_anywhere(portal, "sklerose", "010190", "Torbenius") == []


TOLD = "Jeg er 34, er blevet fyret og får dagpenge, har taget 9. klasse og kan arbejde nu. Helbredet er fint."


async def _answers(portal: Portal) -> dict[str, object]:
    async with portal.store.reading(cast.HOME) as reader:
        return dict((await reader.rows(select(Dialogue)))[0].answers)


async def test_a_first_message_settles_several_facts_when_they_are_confirmed(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    opened = await amina.see("/borger/vej")
    heard = await amina.send(opened.text, "/borger/vej", text=TOLD)
    assert heard.status_code == 200
    chips = page.form(heard.text, "/fortael")
    kept = {name for name in chips.fields if name.startswith("keep-")}
    assert {"keep-benefit", "keep-education", "keep-readiness", "keep-health"} <= kept
    assert "keep-age" in kept  # the login says otherwise, and who tells it is asked
    assert "benefit" not in await _answers(portal)  # nothing is kept before it is confirmed
    went = await amina.send(heard.text, "/fortael", action="keep")
    assert went.status_code == 303
    answers = await _answers(portal)
    assert answers["benefit"] == "dagpenge"
    assert answers["education"] == "basic"
    assert answers["health"] == "none"
    asked = _question((await amina.see(went.headers["location"].removeprefix("/silkeborg"))).text)
    assert asked == "social_barriers"


async def test_a_chip_can_be_removed_or_changed(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    opened = await amina.see("/borger/vej")
    heard = await amina.send(opened.text, "/borger/vej", text=TOLD)
    form = page.form(heard.text, "/fortael")
    kept = {name: value for name, value in form.fields.items() if name != "keep-health"}
    changed = await amina.browser.post(form.action, data={**kept, "action": "change:education"})
    assert changed.status_code == 303
    assert changed.headers["location"].endswith("/ret/education")
    answers = await _answers(portal)
    assert "health" not in answers
    assert answers["education"] == "basic"  # as understood, to be changed on the page that opens


async def test_a_message_that_was_changed_is_read_again_before_anything_is_kept(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    opened = await amina.see("/borger/vej")
    heard = await amina.send(opened.text, "/borger/vej", text=TOLD)
    again = await amina.send(heard.text, "/fortael", action="keep", text="Jeg får kontanthjælp")
    assert again.status_code == 200
    assert page.form(again.text, "/fortael").choices["keep-benefit"] == ["kontanthjaelp"]
    assert "benefit" not in await _answers(portal)


async def test_a_message_nobody_understands_is_asked_for_again_and_then_a_person_is_offered(
    portal: Portal,
) -> None:
    amina = await portal.log_in("amina")
    opened = await amina.see("/borger/vej")
    once = await amina.send(opened.text, "/borger/vej", text="qqqq zzzz")
    assert once.status_code == 422
    assert "Det forstod vi ikke Prøv med andre ord" in page.text(once.text)
    assert page.form(once.text, "/fortael").fields["text"] == "qqqq zzzz"
    twice = await amina.send(once.text, "/fortael", action="tell", text="wwww xxxx")
    assert twice.status_code == 422
    assert "Det forstod vi heller ikke" in page.text(twice.text)
    person = await amina.send(twice.text, "/fortael", action="person")
    assert person.headers["location"].endswith("/resultat")


async def test_a_message_of_despair_is_met_before_what_was_understood(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    opened = await amina.see("/borger/vej")
    met = await amina.send(opened.text, "/borger/vej", text="Jeg får dagpenge og jeg vil ikke leve længere")
    assert "70 201 201" in page.text(met.text)
    assert 'href="tel:70201201"' in met.text
    assert "benefit" not in await _answers(portal)


async def test_who_asks_for_a_person_in_a_message_is_asked_once_and_gets_one(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    opened = await amina.see("/borger/vej")
    heard = await amina.send(
        opened.text, "/borger/vej", text="Jeg får dagpenge og vil bare tale med en sagsbehandler"
    )
    assert "Vil du hellere tale med et menneske?" in page.text(heard.text)
    person = await amina.send(heard.text, "/fortael", action="person")
    assert person.headers["location"].endswith("/resultat")


async def test_a_value_no_page_offers_is_refused_and_the_words_are_kept(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    opened = await amina.see("/borger/vej")
    heard = await amina.send(opened.text, "/borger/vej", text=TOLD)
    form = page.form(heard.text, "/fortael")
    for bent in ({"keep-benefit": "x"}, {"keep-age": "900"}, {"keep-industry_outlook": "occupation:0"}):
        refused = await amina.browser.post(form.action, data={**form.fields, **bent, "action": "keep"})
        assert refused.status_code == 422
        assert page.form(refused.text, "/fortael").fields["text"] == TOLD
    assert "benefit" not in await _answers(portal)


async def test_an_occupation_in_a_message_settles_the_outlook(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    opened = await amina.see("/borger/vej")
    heard = await amina.send(opened.text, "/borger/vej", text="Jeg er butiksassistent og får dagpenge")
    assert "hvad har du senest arbejdet med? Butiksassistent" in page.text(heard.text)
    await amina.send(heard.text, "/fortael", action="keep")
    assert (await _answers(portal))["industry_outlook"] == "limited"


async def test_what_is_not_understood_twice_brings_a_person_and_then_counts_as_not_answered(
    portal: Portal,
) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    shown = await amina.see(address)
    for said in ("Det forstod vi ikke", "Det forstod vi heller ikke"):
        shown = await amina.send(shown.text, "/ret/benefit", text=f"qq {len(said)}", action="next")
        assert shown.status_code == 422
        assert said in page.text(shown.text)
    on = await amina.send(shown.text, "/ret/benefit", text="qqqq", action="next")
    assert on.status_code == 303
    async with portal.store.reading(cast.HOME) as reader:
        assert (await reader.rows(select(Dialogue)))[0].declined == {"facts": ["benefit"]}
