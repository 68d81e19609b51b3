"""Fifty municipalities with the same ids: no page, search, export, letter or log shows another one's mark."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.orm import with_loader_criteria

from portal import worker
from portal.store import database as store_database
from portal.store.keys import SealBrokenError
from portal.store.tables import Citizen, Message, TenantRow
from tests import page
from tests.conftest import Person, Portal, behind
from tests.http.canaries import MARK, ROLES, codes, copy, links, live, mark, settle, slug, the_same_ids

MANY, FEW = 50, 3
ACTED = 3  # are lived in by people at browsers; the others are copies of the first of them
AT_ONCE = 2  # roles that look around in each municipality, in turn; a few see all of them
PAGES = 20  # of each role in each municipality, besides search, export and the front page


async def _build(portal: Portal, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    every = codes(count)
    for code in every[:ACTED]:
        with the_same_ids(monkeypatch):
            await settle(portal.store, code)
            await live(portal, code)
    for code in every[ACTED:]:
        await copy(portal.store, every[0], code)


async def _seen(person: Person, home: str, here: str) -> AsyncIterator[tuple[str, str]]:
    """Pages from one's home on, each once; a reason is given where one is asked for."""
    waiting, known = [home], {home}
    while waiting and len(known) < 200 and len(known) - len(waiting) < PAGES:
        path = waiting.pop(0)
        answer = await person.see_because(path.removeprefix(f"/{here}"))
        yield path, answer.text
        for link in links(answer.text, here):
            if link.split("?")[0] not in known and "log-" not in link and "lang=" not in link:
                known.add(link.split("?")[0])
                waiting.append(link.split("?")[0])


def _foreign(text_of: str, code: str) -> set[str]:
    return set(MARK.findall(text_of)) - {code}


async def _leaks(portal: Portal, code: str, who: Iterable[str] = ROLES) -> tuple[list[str], int]:
    """Where another municipality's mark shows in this one, and how many pages were looked at."""
    here, wrong, looked = slug(code), [], 0
    for name in who:
        door = ROLES[name]
        person = await portal.log_in(name, here, door)
        texts = [(path, said) async for path, said in _seen(person, f"/{here}/{door}", here)]
        texts += [(f"{name} asks", said) for said in await _asked(person, name, here)]
        assert any(mark(code) in said for _, said in texts), (code, name)
        looked += len(texts)
        wrong += [
            f"{code} {name} {path}: {_foreign(said, code)}" for path, said in texts if _foreign(said, code)
        ]
        await person.browser.aclose()
        portal.browsers.remove(person.browser)
    return wrong, looked


async def _asked(person: Person, name: str, here: str) -> list[str]:
    """Searches for what all marks have in common, and everything about me."""
    if name in ("amina", "bo"):
        opened = await person.see("/mine-oplysninger")
        return [
            (await person.send(opened.text, "/mine-oplysninger", **{"as": kind})).text
            for kind in ("json", "page")
        ]
    if name in ("clara", "rikke"):
        found = [
            (await person.see(f"/medarbejder/{queue}?soeg=Kanarie&vis=all")).text
            for queue in ("virksomheder", "borgere")
        ]
        return [*found, (await person.fill("/medarbejder/telefon", "/telefon", navn="Kanarie")).text]
    return [(await person.see("")).text]


def _in_turn(number: int) -> list[str]:
    """Who looks around in the `number`th municipality: everybody in those lived in, and then two by two."""
    names = list(ROLES)
    if number < ACTED:
        return names
    return [names[(number * AT_ONCE + one) % len(names)] for one in range(AT_ONCE)]


@pytest.mark.long
async def test_no_mark_crosses_into_another_of_fifty_municipalities(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _build(portal, monkeypatch, MANY)
    wrong, looked = [], 0
    with structlog.testing.capture_logs() as logged:
        for number, code in enumerate(codes(MANY)):
            found, pages = await _leaks(portal, code, _in_turn(number))
            wrong += found
            looked += pages
    assert wrong == []
    assert looked >= MANY * AT_ONCE * PAGES / 2
    assert MARK.findall(repr(logged)) == []


async def test_letters_and_lots_stay_at_home(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    await _build(portal, monkeypatch, FEW)
    sent: list[Any] = []

    async def keep(mail: Any) -> None:
        sent.append(mail)

    portal.later(days=7)
    await worker.round_of_work(portal.store, keep, "http://localhost", lambda: portal.now, "w")
    assert len(sent) >= 2 * FEW
    for mail in sent:
        assert len(set(MARK.findall(mail.as_string()) + MARK.findall(mail.get_content()))) == 1
    for code in codes(FEW):
        tove = await portal.log_in("tove", slug(code), "medarbejder")
        said = page.text((await tove.see("/medarbejder/opslag")).text)
        assert set(MARK.findall(said)) == {code}


# ------------------------------------------------------------------ the controls


async def _leaks_when_forgotten(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, forgotten: type[TenantRow]
) -> list[str]:
    """What shows when the scope is as it is, but with one table forgotten."""
    await _build(portal, monkeypatch, FEW)

    def only(code: str) -> list[Any]:
        kept = [table for table in TenantRow.__subclasses__() if table is not forgotten]
        return [
            with_loader_criteria(table, table.municipality == code, include_aliases=True) for table in kept
        ]

    monkeypatch.setattr(store_database, "_only", only)
    try:
        wrong, _ = await _leaks(portal, codes(FEW)[0])
    except (AssertionError, SealBrokenError) as error:
        wrong = [type(error).__name__]  # somebody else was found under the same id, and nothing fits any more
    return wrong


@pytest.mark.parametrize("table", [Citizen, Message])
async def test_the_control_one_filter_forgotten_is_found_or_held_by_the_database(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, table: type[TenantRow], engine: str
) -> None:
    """On SQLite the forgotten filter shows; on PostgreSQL row-level security holds on its own."""
    wrong = await _leaks_when_forgotten(portal, monkeypatch, table)
    assert (wrong == []) == (engine == "postgresql"), wrong


@pytest.mark.parametrize("table", [Citizen])
async def test_the_control_with_row_level_security_off_too_it_is_found(
    postgres_portal: Portal, monkeypatch: pytest.MonkeyPatch, table: type[TenantRow]
) -> None:
    async with behind(postgres_portal.database) as connection:
        await connection.execute(text(f"ALTER TABLE {table.__tablename__} DISABLE ROW LEVEL SECURITY"))
    assert await _leaks_when_forgotten(postgres_portal, monkeypatch, table) != []
