"""What reviewers broke once: each stays mended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.store.tables import Breach, Message, Slot
from portal.triage.shelf import built_in_shelf
from portal.triage.source import Source
from tests import cast, page
from tests.conftest import Portal
from tests.http.test_citizen import _ask
from tests.http.test_employer_and_desk import _send
from tests.layers import figure, head


async def test_a_case_cannot_be_given_to_a_team_of_the_other_kind(portal: Portal) -> None:
    bo, clara, rikke = await portal.log_in("bo"), await portal.log_in("clara"), await portal.log_in("rikke")
    case = await _send(bo)
    refused = await clara.fill(
        f"/medarbejder/sag/{case}", "/giv-videre", team="sygedagpengeteam", words="x y"
    )
    assert refused.status_code == 422
    _, answer, _ = await _ask(portal)
    talk = answer.headers["location"].split("?")[0].split("/")[-1]
    refused = await rikke.fill(
        f"/medarbejder/samtale/{talk}", "/giv-videre", team="virksomhedsteam", words="x y"
    )
    assert refused.status_code == 422
    assert (await rikke.see("/medarbejder/borgere")).status_code == 200


async def test_a_scheme_no_list_offers_is_never_kept(portal: Portal) -> None:
    bo = await portal.log_in("bo")
    answer = await bo.fill("/virksomhed/ny", "/ny", scheme="placement")
    base = answer.headers["location"].removeprefix("/silkeborg").rsplit("/", 1)[0]
    assert (await bo.fill(f"{base}/1", "/trin/1", scheme="xyz", action="next")).status_code in (303, 422)
    assert (await bo.see("/virksomhed")).status_code == 200


async def test_the_suggested_law_never_tells_of_the_candidate(portal: Portal) -> None:
    bo, amina, clara = await portal.log_in("bo"), await portal.log_in("amina"), await portal.log_in("clara")
    case = await _send(bo, who="named", candidate_name="Amina")
    receipt = page.text((await bo.see(f"/virksomhed/sag/{case}/kvittering")).text)
    code = receipt.split("Giv koden til Amina ")[1].split(" ")[0]
    found = await amina.fill("/borger/kandidat", "/kandidat", code=code)
    await amina.send(found.text, "/kandidat", agrees="yes", owner_is_partner="1", worked_here_last="1")
    await clara.fill(f"/medarbejder/sag/{case}", "/tag")
    opened = await clara.see(f"/medarbejder/sag/{case}")
    law = page.form(opened.text, "/afgoer").fields["law"]
    assert "ægtefælle" not in law
    assert "kap. 11 og 12" not in law


async def test_only_the_claimer_decides_and_nothing_is_granted_before_a_yes(portal: Portal) -> None:
    bo, clara, carl = await portal.log_in("bo"), await portal.log_in("clara"), await portal.log_in("carl")
    case = await _send(bo, who="named", candidate_name="Amina")
    await clara.fill(f"/medarbejder/sag/{case}", "/tag")
    mine = await clara.see(f"/medarbejder/sag/{case}")
    granted = {"outcome": "granted", "reasons": "Ja, det er fint.", "law": "LAB", "action": "send"}
    early = await clara.send(mine.text, "/afgoer", **granted)
    assert early.status_code == 422
    assert "Kandidaten har ikke sagt ja" in page.text(early.text)
    assert page.form(early.text, "/afgoer").fields["reasons"] == "Ja, det er fint."
    others = page.form(mine.text, "/afgoer")
    token = page.form((await carl.see(f"/medarbejder/sag/{case}")).text, "/log-ud").fields["csrf"]
    data = {**others.fields, **granted, "outcome": "refused", "csrf": token}
    assert (await carl.browser.post(others.action, data=data)).status_code == 422


async def test_a_candidates_no_reaches_the_company_without_a_why(portal: Portal) -> None:
    bo, amina = await portal.log_in("bo"), await portal.log_in("amina")
    case = await _send(bo, who="named", candidate_name="Amina")
    receipt = page.text((await bo.see(f"/virksomhed/sag/{case}/kvittering")).text)
    code = receipt.split("Giv koden til Amina ")[1].split(" ")[0]
    found = await amina.fill("/borger/kandidat", "/kandidat", code=code)
    assert (await amina.send(found.text, "/kandidat", agrees="no")).status_code == 303
    assert "er ikke med mere" in page.text((await bo.see(f"/virksomhed/sag/{case}")).text)


async def test_a_name_left_in_an_open_place_names_nobody(portal: Portal) -> None:
    bo = await portal.log_in("bo")
    case = await _send(bo, who="open", candidate_name="Amina")
    assert "Giv koden" not in page.text((await bo.see(f"/virksomhed/sag/{case}/kvittering")).text)


async def test_a_time_the_municipality_lost_is_not_offered_again(portal: Portal) -> None:
    person, answer, found = await _ask(portal)
    talk = answer.headers["location"].split("?")[0].split("/")[-1]
    rikke = await portal.log_in("rikke")
    assert (await rikke.fill(f"/medarbejder/samtale/{talk}", "/traek-tid")).status_code == 303
    offered = page.form((await person.see(f"/borger/samtale/{talk}/flyt")).text, "/flyt").choices["slot"]
    assert found.choices["slot"][0] not in offered


async def test_a_closing_day_closes_and_opens_again(portal: Portal) -> None:
    ada, amina = await portal.log_in("ada"), await portal.log_in("amina")
    await ada.fill("/medarbejder/kommune", "/lukkedag", day="24-11-2026")
    assert "tirsdag den 24. november" not in page.text((await amina.see("/borger/samtale/ny")).text).lower()
    await ada.fill("/medarbejder/kommune", "/lukkedag/fjern")
    assert "tirsdag den 24. november" in page.text((await amina.see("/borger/samtale/ny")).text).lower()
    for day in ("31-12-9999", "01-01-0001"):
        assert (await ada.fill("/medarbejder/kommune", "/lukkedag", day=day)).status_code == 422


async def test_moving_back_inside_takes_the_waiver_back(portal: Portal) -> None:
    person, answer, _ = await _ask(portal)
    talk = answer.headers["location"].split("?")[0].removeprefix("/silkeborg")
    later = await person.see(talk + "/flyt?senere=1")
    slots = page.form(later.text, "/flyt").choices["slot"]
    await person.send(later.text, "/flyt", slot=slots[-1], own_choice="1")
    again = await person.see(talk + "/flyt")
    await person.send(again.text, "/flyt", slot=page.form(again.text, "/flyt").choices["slot"][0])
    assert "Du har selv valgt en tid efter" not in page.text((await person.see(talk)).text)


async def test_waiting_because_nothing_was_free_and_choosing_late_is_no_waiver(portal: Portal) -> None:
    async with portal.store.writing(cast.staff("ada"), portal.now) as unit:
        for slot in await unit.rows(select(Slot).where(Slot.starts_at < portal.now + timedelta(days=12))):
            slot.withdrawn = True
        await unit.commit(unnoted=True)
    person, answer, _ = await _ask(portal, slot="none")
    talk = answer.headers["location"].split("?")[0].removeprefix("/silkeborg")
    later = await person.see(talk + "/flyt?senere=1")
    moved = await person.send(later.text, "/flyt", slot=page.form(later.text, "/flyt").choices["slot"][0])
    assert moved.status_code == 303
    assert "Du har selv valgt" not in page.text((await person.see(talk)).text)
    board = page.text((await (await portal.log_in("tove")).see("/medarbejder/tavle")).text)
    assert "1 samtaler uden tid inden fristen" in board


async def test_new_words_on_an_old_page_are_not_swallowed(portal: Portal) -> None:
    bo = await portal.log_in("bo")
    case = await _send(bo)
    opened = await bo.see(f"/virksomhed/sag/{case}")
    for words in ("Det første", "Det første", "Det andet"):
        assert (await bo.send(opened.text, "/tilfoej", words=words)).status_code == 303
    async with portal.store.reading(cast.HOME) as reader:
        said = [
            row[0]
            for row in await reader.all(
                select(Message.body, Message.id).where(Message.kind == "placement.informed")
            )
        ]
    assert sorted(said) == ["Det andet", "Det første"]


async def test_a_question_is_answered_by_name_and_a_finished_walk_leads_to_its_outcome(
    portal: Portal,
) -> None:
    amina = await portal.log_in("amina")
    answer = await amina.fill("/borger/vej", "/borger/vej")
    address = answer.headers["location"].removeprefix("/silkeborg")
    opened = await amina.see(address)
    for _ in range(2):
        await amina.send(opened.text, "/ret/benefit", action="decline")
    assert (
        page.text((await amina.see(address)).text).count("1 svar indtil nu") == 1
    )  # the one declined, once; not the age her login gave
    await amina.send(opened.text, "/ret/benefit", action="person")
    for late in ("/svar", "/ret/benefit"):
        assert "Vi taler sammen" in page.text((await amina.see(address + late)).text)
    assert (
        (await amina.send(opened.text, "/ret/benefit", action="decline"))
        .headers["location"]
        .endswith("/resultat")
    )


async def test_read_too_late_is_in_the_register_without_a_sweep(portal: Portal) -> None:
    bo, clara = await portal.log_in("bo"), await portal.log_in("clara")
    case = await _send(bo)
    portal.later(days=5)
    clara = await portal.log_in("clara")
    await clara.fill(f"/medarbejder/sag/{case}", "/tag")
    async with portal.store.reading(cast.HOME) as reader:
        assert [row.cause for row in await reader.rows(select(Breach))] == ["read_late"]


async def test_a_stale_question_keeps_its_words(portal: Portal) -> None:
    bo, clara = await portal.log_in("bo"), await portal.log_in("clara")
    case = await _send(bo)
    await clara.fill(f"/medarbejder/sag/{case}", "/tag")
    old = await clara.see(f"/medarbejder/sag/{case}")
    await bo.fill(f"/virksomhed/sag/{case}", "/tilfoej", words="Noget nyt er sket")
    answer = await clara.send(old.text, "/spoerg", words="Hvem er kontaktperson?")
    assert answer.status_code == 409
    assert page.form(answer.text, "/spoerg").fields["words"] == "Hvem er kontaktperson?"
    assert (await clara.send(answer.text, "/spoerg", words="Hvem er kontaktperson?")).status_code == 303


async def test_words_sent_after_the_session_ended_are_given_back(portal: Portal) -> None:
    bo = await portal.log_in("bo")
    case = await _send(bo)
    opened = await bo.see(f"/virksomhed/sag/{case}")
    portal.later(hours=2)
    answer = await bo.send(opened.text, "/tilfoej", words="En lang og vigtig besked")
    assert answer.status_code == 401
    assert "En lang og vigtig besked" in page.text(answer.text)


@pytest.mark.parametrize("email", ["a@[", "a@b,c@d.dk", "a b@c.dk", "a@b", "@b.dk"])
async def test_an_address_no_letter_can_go_to_is_refused(portal: Portal, email: str) -> None:
    amina = await portal.log_in("amina")
    assert (await amina.fill("/borger/oplysninger", "/oplysninger", email=email)).status_code == 422


async def test_odd_numbers_and_forms_never_break_it(portal: Portal) -> None:
    bo, amina = await portal.log_in("bo"), await portal.log_in("amina")
    answer = await bo.fill("/virksomhed/ny", "/ny", scheme="placement")
    base = answer.headers["location"].removeprefix("/silkeborg").rsplit("/", 1)[0]
    wrong = await bo.fill(
        f"{base}/3", "/trin/3", supported_fte="1E-1000000", ordinary_fte="NaN", action="next"
    )
    assert wrong.status_code == 422
    assert (
        await amina.fill("/borger/samtale/ny", "/samtale/ny", form="garbage", action="show")
    ).status_code == 200


async def test_ending_somebodys_access_says_what_they_leave_behind(portal: Portal) -> None:
    await _ask(portal)
    ada = await portal.log_in("ada")
    opened = await ada.see("/medarbejder/kommune")
    forms = [one for one in page.forms(opened.text) if one.fields.get("person") == cast.identity("rikke")]
    data = {name: value for name, value in forms[0].fields.items() if name != "active"}
    answer = await ada.browser.post(forms[0].action, data=data)
    shown = await ada.see(answer.headers["location"].removeprefix("/silkeborg"))
    assert "som andre må tage: 1" in page.text(shown.text)


LONGER = head("frister", "2025-07-01", "2025-07-01", code="740") + figure("start.lead_days", 30)


async def test_a_longer_lead_time_does_not_change_a_request_already_sent(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo, clara = await portal.log_in("bo"), await portal.log_in("clara")
    case = await _send(bo, start="30-11-2026")
    later = built_in_shelf().with_layers([Source.of(LONGER, "longer.toml")])
    monkeypatch.setattr(portal.store, "shelf_of", lambda _: later)
    assert later.in_force("740", portal.now.date()).number("start.lead_days") == 30
    shown = page.text((await clara.see(f"/medarbejder/sag/{case}")).text)
    assert "Der er tid nok til at behandle henvendelsen" in shown


@pytest.mark.parametrize(
    "typed", ["2026-02-30", "0000-00-00", "2026-13-01T99:99:99+00:00", "9999-12-31T23:59:59+00:00"]
)
async def test_a_day_no_calendar_has_stands_in_ones_own_data_as_it_was_typed(
    portal: Portal, typed: str
) -> None:
    """Found by 200,000 hostile requests."""
    amina = await portal.log_in("amina")
    await amina.fill("/borger/samtale/ny", "/samtale/ny", about=typed, slot="none", action="book")
    opened = await amina.see("/mine-oplysninger")
    shown = await amina.send(opened.text, "/mine-oplysninger", **{"as": "page"})
    assert shown.status_code == 200
    assert typed[:4] in page.text(shown.text)
