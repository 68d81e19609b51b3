"""The demo loads on any day of the year, and every page of it opens."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portal.app import create_app
from portal.demo import load as demo
from portal.demo.people import CITIZENS, COMPANIES, STAFF
from tests.conftest import Portal, migrate, test_settings

DAYS = {
    "a Sunday night": datetime(2026, 11, 22, 0, 30, tzinfo=UTC),
    "a Monday before work": datetime(2026, 11, 23, 4, 0, tzinfo=UTC),
    "a Friday evening": datetime(2026, 11, 27, 22, 30, tzinfo=UTC),
    "Christmas Eve": datetime(2026, 12, 24, 12, 0, tzinfo=UTC),
    "New Year's Day": datetime(2027, 1, 1, 9, 0, tzinfo=UTC),
    "the day before Easter": datetime(2027, 3, 24, 9, 0, tzinfo=UTC),
    "the night the clock goes back": datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
}


@pytest.fixture
def empty(tmp_path: Path) -> str:
    url = f"sqlite+aiosqlite:///{tmp_path / 'demo.db'}"
    migrate(url)
    return url


@pytest.mark.parametrize("day", DAYS)
def test_it_loads_and_everybody_can_open_their_first_page(day: str, empty: str) -> None:
    asyncio.run(_look(empty, DAYS[day]))


async def _look(url: str, now: datetime) -> None:
    portal = Portal(create_app(test_settings(url), clock=lambda: now), None, now)  # type: ignore[arg-type]
    portal.store = portal.app.state.wiring.store
    await demo.load(portal.store, now)
    doors = {row[0]: "borger" for row in CITIZENS} | {row[0]: "virksomhed" for row in COMPANIES}
    doors |= {row[0]: "medarbejder" for row in STAFF}
    for name, door in doors.items():
        person = await portal.log_in(name, door=door)
        home = await person.see(
            {"borger": "/borger", "virksomhed": "/virksomhed", "medarbejder": "/medarbejder"}[door]
        )
        assert home.status_code == 200, name
    tove = await portal.log_in("tove", door="medarbejder")
    assert "Fatima Testsen" in (await tove.see("/medarbejder/tavle")).text
    for browser in portal.browsers:
        await browser.aclose()
    await portal.store.close()
