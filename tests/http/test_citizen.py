"""A citizen's conversations through HTTP, on both engines."""

from __future__ import annotations

from sqlalchemy import func, select

from portal.store.tables import Booking, Breach, Conversation, Outbox
from tests import cast, page
from tests.conftest import Portal


async def _count(portal: Portal, table: type) -> int:
    async with portal.store.reading(cast.HOME) as reader:
        return (await reader.one(select(func.count()).select_from(table)))[0]


async def _ask(portal: Portal, name: str = "amina", **values: str):
    person = await portal.log_in(name)
    opened = await person.see("/borger/samtale/ny")
    found = page.form(opened.text, "/samtale/ny")
    slot = values.pop("slot", found.choices.get("slot", ["none"])[0])
    answer = await person.browser.post(
        found.action, data={**found.fields, "slot": slot, "action": "book", **values}
    )
    return person, answer, found


async def test_asking_books_a_time_inside_the_promise(portal: Portal) -> None:
    person, answer, _ = await _ask(portal)
    assert answer.status_code == 303
    shown = page.text((await person.see(answer.headers["location"].removeprefix("/silkeborg"))).text)
    assert "Tirsdag den 24. november kl. 09.00" in shown
    assert "Vores løfte: samtalen holdes senest torsdag den 3. december" in shown
    assert await _count(portal, Booking) == 1
    assert await _count(portal, Outbox) == 1


async def test_a_double_submit_gives_one_case_and_the_same_page(portal: Portal) -> None:
    person, first, found = await _ask(portal)
    sent = {**found.fields, "slot": found.choices["slot"][0], "action": "book"}
    again = await person.browser.post(found.action, data=sent)
    assert again.status_code == 303
    assert again.headers["location"] == first.headers["location"]
    other = await person.browser.post(found.action, data={**sent, "slot": found.choices["slot"][1]})
    assert other.headers["location"].split("?")[0] == first.headers["location"].split("?")[0]
    assert await _count(portal, Conversation) == 1


async def test_no_time_inside_the_promise_stands_as_waiting_and_is_red_at_once(portal: Portal) -> None:
    _, answer, _ = await _ask(portal, slot="none")
    assert answer.status_code == 303
    board = page.text((await (await portal.log_in("tove")).see("/medarbejder/tavle")).text)
    assert "1 samtaler uden tid inden fristen" in board
    assert "I fare: ingen tid, senest 3. dec." in board


async def test_a_time_somebody_took_answers_409_and_keeps_what_was_typed(portal: Portal) -> None:
    birger = await portal.log_in("birger")
    opened = await birger.see("/borger/samtale/ny")
    await _ask(portal, "amina")
    first = page.form(opened.text, "/samtale/ny").choices["slot"][0]
    answer = await birger.send(opened.text, "/samtale/ny", slot=first, action="book", about="Om mit kursus")
    assert answer.status_code == 409
    assert "Tiden er lige blevet taget af en anden" in page.text(answer.text)
    assert page.form(answer.text, "/samtale/ny").fields["about"] == "Om mit kursus"


async def test_moving_past_the_promise_needs_the_citizens_own_clear_choice(portal: Portal) -> None:
    person, answer, _ = await _ask(portal)
    talk = answer.headers["location"].split("?")[0].removeprefix("/silkeborg")
    later = await person.see(talk + "/flyt?senere=1")
    slot = page.form(later.text, "/flyt").choices["slot"][-1]
    refused = await person.send(later.text, "/flyt", slot=slot)
    assert refused.status_code == 422
    assert "Sæt flueben, hvis du selv vælger det" in page.text(refused.text)
    moved = await person.send(refused.text, "/flyt", slot=slot, own_choice="1")
    assert moved.status_code == 303
    shown = page.text((await person.see(talk)).text)
    assert "Du har selv valgt en tid efter vores frist" in shown
    portal.later(days=14)
    board = page.text((await (await portal.log_in("tove")).see("/medarbejder/tavle")).text)
    assert "0 samtaler, hvor løftet er brudt" in board


async def test_a_broken_promise_is_seen_on_the_pages_without_the_worker(portal: Portal) -> None:
    await _ask(portal, slot="none")
    portal.later(days=12)
    person = await portal.log_in("amina")
    assert "Det har vi ikke holdt" in page.text((await person.see("/borger")).text)
    assert await _count(portal, Breach) == 0


async def test_cancelling_frees_the_time(portal: Portal) -> None:
    person, answer, found = await _ask(portal)
    talk = answer.headers["location"].split("?")[0].removeprefix("/silkeborg")
    gone = await person.fill(talk + "/aflys", "/aflys")
    assert gone.status_code == 303
    _, again, other = await _ask(portal, "birger")
    assert again.status_code == 303
    assert other.choices["slot"][0] == found.choices["slot"][0]


async def test_a_caseworker_books_on_the_phone_under_the_same_clock(portal: Portal) -> None:
    rikke = await portal.log_in("rikke")
    found = await rikke.fill("/medarbejder/telefon", "/telefon", navn="ami")
    assert "Amina" in page.text(found.text)
    answer = await rikke.fill(
        f"/medarbejder/telefon/{cast.identity('amina')}", cast.identity("amina"), slot="none", action="book"
    )
    assert answer.status_code == 303
    shown = page.text((await rikke.see(answer.headers["location"].removeprefix("/silkeborg"))).text)
    assert "på telefon, noteret af en medarbejder" in shown
    assert "Løftet: holdes senest torsdag den 3. december" in shown
