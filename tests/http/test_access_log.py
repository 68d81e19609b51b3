"""Looks: a reason before, a line in the same breath, the citizen reads them, a lead signs off lots, many raise an alarm."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal import worker
from portal.staff import oversight
from portal.store import access_log
from portal.store.database import Store
from portal.store.tables import AccessAlarm, AccessLine, AccessSample, Citizen
from tests import cast, page, rows
from tests.conftest import Person, Portal
from tests.http.test_employer_and_desk import _send as send_request


async def _talk(portal: Portal, name: str = "amina") -> str:
    """A conversation of somebody's, waiting in the reception; gives its address for staff."""
    somebody = await portal.log_in(name)
    opened = await somebody.see("/borger/samtale/ny")
    answer = await somebody.send(
        opened.text, "/samtale/ny", about="Min ryg er slidt", slot="none", action="book"
    )
    return "/medarbejder/samtale/" + answer.headers["location"].split("/")[-1].split("?")[0]


async def _lines(store: Store) -> list[tuple[str, str, str]]:
    async with store.reading(cast.HOME) as reader:
        found = await reader.all(
            select(AccessLine.staff_id, AccessLine.relation, AccessLine.purpose).order_by(AccessLine.at)
        )
    return [tuple(row) for row in found]


async def test_own_team_sees_at_once_and_others_say_why_first(portal: Portal) -> None:
    talk = await _talk(portal)
    rikke, anders = await portal.log_in("rikke"), await portal.log_in("anders")
    assert "Min ryg er slidt" in (await rikke.see(talk)).text
    asked = await anders.see(talk)
    assert "Hvorfor skal du se det?" in asked.text
    assert "Min ryg" not in asked.text
    assert "Amina" not in page.text(asked.text)
    assert "Min ryg er slidt" in (await anders.see_because(talk, "supervision")).text
    assert await _lines(portal.store) == [
        (cast.identity("rikke"), "team", "case_work"),
        (cast.identity("anders"), "none", "supervision"),
    ]
    await rikke.fill(talk, "/tag")
    portal.later(minutes=31)
    again = await portal.log_in("anders")
    assert "Hvorfor skal du se det?" in (await again.see(talk)).text  # what was said is good for a while
    fresh = await portal.log_in("rikke")
    await fresh.see(talk)
    assert (await _lines(portal.store))[-1] == (cast.identity("rikke"), "own_case", "case_work")


async def test_a_reason_that_is_none_is_asked_again(portal: Portal) -> None:
    talk = await _talk(portal)
    tove = await portal.log_in("tove")
    opened = await tove.see(talk)
    found = next(one for one in page.forms(opened.text) if "/formaal/" in one.action)
    answer = await tove.browser.post(found.action, data={**found.fields, "purpose": "nysgerrig"})
    assert answer.status_code == 422
    assert "Vælg, hvorfor" in answer.text
    away = await tove.browser.post(
        found.action, data={**found.fields, "purpose": "advice", "back": "https://evil.example"}
    )
    assert away.headers["location"] == "/silkeborg/medarbejder"


async def test_without_the_line_nothing_is_shown(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = await _talk(portal)
    rikke = await portal.log_in("rikke")

    async def cannot(*_: object) -> None:
        raise OSError("no room on the disk")

    monkeypatch.setattr(access_log, "look", cannot)
    answer = await rikke.see(talk)
    assert answer.status_code == 500
    assert "Min ryg" not in answer.text


async def test_the_control_a_page_that_forgets_the_line_is_found(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = await _talk(portal)
    rikke = await portal.log_in("rikke")

    async def forgets(*_: object) -> bool:
        return True

    monkeypatch.setattr(oversight, "may_look", forgets)
    assert "Min ryg" in (await rikke.see(talk)).text
    assert await _lines(portal.store) == []


async def test_the_citizen_reads_who_looked_and_why_but_no_name(portal: Portal) -> None:
    talk = await _talk(portal)
    for name in ("rikke", "anders"):
        await (await portal.log_in(name)).see_because(talk, "supervision")
    amina = await portal.log_in("amina")
    said = page.text((await amina.see("/borger/log")).text)
    assert "Modtagelse" in said
    assert "Tilsynet" in said
    assert "ledelse eller tilsyn" in said
    assert "Rikke" not in said
    assert "Anders" not in said
    birger = await portal.log_in("birger")
    assert "Ingen har åbnet din sag endnu" in page.text((await birger.see("/borger/log")).text)


async def test_a_candidate_reads_looks_from_before_they_were_known(portal: Portal) -> None:
    bo, clara, amina = [await portal.log_in(name) for name in ("bo", "clara", "amina")]
    case = await send_request(bo, who="named", candidate_name="Amina")
    await clara.see(f"/medarbejder/sag/{case}")
    code = (
        page.text((await bo.see(f"/virksomhed/sag/{case}/kvittering")).text)
        .split("Giv koden til Amina ")[1]
        .split(" ")[0]
    )
    assert "Ingen har åbnet" in page.text((await amina.see("/borger/log")).text)
    found = await amina.fill("/borger/kandidat", "/kandidat", code=code)
    await amina.send(found.text, "/kandidat", agrees="yes", weeks_unemployed="30")
    assert "en virksomheds henvendelse" in page.text((await amina.see("/borger/log")).text)


async def test_a_case_that_names_nobody_needs_no_reason(portal: Portal) -> None:
    bo, anders = await portal.log_in("bo"), await portal.log_in("anders")
    case = await send_request(bo)
    assert "Hvorfor skal du se det" not in (await anders.see(f"/medarbejder/sag/{case}")).text
    assert await _lines(portal.store) == []


# ------------------------------------------------------------------ alarm


async def _looks(portal: Portal, staff: str, count: int) -> None:
    async with portal.store.writing(cast.staff(staff), portal.now) as unit:
        for number in range(count):
            subject = access_log.Subject(
                f"citizen{number}", "conversation", f"t{number}", "modtagelse", frozenset()
            )
            await access_log.look(unit, subject, "covering")
        await unit.commit(unnoted=True)


async def _alarms(store: Store) -> list[tuple[str, int]]:
    async with store.reading(cast.HOME) as reader:
        return [tuple(row) for row in await reader.all(select(AccessAlarm.staff_id, AccessAlarm.looks))]


async def test_many_looks_outside_own_cases_raise_one_alarm_a_day(portal: Portal) -> None:
    await _looks(portal, "clara", 10)
    await _looks(portal, "clara", 10)  # the same people again are not more people
    assert await _alarms(portal.store) == []
    await _looks(portal, "clara", 11)
    await _looks(portal, "clara", 13)
    assert await _alarms(portal.store) == [(cast.identity("clara"), 13)]
    await _looks(portal, "rikke", 30)  # the reception's own team
    assert len(await _alarms(portal.store)) == 1
    portal.later(days=1)
    await _looks(portal, "clara", 11)
    assert len(await _alarms(portal.store)) == 2
    tove = await portal.log_in("tove")
    opened = await tove.see("/medarbejder/opslag")
    assert "13 borgere uden for egne sager" in page.text(opened.text)
    found = next(one for one in page.forms(opened.text) if "/alarm/" in one.action)
    assert (await tove.browser.post(found.action, data=found.fields)).status_code == 303
    assert page.text((await tove.see("/medarbejder/opslag")).text).count("uden for egne sager") == 1


async def test_nobody_deals_with_their_own_looks(portal: Portal) -> None:
    await _looks(portal, "tove", 12)
    portal.later(days=7)
    await worker.draw_lots(portal.store, cast.HOME, portal.now)
    tove = await portal.log_in("tove")
    opened = (await tove.see("/medarbejder/opslag")).text
    assert not [one for one in page.forms(opened) if "/alarm/" in one.action or "/opslag/" in one.action]
    assert "En anden leder skal se på dine egne opslag" in opened
    async with portal.store.reading(cast.HOME) as reader:
        sample = (await reader.one(select(AccessSample.id)))[0]
        alarm = (await reader.one(select(AccessAlarm.id)))[0]
    fields = page.form(opened, "/log-ud").fields
    for path, more in ((f"opslag/{sample}", {"verdict": "fine"}), (f"alarm/{alarm}", {})):
        answer = await tove.browser.post(f"/silkeborg/medarbejder/{path}", data={**fields, **more})
        assert answer.status_code == 409


# ------------------------------------------------------------------ lots


async def test_every_ended_week_is_drawn_once_however_long_the_worker_was_away(portal: Portal) -> None:
    for _ in range(3):
        await _looks(portal, "clara", 30)
        portal.later(days=7)
    assert await _drawn(portal.store) == {}
    for _ in range(2):
        await worker.draw_lots(portal.store, cast.HOME, portal.now)
    assert await _drawn(portal.store) == {"2026-W48": 10, "2026-W49": 10, "2026-W50": 10}


async def _drawn(store: Store) -> dict[str, int]:
    async with store.reading(cast.HOME) as reader:
        counted = await reader.all(
            select(AccessSample.week, func.count(AccessSample.id)).group_by(AccessSample.week)
        )
    return {row[0]: row[1] for row in counted}


async def test_no_draw_is_like_another(store: Store) -> None:
    """The same looks, drawn again and again: every look comes up sooner or later, and no order repeats."""
    async with store.writing(cast.staff("clara"), cast.NOW) as unit:
        for number in range(20):
            unit.add(rows.bare(AccessLine, id=f"{number:032}", relation="none"))
        await unit.commit(unnoted=True)
    seen = []
    for _ in range(40):  # half of them each time: one left out of all forty is one chance in a billion
        async with store.writing(cast.staff("clara"), cast.NOW) as unit:
            await access_log.draw(unit, cast.NOW.date() + timedelta(days=7))
            await unit.flush()
            seen.append(frozenset(row[0] for row in await unit.all(select(AccessSample.line_id))))
    assert len(set(seen)) > 6
    assert len(frozenset.union(*seen)) == 20


async def test_a_lead_signs_off_and_a_follow_up_needs_words(portal: Portal) -> None:
    await _looks(portal, "clara", 1)
    portal.later(days=7)
    await worker.draw_lots(portal.store, cast.HOME, portal.now)
    tove = await portal.log_in("tove")
    opened = await tove.see("/medarbejder/opslag")
    found = next(one for one in page.forms(opened.text) if "/opslag/" in one.action)
    for bad in ({}, {"verdict": "follow_up"}, {"verdict": "x"}):
        assert (await tove.browser.post(found.action, data={**found.fields, **bad})).status_code == 422
    right = {**found.fields, "verdict": "follow_up", "note": "Spørg Clara"}
    assert (await tove.browser.post(found.action, data=right)).status_code == 303
    assert "skal undersøges" in page.text((await tove.see("/medarbejder/opslag")).text)
    assert (await tove.browser.post(found.action, data={**right, "key": "again"})).status_code == 404


# ------------------------------------------------------------------ by number, never in an address


async def test_a_citizen_is_found_by_number_and_the_number_stands_nowhere(portal: Portal) -> None:
    async with portal.store.writing(cast.staff("ada"), portal.now) as unit:
        row = await unit.find(Citizen, cast.identity("amina"))
        row.cpr = "1204890000"
        row.cpr_index = unit.ring.blind("citizen.cpr", cast.HOME, "1204890000")
        await unit.commit(unnoted=True)
    rikke = await portal.log_in("rikke")
    for said in ("120489-0000", "1204890000"):
        answer = await _search(rikke, said)
        assert "Amina" in page.text(answer.text)
        assert "1204890000" not in str(answer.url)
    for queue in ("borgere", "virksomheder"):
        answer = await rikke.browser.get(f"/silkeborg/medarbejder/{queue}?soeg=120489-0000")
        assert answer.headers["location"] == "/silkeborg/medarbejder/telefon?besked=cpr"
    assert "0 borgere" in page.text((await _search(rikke, "1204890001")).text)
    assert (await _search(rikke, "a")).status_code == 422


async def _search(person: Person, said: str) -> object:
    return await person.fill("/medarbejder/telefon", "/telefon", navn=said)
