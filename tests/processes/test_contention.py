"""200 contenders over two processes on one slot, through HTTP: one winner, everybody else told calmly, no 5xx."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select, text

from portal.domain.people import system
from portal.store.database import Store
from portal.store.tables import Booking, Citizen, Conversation, Slot
from tests import cast, page
from tests.processes.servers import serving

CONTENDERS = int(os.environ.get("PORTAL_TEST_CONTENDERS", "200"))


async def _crowd(store: Store) -> str:
    """The contenders, and the one slot they all want."""
    async with store.writing(system(cast.HOME), cast.NOW) as unit:
        for each in range(CONTENDERS):
            unit.add(
                Citizen(
                    municipality=cast.HOME,
                    id=cast.identity(f"c{each}x"),
                    issuer="demo",
                    subject=f"c{each}",
                    name=f"Testperson {each}",
                    birth_date=None,
                    email="",
                )
            )
        await unit.commit(unnoted=True)
    async with store.reading(cast.HOME) as reader:
        now = (await reader.one(select(func.max(Slot.starts_at))))[0]
        wanted = select(Slot.id).where(Slot.starts_at > cast.NOW).order_by(Slot.starts_at).limit(1)
        assert now
        return (await reader.one(wanted))[0]


async def _contend(
    address: str, subject: str, slot: str, go: asyncio.Event, ready: asyncio.Semaphore
) -> tuple[int, str]:
    limits = httpx.Limits(max_connections=1)
    async with httpx.AsyncClient(
        base_url=address,
        timeout=120,
        limits=limits,
        trust_env=False,
        headers={"sec-fetch-site": "same-origin"},
    ) as browser:
        async with ready:
            await browser.post("/silkeborg/log-ind/borger", data={"person": subject, "back": ""})
            opened = await browser.get("/silkeborg/borger/samtale/ny")
        found = page.form(opened.text, "/samtale/ny")
        await go.wait()
        await asyncio.sleep(random.random() * 0.05)
        answer = await browser.post(found.action, data={**found.fields, "slot": slot, "action": "book"})
        return answer.status_code, page.text(answer.text)


@pytest.fixture
async def fresh_slot(store: Store) -> str:
    """The cast's calendar lies in the past of the real clock or not: the wanted slot is moved to tomorrow."""
    slot = await _crowd(store)
    async with store.engine.execution_options(write=True).begin() as connection:
        tomorrow = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=2)
        while tomorrow.weekday() > 4:
            tomorrow += timedelta(days=1)
        await connection.execute(
            Slot.__table__.update().where(Slot.__table__.c.id == slot).values(starts_at=tomorrow)
        )
    return slot


async def _run(database: str, slot: str, tmp_path: Path) -> Counter[int]:
    with serving(database, tmp_path / "one.log") as one, serving(database, tmp_path / "two.log") as two:
        go, ready = asyncio.Event(), asyncio.Semaphore(16)
        tasks = [
            asyncio.create_task(_contend((one, two)[each % 2], f"c{each}", slot, go, ready))
            for each in range(CONTENDERS)
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
    async with store.engine.execution_options(write=True).begin() as connection:
        await connection.execute(text("DROP INDEX uq_booking_slot"))
    codes = await _run(database, fresh_slot, tmp_path)
    assert codes[303] > 1
