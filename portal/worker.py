"""The worker: finds broken promises, sends letters, extends calendars. Beside the app or in it; several at once are safe."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import structlog

from portal.domain.calendar import local_date
from portal.domain.people import system
from portal.letters import RefusedLetterError, Sender, UncertainLetterError, render
from portal.store import access_log, calendars, outbox, promises
from portal.store.database import AlreadyThereError, Store, new_id
from portal.store.tables import Municipality

log = structlog.get_logger("portal.worker")
LETTERS_A_ROUND = 20  # of one municipality, so that no other waits for it


async def run(
    store: Store,
    send: Sender,
    base_url: str,
    clock: Callable[[], datetime],
    pause: float,
    stop: asyncio.Event,
) -> None:
    """Rounds until told to stop; a round that fails is logged, and the next one tries again."""
    name = new_id()
    while not stop.is_set():
        try:
            await round_of_work(store, send, base_url, clock, name)
        except Exception as error:
            log.error("round failed", kind=type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def round_of_work(
    store: Store, send: Sender, base_url: str, clock: Callable[[], datetime], name: str
) -> None:
    """Everything that is due now, in every municipality."""
    for place in await store.municipalities():
        watch_rules(store, place.code, local_date(clock()))
        await sweep(store, place.code, clock())
        await extend(store, place.code, clock())
        await draw_lots(store, place.code, clock())
        await deliver(store, place, send, base_url, clock, name)


def watch_rules(store: Store, municipality: str, today: date) -> None:
    """Says aloud when a municipality's layers do not read together: the national rules hold there until somebody acts."""
    why = store.shelf_of(municipality).broken(municipality, today)
    if why:
        log.error(
            "the municipality's rules do not read; the national ones hold", municipality=municipality, why=why
        )


async def sweep(store: Store, municipality: str, now: datetime) -> int:
    """Every promise whose day has ended unkept gets its breach row, once; gives how many were new."""
    today = local_date(now)
    async with store.reading(municipality) as reader:
        overdue = await promises.broken(reader, today)
    found = 0
    for promise in overdue:
        async with store.writing(system(municipality), now) as unit:
            promises.register(unit, promise)
            try:
                await unit.commit()
                found += 1
            except AlreadyThereError:
                continue  # another worker was first
    return found


async def extend(store: Store, municipality: str, now: datetime) -> None:
    """Calendars reach as far ahead as they should."""
    until: date = local_date(now) + calendars.AHEAD
    async with store.reading(municipality) as reader:
        needed = await calendars.needs_extending(reader, until)
    if needed:
        async with store.writing(system(municipality), now) as unit:
            try:
                await calendars.extend(unit, local_date(now), until)
                await unit.commit(unnoted=True)
            except AlreadyThereError:
                return  # another worker was first


async def draw_lots(store: Store, municipality: str, now: datetime) -> None:
    """Looks of every week that has ended are drawn for a team lead to sign off, however long the worker was away."""
    async with store.writing(system(municipality), now) as unit:
        try:
            if await access_log.draw(unit, local_date(now)) is not None:
                await unit.commit(unnoted=True)
        except AlreadyThereError:
            return  # another worker was first


async def deliver(
    store: Store, place: Municipality, send: Sender, base_url: str, clock: Callable[[], datetime], name: str
) -> None:
    """Leases one letter after another, sends it outside any transaction, and notes how it went."""
    worker = system(place.code)
    for _ in range(LETTERS_A_ROUND):
        async with store.writing(worker, clock()) as unit:
            letter = await outbox.lease(unit, name)
            await unit.commit(unnoted=True)
        if letter is None:
            return
        outcome, trouble = await _try(send, letter, place, base_url)
        async with store.writing(worker, clock()) as unit:
            await outcome(unit, letter, *trouble)
            await unit.commit(unnoted=True)


async def _try(
    send: Sender, letter: outbox.Letter, place: Municipality, base_url: str
) -> tuple[Any, tuple[str, ...]]:
    """What is to be noted of it: sent, refused or uncertain, with the trouble."""
    try:
        address = f"{base_url}/{place.slug}/log-ind/{letter.facts['door']}"
        await send(render(letter, place.name, address))
    except UncertainLetterError as error:
        return outbox.uncertain, (str(error),)
    except RefusedLetterError as error:
        return outbox.refused, (str(error),)
    except (
        AttributeError,
        ValueError,
        LookupError,
    ) as error:  # a letter that cannot be written stops no other
        return outbox.refused, (type(error).__name__,)
    return outbox.sent, ()
