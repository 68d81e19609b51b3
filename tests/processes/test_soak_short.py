"""A short soak: app and worker killed under load, nothing acknowledged lost; and the check itself, with a row taken away.

`make soak` runs for minutes, and kills the database too.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.conftest import Portal
from tests.keys import RING
from tests.soak.check import check, load, lose_one, whole
from tests.soak.history import ACKNOWLEDGED, History, Trouble
from tests.soak.people import Browser
from tests.soak.run import populate, soak

pytestmark = pytest.mark.long

SECONDS, AT_MOST = 15, 150
KILLS, ACKNOWLEDGEMENTS = 4, 20


def _enough(history: History) -> bool:
    """Each kind of kill once, and people who were told that it is done; however slow the machine is."""
    return history.kills.total() >= KILLS and len(history.acknowledged) >= ACKNOWLEDGEMENTS


@pytest.mark.timeout(300)
async def test_nothing_acknowledged_is_lost(database: str, tmp_path: Path, engine: str) -> None:
    outcome = await soak(
        database, tmp_path, seconds=SECONDS, seed=3, browsers=20, enough=_enough, at_most=AT_MOST
    )
    assert outcome.findings == [], outcome.line()
    killed = outcome.history.kills
    assert killed.total() >= KILLS, outcome.line()
    assert any("app" in kind or "page" in kind for kind in killed), outcome.line()
    assert any("worker" in kind for kind in killed), outcome.line()
    assert len(outcome.history.acknowledged) >= ACKNOWLEDGEMENTS, outcome.line()


async def _some_history(portal: Portal) -> History:
    """Three citizens who ask, move and cancel, without a process or a kill."""
    names = await populate(portal.database, 3)
    history, rng = History(), random.Random(5)
    for name in names:
        transport = httpx.ASGITransport(app=portal.app, raise_app_exceptions=False)
        headers = {"sec-fetch-site": "same-origin"}
        async with httpx.AsyncClient(transport=transport, headers=headers) as client:
            citizen = Browser(["http://localhost"], history, rng, client, rude=False)
            await citizen.log_in(name)
            await citizen.ask()
            await citizen.move()
            if name == names[0]:
                await citizen.cancel()
                await citizen.ask()
    assert len(history.acknowledged) == len(history.actions) == 8
    return history


@pytest.fixture
async def told(portal: Portal) -> History:
    portal.now = datetime.now(UTC)
    return await _some_history(portal)


async def test_the_check_is_content_with_what_is_whole(portal: Portal, told: History, engine: str) -> None:
    assert check(told, await load(portal.database)) == []
    assert await whole(portal.database, RING) == []


@pytest.mark.parametrize("seed", range(4))
async def test_the_control_one_acknowledged_row_gone_and_the_check_is_red(
    portal: Portal, told: History, engine: str, seed: int
) -> None:
    gone = await lose_one(portal.database, told, random.Random(seed))
    found = check(told, await load(portal.database))
    talk = gone.rsplit(" ", 1)[1]
    assert any(talk in one for one in found), (gone, found)


async def test_the_control_of_what_else_must_not_be(portal: Portal, told: History, engine: str) -> None:
    """Each in turn, on the same history: a form never carried out, one carried out that was refused, a letter twice,
    a mistake of ours with the database there."""
    kept = await load(portal.database)
    first = told.actions[0]
    row = kept.keys.pop(first.key)
    assert any("never carried out" in one for one in check(told, kept))
    kept.keys[first.key] = row
    first.outcome = "refused"
    assert any("carried out all the same" in one for one in check(told, kept))
    first.outcome = ACKNOWLEDGED
    told.letters[next(iter(kept.letters))] = 2
    assert any("taken 2 times" in one for one in check(told, kept))
    told.letters.clear()
    began = datetime.now(UTC)
    told.troubles.append(Trouble("POST /", 500, began, began + timedelta(seconds=1), calm=True))
    assert any("with the database there" in one for one in check(told, kept))
    told.away.append((began, began))
    assert check(told, kept) == []
