"""One's own words through HTTP: read, shown, kept only where confirmed, and nothing of them stored."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlmodel import SQLModel

from portal.store.tables import Dialogue
from tests import cast, page
from tests.conftest import Portal, behind
from tests.http.test_triage_pages import _begin, _question


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


async def test_words_not_understood_take_the_earlier_answer_off_the_page(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    address = await _begin(amina)
    shown = await amina.see(f"{address}/ret/readiness")
    await amina.send(shown.text, "/ret/readiness", answer="now", action="next")
    again = await amina.see(f"{address}/ret/readiness")
    assert page.form(again.text, "/ret/readiness").fields["answer"] == "now"
    answer = await amina.send(again.text, "/ret/readiness", text="blå gulerødder", action="next")
    assert answer.status_code == 422
    assert "answer" not in page.form(answer.text, "/ret/readiness").fields
