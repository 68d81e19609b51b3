"""200 contenders over two processes on one slot, through HTTP: one winner, everybody else told calmly, no 5xx."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select, text

from portal.demo.provider import issuer
from portal.domain.calendar import is_working_day, local_instant
from portal.domain.people import system
from portal.store import calendars
from portal.store.database import Store
from portal.store.tables import Booking, Citizen, Conversation
from portal.triage.workdays import ClosedDays
from tests import cast, page
from tests.conftest import Person, behind
from tests.processes.servers import serving

pytestmark = pytest.mark.long

CONTENDERS = int(os.environ.get("PORTAL_TEST_CONTENDERS", "200"))
TRUST = httpx.create_ssl_context()  # read once, not for each contender
WITHOUT_INDEX = 40  # enough to show that nothing else would hold them back


async def _crowd(store: Store) -> None:
    """The contenders."""
    async with store.writing(system(cast.HOME), cast.NOW) as unit:
        for each in range(CONTENDERS):
            unit.add(
                Citizen(
                    municipality=cast.HOME,
                    id=cast.identity(f"c{each}x"),
                    issuer=issuer("borger"),
                    subject=f"c{each}",
                    name=f"Testperson {each}",
                    birth_date=None,
                    email="",
                )
            )
        await unit.commit(unnoted=True)


async def _contend(
    address: str, subject: str, slot: str, go: asyncio.Event, ready: asyncio.Semaphore
) -> tuple[int, str]:
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(
        base_url=address,
        timeout=120,
        limits=limits,
        trust_env=False,
        verify=TRUST,
        headers={"sec-fetch-site": "same-origin", "x-forwarded-for": cast.home_address(int(subject[1:]))},
    ) as browser:
        async with ready:
            await Person(browser, "silkeborg").choose(subject, "/silkeborg/log-ind/borger/videre")
            opened = await browser.get("/silkeborg/borger/samtale/ny")
        found = page.form(opened.text, "/samtale/ny")
        await go.wait()
        await asyncio.sleep(random.random() * 0.05)
        answer = await browser.post(found.action, data={**found.fields, "slot": slot, "action": "book"})
        return answer.status_code, page.text(answer.text)


@pytest.fixture
async def fresh_slot(store: Store) -> str:
    """The servers' clock is the real one, so the one slot everybody wants is put some working days from today."""
    await _crowd(store)
    day = datetime.now(UTC).date() + timedelta(days=2)
    while not is_working_day(day, ClosedDays()):
        day += timedelta(days=1)
    async with store.writing(cast.staff("ada"), cast.NOW) as unit:
        slot = calendars.add_slot(unit, cast.identity("rikke"), "modtagelse", local_instant(day, time(15, 7)))
        await unit.commit(unnoted=True)
    return slot


async def _run(database: str, slot: str, tmp_path: Path, contenders: int = CONTENDERS) -> Counter[int]:
    behind_proxy = {
        "PORTAL_TRUSTED_PROXY": "127.0.0.1"
    }  # contenders at home: a login limit of their own for each
    with (
        serving(database, tmp_path / "one.log", **behind_proxy) as one,
        serving(database, tmp_path / "two.log", **behind_proxy) as two,
    ):
        go, ready = asyncio.Event(), asyncio.Semaphore(16)
        tasks = [
            asyncio.create_task(_contend((one, two)[each % 2], f"c{each}", slot, go, ready))
            for each in range(contenders)
        ]
        await asyncio.sleep(0.5)
        while ready._value < 16:
            await asyncio.sleep(0.2)
        go.set()
        answers = await asyncio.gather(*tasks)
    for code, said in answers:
        if code != 303:
            assert "Tiden er lige blevet taget af en anden. Vælg en anden tid." in said, (code, said[:300])
    return Counter(code for code, _ in answers)


@pytest.mark.timeout(400)
async def test_one_winner(database: str, store: Store, fresh_slot: str, tmp_path: Path, engine: str) -> None:
    codes = await _run(database, fresh_slot, tmp_path)
    assert codes == {303: 1, 409: CONTENDERS - 1}
    async with store.reading(cast.HOME) as reader:
        booked = await reader.one(select(func.count()).select_from(Booking))
        asked = await reader.one(select(func.count()).select_from(Conversation))
    assert (booked[0], asked[0]) == (1, 1)


@pytest.mark.timeout(400)
async def test_the_control_with_the_index_dropped_there_is_more_than_one(
    database: str, store: Store, fresh_slot: str, tmp_path: Path, engine: str
) -> None:
    async with behind(database) as connection:
        await connection.execute(text("DROP INDEX uq_booking_slot"))
    codes = await _run(database, fresh_slot, tmp_path, WITHOUT_INDEX)
    assert codes[303] > 1
