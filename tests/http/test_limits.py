"""Limits are counted in the database, by person or address, and answered calmly."""

from __future__ import annotations

import pytest

from portal.store import limits
from portal.store.database import Store
from portal.store.limits import Limit
from tests import cast, page
from tests.conftest import Portal
from tests.keys import RING


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LIMITS", {name: Limit(3, one.within) for name, one in limits.LIMITS.items()})


async def test_writing_too_often_waits_and_gives_the_words_back(portal: Portal) -> None:
    amina, birger = await portal.log_in("amina"), await portal.log_in("birger")
    words = {"name": "En der hjælper mig", "kind": "x"}
    for _ in range(3):
        assert (await amina.fill("/borger/hjaelpere", "/borger/hjaelpere", **words)).status_code == 422
    answer = await amina.fill("/borger/hjaelpere", "/borger/hjaelpere", **words)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "En der hjælper mig" in page.text(answer.text)
    assert (await birger.fill("/borger/hjaelpere", "/borger/hjaelpere", **words)).status_code == 422
    portal.later(minutes=10)
    assert (await amina.fill("/borger/hjaelpere", "/borger/hjaelpere", **words)).status_code == 422


async def test_searching_and_beginning_to_log_in_are_limited(portal: Portal) -> None:
    clara = await portal.log_in("clara")
    found = [
        (await clara.browser.get("/silkeborg/medarbejder/virksomheder?soeg=bo")).status_code for _ in range(4)
    ]
    assert found == [200, 200, 200, 429]
    assert (await clara.browser.get("/silkeborg/medarbejder/virksomheder")).status_code == 200
    browser = portal.browser()
    begun = [(await browser.get("/silkeborg/log-ind/borger/videre")).status_code for _ in range(4)]
    assert 429 in begun


async def test_two_processes_count_together(database: str) -> None:
    one, other = Store(database, RING), Store(database, RING)
    taken = []
    for store in (one, other, one, other):
        taken.append(await limits.take(store, cast.HOME, "export", "amina", cast.NOW) is None)
    assert taken == [True, True, True, False]
    assert await limits.take(one, cast.NEXT_DOOR, "export", "amina", cast.NOW) is None
    await one.close()
    await other.close()
