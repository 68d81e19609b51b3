"""What a hostile reader found in the trust of the portal, each as it was shown, and refused since."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from litestar.datastructures import Headers
from sqlalchemy import select

from portal import worker
from portal.domain.identity import CitizenIdentity
from portal.domain.people import system
from portal.store import (
    access_log,
    backup,
    conversations,
    identities,
    journal,
    outbox,
    persons,
    readiness,
    relations,
    retention,
    rotation,
    sessions,
    verification,
)
from portal.store.data_classes import ARTICLE_9, CPR, PERSONAL, class_of
from portal.store.database import Store
from portal.store.keys import KeyRingError, open_ring
from portal.store.tables import (
    AccessLine,
    AccessSample,
    Citizen,
    JournalDetail,
    Outbox,
    PlacementCase,
    Staff,
    TenantRow,
)
from portal.web import forms as web_forms
from portal.web.access import address_of
from tests import cast, page, rows
from tests.conftest import Person, Portal, migrate
from tests.http.test_access_log import _alarms, _lines, _looks, _talk
from tests.http.test_employer_and_desk import _send as send_request
from tests.http.test_relations import _act, _both
from tests.keys import FILE, RING
from tests.unit.store.test_persons import MARK, _live, _whole_database

BO = "bo@test.example"


# ------------------------------------------------------------------ keys


async def _rotate_and_drop(store: Store) -> None:
    """As `portal keys rotate` and `portal keys drop k1` do it."""
    old, new = store.ring.current, store.ring.add_key()
    codes = [one.code for one in await store.municipalities()]
    for code in codes:
        await rotation.mark(store, code, new, cast.NOW)
    store.ring.use(new)
    for code in codes:
        await rotation.seal_anew(store, code, cast.NOW)
    for code in codes:
        assert await rotation.forget(store, code, old, cast.NOW)
    store.ring.drop(old)


def _copied_ring(tmp_path: Path) -> Path:
    return Path(shutil.copy2(FILE, tmp_path / "keys.json"))


async def test_a_process_that_ran_all_along_seals_with_the_new_key(database: str, tmp_path: Path) -> None:
    file = _copied_ring(tmp_path)
    running, command = Store(database, open_ring(file)), Store(database, open_ring(file))
    async with running.writing(cast.citizen("amina"), cast.NOW) as unit:
        wish = conversations.Wish("phone", "ryg")
        talk = await conversations.request_conversation(unit, cast.identity("amina"), wish, None)
        await unit.commit()
    await _rotate_and_drop(command)
    later = cast.NOW + timedelta(days=40)
    assert await worker.sweep(running, cast.HOME, later) == 1
    async with running.writing(system(cast.HOME), later) as unit:
        await identities.recognise(unit, CitizenIdentity("i", "s", "Ny", None, "0101900000", False))
        await unit.commit()
    again = Store(database, open_ring(file))
    assert await readiness.trouble(again, demo=True) == []
    async with again.reading(cast.HOME) as reader:
        assert await verification.verify(reader) == []
        assert "promise.broken" in {line.code for line in await journal.timeline(reader, talk)}
    for store in (running, command, again):
        await store.close()


async def test_nothing_is_kept_that_was_sealed_with_a_key_the_database_no_longer_knows(
    database: str, tmp_path: Path
) -> None:
    """A process on another machine, whose copy of the ring nobody changed."""
    (tmp_path / "elsewhere").mkdir()
    stale = Store(database, open_ring(_copied_ring(tmp_path / "elsewhere")))
    command = Store(database, open_ring(_copied_ring(tmp_path)))
    await _rotate_and_drop(command)
    async with stale.writing(system(cast.HOME), cast.NOW) as unit:
        journal.note(unit, "place.changed", "municipality", cast.HOME, "ord")
        with pytest.raises(KeyRingError, match="no longer knows the key k1"):
            await unit.commit()
    async with command.reading(cast.HOME) as reader:
        assert await verification.verify(reader) == []
    await stale.close()
    await command.close()


async def test_a_key_is_not_forgotten_while_somebody_is_sealing_with_it(
    postgres_database: str, tmp_path: Path
) -> None:
    file = _copied_ring(tmp_path)
    slow, command = Store(postgres_database, open_ring(file)), Store(postgres_database, open_ring(file))
    async with slow.writing(cast.citizen("amina"), cast.NOW) as unit:
        journal.note(unit, "conversation.requested", "conversation", "a" * 32, "ryg")
        await unit.flush()
        await unit._write_journal()
        await unit._hold_keys()  # sealed with k1, not committed yet
        new = command.ring.add_key()
        await rotation.mark(command, cast.NEXT_DOOR, new, cast.NOW)
        command.ring.use(new)
        forgetting = asyncio.create_task(rotation.forget(command, cast.HOME, "k1", cast.NOW))
        await asyncio.sleep(0.3)
        assert not forgetting.done()
        await unit.session.commit()
    assert await forgetting is False
    await slow.close()
    await command.close()


async def test_two_rotations_at_once_make_two_keys(database: str, tmp_path: Path) -> None:
    file = _copied_ring(tmp_path)
    one, other = open_ring(file), open_ring(file)
    assert (one.add_key(), other.add_key()) == ("k2", "k3")
    one.use("k2")
    other.use("k3")
    one.drop("k1")
    assert open_ring(file).names == ["k2", "k3"]
    assert open_ring(file).current == one.current == "k3"
    where = "table.column|740|x"
    assert other.open(one.seal(b"ord", where, "k2"), where) == b"ord"


# ------------------------------------------------------------------ looks


async def test_a_claim_makes_no_case_ones_own_without_a_reason(portal: Portal) -> None:
    talk = await _talk(portal)
    clara = await portal.log_in("clara")
    asked = await clara.see(talk)
    token = page.form(asked.text, "/log-ud").fields["csrf"]
    acts: dict[str, dict[str, str]] = {
        "/tag": {},
        "/giv-videre": {"team": "jobteam", "words": "x"},
        "/tid": {"slot": "x"},
    }
    for act, more in acts.items():
        fields = {"csrf": token, "key": f"k{act}", "version": "1", **more}
        answer = await clara.browser.post(f"/silkeborg{talk}{act}", data=fields)
        assert answer.status_code == 422, act
        assert "Hvorfor skal du se det?" in answer.text
        assert "Min ryg" not in answer.text
    assert "Min ryg" not in (await clara.see(talk)).text
    assert await _lines(portal.store) == []
    opened = await clara.see_because(talk, "covering")
    portal.later(
        minutes=29
    )  # while the words were written what was said ran out for looking, not for sending
    assert (await clara.send(opened.text, "/tag")).status_code == 303
    assert await _lines(portal.store) == [(cast.identity("clara"), "none", "covering")] * 2


async def test_nor_does_claiming_a_company_s_case_with_a_candidate(portal: Portal) -> None:
    case = await send_request(await portal.log_in("bo"), who="named", candidate_name="Amina")
    rikke = await portal.log_in("rikke")
    asked = await rikke.see(f"/medarbejder/sag/{case}")
    fields = {"csrf": page.form(asked.text, "/log-ud").fields["csrf"], "key": "k", "version": "1"}
    answer = await rikke.browser.post(f"/silkeborg/medarbejder/sag/{case}/tag", data=fields)
    assert answer.status_code == 422
    assert await _lines(portal.store) == []


async def test_an_alarm_that_was_dealt_with_comes_back_with_more_looks(portal: Portal) -> None:
    await _looks(portal, "clara", 11)
    tove = await portal.log_in("tove")
    opened = await tove.see("/medarbejder/opslag")
    found = next(one for one in page.forms(opened.text) if "/alarm/" in one.action)
    await tove.browser.post(found.action, data=found.fields)
    assert "11 borgere uden for egne sager" not in page.text((await tove.see("/medarbejder/opslag")).text)
    await _looks(portal, "clara", 40)
    assert "borgere uden for egne sager" in page.text((await tove.see("/medarbejder/opslag")).text)
    assert len(await _alarms(portal.store)) == 1


async def test_two_who_sign_off_one_look_do_not_write_over_each_other(postgres_database: str) -> None:
    store = Store(postgres_database, RING)
    async with store.writing(cast.staff("carl"), cast.NOW) as unit:
        line = rows.bare(AccessLine, staff_id=cast.identity("carl"), citizen_id=cast.identity("amina"), relation="none",
                         role="caseworker", subject_kind="conversation", purpose="covering")  # fmt: skip
        unit.add(line)
        await unit.flush()
        sample = rows.bare(AccessSample, line_id=line.id, week="2026-W47")
        unit.add(sample)
        await unit.commit(unnoted=True)

    async def sign(who: str, verdict: str) -> str:
        try:
            async with store.writing(cast.staff(who), cast.NOW) as unit:
                await access_log.sign(unit, sample.id, verdict, "")
                await asyncio.sleep(0.1)
                await unit.commit()
            return verdict
        except Exception as error:
            return type(error).__name__

    said = await asyncio.gather(sign("tove", "follow_up"), sign("anders", "fine"))
    async with store.reading(cast.HOME) as reader:
        kept = (await reader.find(AccessSample, sample.id)).verdict
    assert sorted(said) == sorted(["NotFoundError", kept])
    await store.close()


# ------------------------------------------------------------------ sessions


async def test_acting_for_another_and_back_lives_no_longer_than_the_login(portal: Portal) -> None:
    _amina, birger = await _both(portal, "conversations")
    begin = portal.now
    for step in range(40):
        portal.later(minutes=25)
        if (await birger.browser.get("/silkeborg/borger")).status_code == 303:
            break
        if step % 4 == 1:
            await _act(birger)
        elif step % 4 == 3:
            await birger.fill("/borger", "/fuldmagt/slut")
    assert portal.now - begin <= timedelta(hours=12, minutes=25)


async def test_a_session_logged_out_meanwhile_is_not_revived(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _amina, birger = await _both(portal, "conversations")
    opened = await birger.see("/borger/hjaelpere")
    use = next(one for one in page.forms(opened.text) if one.action.endswith("/brug"))
    elsewhere = Person(portal.browser(), "silkeborg")
    elsewhere.browser.cookies.set("portal", birger.browser.cookies["portal"])
    home, read = await elsewhere.see("/borger"), web_forms.read

    async def slow(request, visit, fields):
        form = await read(request, visit, fields)
        if request.url.path.endswith("/brug"):
            await elsewhere.send(home.text, "/log-ud")
        return form

    monkeypatch.setattr(web_forms, "read", slow)
    answer = await birger.browser.post(use.action, data=use.fields)
    assert answer.headers["location"] == "/silkeborg"
    assert (await birger.browser.get("/silkeborg/borger")).status_code == 303


async def test_a_newly_linked_login_ends_also_what_the_old_one_does_for_others(portal: Portal) -> None:
    _amina, birger = await _both(portal, "conversations")
    async with portal.store.writing(system(cast.HOME), portal.now) as unit:
        row = await unit.find(Citizen, cast.identity("birger"))
        row.cpr = "0309660000"
        row.cpr_index = identities.cpr_index(unit.ring, cast.HOME, "0309660000")
        await unit.commit(unnoted=True)
    await _act(birger)
    async with portal.store.writing(system(cast.HOME), portal.now) as unit:
        await identities.recognise(unit, CitizenIdentity("new", "sub", "Birger", None, "0309660000", False))
        await unit.commit()
    assert (await birger.browser.get("/silkeborg/borger")).status_code == 303


async def test_a_new_login_ends_the_earlier_one_in_another_municipality_too(portal: Portal) -> None:
    dan = await portal.log_in("dan", slug="aarhus")
    earlier = portal.browser()
    earlier.cookies.set("portal", dan.browser.cookies["portal"])
    assert (await earlier.get("/aarhus/borger")).status_code == 200
    await Person(dan.browser, "silkeborg").choose("amina", "/silkeborg/log-ind/borger/videre")
    assert (await earlier.get("/aarhus/borger")).status_code == 303


def test_of_two_forwarded_lines_the_proxy_s_own_counts() -> None:
    class Connection:
        client = type("Client", (), {"host": "10.0.0.1"})()
        headers = Headers([(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"7.7.7.7, 1.2.3.4")])

    assert address_of(Connection(), "10.0.0.1") == "1.2.3.4"


async def test_an_administrator_cannot_lock_themselves_out_with_a_longer_name(portal: Portal) -> None:
    ada = await portal.log_in("ada")
    token = page.form((await ada.see("/medarbejder/kommune")).text, "/log-ud").fields["csrf"]
    fields = {"csrf": token, "key": "k", "person": cast.identity("ada") + "x", "role": "team_lead", "team": "", "active": "0"}  # fmt: skip
    assert (
        await ada.browser.post("/silkeborg/medarbejder/kommune/medarbejder", data=fields)
    ).status_code == 422
    async with portal.store.reading(cast.HOME) as reader:
        assert (await reader.find(Staff, cast.identity("ada"))).active


# ------------------------------------------------------------------ rights of the person


async def test_no_letter_to_an_erased_company_user_is_left_or_sent(store: Store, database: str) -> None:
    async with store.writing(cast.staff("clara"), cast.NOW) as unit:
        await outbox.tell_company(unit, cast.identity("bo"), "asked:x:1")
        await unit.commit(unnoted=True)
    assert BO in await _whole_database(store, database)
    async with store.writing(system(cast.HOME), cast.NOW) as unit:
        await persons.erase(unit, persons.COMPANY_USER, cast.identity("bo"))
        await unit.commit()
    assert BO not in await _whole_database(store, database)


async def test_who_said_no_is_exported_and_erased_too(portal: Portal) -> None:
    amina_id = cast.identity("amina")
    async with portal.store.writing(system(cast.HOME), portal.now) as unit:
        (await unit.find(Citizen, amina_id)).name = "Amina-Xyzzy"
        await unit.commit(unnoted=True)
    bo, amina = await portal.log_in("bo"), await portal.log_in("amina")
    case = await send_request(bo, who="named", candidate_name="Amina-Xyzzy")
    receipt = page.text((await bo.see(f"/virksomhed/sag/{case}/kvittering")).text)
    found = await amina.fill(
        "/borger/kandidat", "/kandidat", code=receipt.split("Giv koden til Amina-Xyzzy ")[1].split(" ")[0]
    )
    assert (await amina.send(found.text, "/kandidat", agrees="no")).status_code == 303
    async with portal.store.reading(cast.HOME) as reader:
        assert "candidate" in await persons.export(reader, amina_id)
    async with portal.store.writing(system(cast.HOME), portal.now) as unit:
        await persons.erase(unit, persons.CITIZEN, amina_id, even_open=True)
        await unit.commit()
    assert "Xyzzy" not in await _whole_database(portal.store, portal.database)


async def test_an_export_tells_nobody_anything_of_another(portal: Portal) -> None:
    _amina, birger = await _both(portal, "conversations")
    await _act(birger)
    await birger.fill(
        "/borger/samtale/ny", "/samtale/ny", slot="none", action="book", about="Amina har angst"
    )
    async with portal.store.reading(cast.HOME) as reader:
        his = await persons.export(reader, cast.identity("birger"))
        hers = await persons.export(reader, cast.identity("amina"))
    assert "angst" not in repr(his)
    assert "angst" in repr(hers)
    acted = [one for one in hers["loginsession"] if one["by_id"]]
    assert acted
    assert {one["subject"] for one in acted} == {""}
    assert "provider_session" not in repr(hers)


async def test_after_long_nothing_of_the_two_sensitive_kinds_is_left_but_what_is_explained(
    store: Store, database: str
) -> None:
    await _live(store)
    async with store.writing(cast.staff("clara"), cast.NOW) as unit:
        line = (await unit.rows(select(AccessLine)))[0]
        unit.add(rows.bare(AccessSample, line_id=line.id, week="2026-W47", note=f"{MARK}-note"))
        case = await unit.find(PlacementCase, "c" * 32)
        case.desk, case.decision = {"why": f"{MARK}-desk"}, {"reasons": f"{MARK}-decision"}
        (await unit.find(Citizen, cast.identity("amina"))).seen_on = cast.NOW.date()
        await unit.commit(unnoted=True)
    async with store.writing(system(cast.HOME), cast.NOW + timedelta(days=20_000)) as unit:
        await retention.apply(unit)
        await unit.commit()
    left = {
        line.split("=")[0] for line in (await _whole_database(store, database)).splitlines() if MARK in line
    }
    assert {one for one in left if class_of(*one.split(".")) in (ARTICLE_9, CPR)} == set()
    assert left <= {f"citizen.{name}" for name in ("name", "email", "phone", "address")}


def test_every_personal_column_goes_by_a_rule_or_says_how_long_it_stays() -> None:
    deleted = {rule.table for rule in retention.RULES if rule.empties is None}
    emptied = {(rule.table, name) for rule in retention.RULES for name in rule.empties or ()}
    kept = {one for names in retention.KEPT for one in names.split()}
    for table in TenantRow.__subclasses__():
        for column in table.__table__.columns:
            kind = class_of(table.__tablename__, column.name)
            if kind not in (PERSONAL, CPR, ARTICLE_9) or table in deleted or (table, column.name) in emptied:
                continue
            assert kind == PERSONAL, f"{table.__tablename__}.{column.name} is kept for ever"
            assert {table.__tablename__, f"{table.__tablename__}.{column.name}"} & kept, (
                table.__tablename__,
                column.name,
            )


async def test_a_line_blanked_by_hand_is_found_also_after_a_retention_run(store: Store) -> None:
    async with store.writing(cast.citizen("amina"), cast.NOW) as unit:
        journal.note(unit, "conversation.requested", "conversation", "a" * 32, "VIGTIGT")
        await unit.commit()
    async with store.writing(system(cast.HOME), cast.NOW + timedelta(days=1)) as unit:
        await retention.apply(unit)
        journal.note(unit, "retention.applied", "municipality", cast.HOME, rows={}, shredded=[])
        await unit.commit()
    async with store.writing(system(cast.HOME), cast.NOW + timedelta(days=1)) as unit:
        row = next(one for one in await unit.rows(select(JournalDetail)) if one.words == "VIGTIGT")
        row.actor_name, row.words, row.facts, row.salt = "", "", {}, ""
        await unit.commit(unnoted=True)
    async with store.reading(cast.HOME) as reader:
        assert [one.kind for one in await verification.verify(reader)] == ["journal"]


async def test_a_cancelled_conversation_forgets_what_it_was_about(store: Store, database: str) -> None:
    async with store.writing(cast.citizen("amina"), cast.NOW) as unit:
        wish = conversations.Wish("phone", "HEMMELIG-RYG", "farsi")
        talk = await conversations.request_conversation(unit, cast.identity("amina"), wish, None)
        await conversations.cancel(unit, talk, 1)
        await unit.commit()
    async with store.writing(system(cast.HOME), cast.NOW + timedelta(days=3_000)) as unit:
        await retention.apply(unit)
        await unit.commit()
    said = await _whole_database(store, database)
    assert "HEMMELIG" not in said
    assert "farsi" not in said


# ------------------------------------------------------------------ candidates, restores


async def test_somebody_elses_yes_is_seen_and_must_be_looked_into(portal: Portal) -> None:
    bo, birger, clara = [await portal.log_in(name) for name in ("bo", "birger", "clara")]
    start = (portal.now + timedelta(days=30)).strftime("%d-%m-%Y")
    case = await send_request(bo, who="named", candidate_name="Amina", start=start)
    receipt = page.text((await bo.see(f"/virksomhed/sag/{case}/kvittering")).text)
    code = receipt.split("Giv koden til Amina ")[1].split(" ")[0]
    found = await birger.fill("/borger/kandidat", "/kandidat", code=code)
    assert (
        await birger.send(found.text, "/kandidat", agrees="yes", weeks_unemployed="30")
    ).status_code == 303
    where = f"/medarbejder/sag/{case}"
    await clara.fill(where, "/tag")
    seen = page.text((await clara.see(where)).text)
    assert "Svaret er givet af Birger." in seen
    assert "Det er et andet navn end det, virksomheden skrev" in seen
    refused = await clara.fill(where, "/afgoer", outcome="granted", reasons="Ja.", law="LAB")
    assert refused.status_code == 422
    assert "En anden har svaret end den, virksomheden skrev." in refused.text
    assert (await clara.fill(where, "/kandidat/rigtig")).status_code == 303
    shown = await clara.fill(where, "/afgoer", outcome="granted", reasons="Ja.", law="LAB")
    assert (await clara.send(shown.text, "/afgoer", action="send")).status_code == 303


async def test_a_restore_brings_no_session_and_no_letter_back_to_life(store: Store, tmp_path: Path) -> None:
    today = cast.NOW.date()
    async with store.writing(cast.citizen("amina"), cast.NOW) as unit:
        token = sessions.log_in(unit, cast.citizen("amina"), "da")
        until = today + timedelta(days=60)
        relations.record(unit, "power_of_attorney", "B", ("messages",), today, until)
        await outbox.tell_citizen(unit, cast.identity("amina"), "a:b:1")
        await unit.commit()
    await backup.make(store, tmp_path / "b.zip", cast.NOW)
    url = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    await asyncio.to_thread(migrate, url)
    restored = Store(url, RING)
    await backup.restore(restored, tmp_path / "b.zip", cast.NOW)
    assert await sessions.present(restored, cast.HOME, token, cast.NOW) is None
    async with restored.reading(cast.HOME) as reader:
        assert [row.state for row in await reader.rows(select(Outbox))] == ["uncertain"]
    checked = {one.municipality: one for one in await backup.to_check(restored, today)}
    assert (checked["Silkeborg"].helpers, checked["Silkeborg"].staff) == (1, len(cast.STAFF))
    await restored.close()
