"""No missed deadline: thousands of promises asked for, kept and broken through 2026, while workers are away, clocks jump
and summer time comes and goes. What the register holds afterwards is compared with an oracle that shares no code with the
portal: a promise's day ends at the instant the next local day begins.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select, update

from portal import worker
from portal.domain.people import Actor, Role, system
from portal.store import conversations, promises
from portal.store.database import Reader, Store
from portal.store.tables import Booking, Breach, Citizen, Conversation, Municipality, Slot, Staff, Team
from portal.triage.guarantee import promise
from portal.triage.rulebook import Rulebook
from portal.triage.shelf import built_in_shelf
from portal.triage.source import Source
from portal.triage.workdays import ClosedDays
from tests import cast
from tests.conftest import migrate
from tests.keys import RING
from tests.layers import figure, head
from tests.rows import bare

HISTORIES, PROMISES = 20, 155
ASKING, WATCHING = 14, 31  # days in which people ask, and in which the workers are watched
HERE = ZoneInfo("Europe/Copenhagen")
RIKKE = cast.identity("rikke")
SPECIAL = (date(2026, 1, 1), date(2026, 3, 17), date(2026, 3, 22), date(2026, 10, 13), date(2026, 10, 18),
           date(2026, 12, 18), date(2026, 12, 22))  # fmt: skip
FATES = {
    "waits": 30, "booked": 20, "held": 15, "held late": 10, "cancelled": 8, "cancelled late": 7, "missed late": 5,
    "waived": 5,
}  # fmt: skip


# ------------------------------------------------------------------ the oracle


def wall(day: date, at: time, fold: int = 0) -> datetime:
    """The instant at which clocks in Denmark show that."""
    return datetime.combine(day, at.replace(fold=fold), tzinfo=HERE).astimezone(UTC)


def due_day(asked_at: datetime, days: int) -> date:
    return asked_at.astimezone(HERE).date() + timedelta(days=days)


def day_over(day: date) -> datetime:
    return wall(day + timedelta(days=1), time())


@dataclass
class Life:
    """One promise: what is to happen to it, what has, and what the register must say of it."""

    talk: str
    asked_at: datetime
    days: int
    fate: str
    state: str = "waiting"
    slot: datetime | None = None
    acts_at: datetime | None = None
    cause: str | None = None
    found_at: datetime | None = None

    @cached_property
    def due(self) -> date:
        return due_day(self.asked_at, self.days)

    @cached_property
    def over(self) -> datetime:
        return day_over(self.due)

    def breaks(self, cause: str, at: datetime) -> None:
        if self.cause is None:
            self.cause, self.found_at = cause, at

    def seen(self, at: datetime) -> None:
        """A worker that looks at everything at `at`."""
        if self.fate != "waived" and self.state in ("waiting", "booked") and at >= self.over:
            self.breaks("no_time" if self.state == "waiting" else "not_held", at)


# ------------------------------------------------------------------ histories


@dataclass
class Past:
    """One municipality's history: promises, when workers look, and how wrong the clock is from when."""

    code: str
    rng: random.Random
    begins: date
    municipal_days: int | None
    lives: list[Life] = field(default_factory=list)
    jumps: list[tuple[datetime, timedelta]] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)

    @cached_property
    def book(self) -> Rulebook:
        """The national rulebook, with the municipality's own shorter promise laid over it where it has one."""
        shelf = built_in_shelf()
        if self.municipal_days:
            days = self.municipal_days
            layer = head(version="2025-07-01", since="2025-07-01", code=self.code) + "".join(
                figure(name, days) for name in ("guarantee.days", "guarantee.days_first_kontanthjaelp")
            )
            shelf = shelf.with_layers([Source.of(layer, "own.toml")])
        return shelf.in_force(self.code, self.begins)

    def reading(self, true: datetime) -> datetime:
        """What the clock shows at `true`."""
        wrong = timedelta()
        for at, by in self.jumps:
            if at <= true:
                wrong = by
        return true + wrong


def a_past(number: int) -> Past:
    rng = random.Random(1000 + number)
    anywhere = date(2026, 1, 1) + timedelta(rng.randrange(351))
    begins = SPECIAL[number % 14] if number % 14 < len(SPECIAL) else anywhere
    past = Past(f"{100 + number}", rng, begins, rng.choice((None, None, 3, 5)))
    past.lives = [_life(past, each) for each in range(PROMISES)]
    past.jumps = _jumps(past)
    past.looks = _looks(past)
    return past


def _asked(past: Past) -> datetime:
    """Any instant, and often one at the edge of a day or of summer time; in 2026."""
    rng, day = past.rng, past.begins + timedelta(past.rng.randrange(ASKING))
    if rng.random() < 0.5:
        instant = wall(day, time()) + timedelta(seconds=rng.randrange(86_400))
    else:
        if rng.random() < 0.3:
            day = rng.choice((date(2026, 3, 29), date(2026, 10, 25), day))
        at, fold = rng.choice(
            ((time(0), 0), (time(23, 59, 59), 0), (time(2, 30), 0), (time(2, 30), 1), (time(3), 0))
        )
        instant = wall(day if abs((day - past.begins).days) < ASKING else past.begins, at, fold)
    return instant if instant.astimezone(HERE).year == 2026 else wall(date(2026, 12, 31), time(23, 59, 59))


def _life(past: Past, each: int) -> Life:
    rng, asked_at = past.rng, _asked(past)
    fate = rng.choices(list(FATES), list(FATES.values()))[0]
    days = min(rng.choice((10, 10, 7)), past.municipal_days or 99)
    life = Life(f"{past.code}t{each:03}".ljust(32, "0"), asked_at, days, fate)
    if fate not in ("waits", "cancelled"):
        late = fate in ("held late", "missed late", "waived")
        day = life.due + timedelta(rng.randint(1, 4) if late else -rng.randrange(days))
        life.state, life.slot = "booked", wall(day, time(rng.randint(9, 15), each % 60, each // 60))
    if fate in ("held", "held late", "missed late") and life.slot:
        life.acts_at = life.slot + timedelta(hours=rng.randint(1, 7))
    elif fate == "cancelled":
        life.acts_at = asked_at + (life.over - asked_at) * rng.random()
    elif fate == "cancelled late":
        life.acts_at = life.over + timedelta(minutes=rng.randint(1, 4000))
    return life


def _jumps(past: Past) -> list[tuple[datetime, timedelta]]:
    """The clock jumps, some hours ahead or back, often over midnight, and is put right again some time later."""
    found: list[tuple[datetime, timedelta]] = []
    for day in sorted(past.rng.sample(range(1, WATCHING - 1, 4), past.rng.randint(0, 3))):
        at = wall(past.begins + timedelta(day), time(*past.rng.choice(((23, 30), (0, 30), (1, 59), (12, 0)))))
        found.append((at, timedelta(hours=past.rng.choice((-5, -3, -1, 1, 2, 5)))))
        found.append((at + timedelta(hours=past.rng.randint(2, 60)), timedelta()))
    return found


def _looks(past: Past) -> list[datetime]:
    """Looks at the edges of every day and somewhere in it, but for outages of any length, some from a due day on."""
    rng, looks = past.rng, []
    for number in range(WATCHING):
        midnight = wall(past.begins + timedelta(number), time())
        looks.append(midnight - past.reading(midnight) + midnight)  # when the clock shows midnight
        if rng.random() < 0.5:
            looks.append(midnight + timedelta(seconds=rng.randrange(60, 86_340)))
        if rng.random() < 0.3:
            looks.append(midnight - timedelta(seconds=1))
    for _ in range(rng.randint(1, 3)):
        gone = wall(rng.choice(past.lives).due, time()) + timedelta(seconds=rng.randrange(86_400))
        back = gone + timedelta(hours=rng.choice((1, 6, 30, 100, 250)) * rng.random())
        looks = [look for look in looks if not gone <= look < back]
    end = max(life.over for life in past.lives) + timedelta(days=6)
    return [*(look for look in looks if look < end), end]


# ------------------------------------------------------------------ the portal lives through it


@pytest.fixture
async def stores(tmp_path: Path) -> AsyncIterator[list[Store]]:
    """Two processes' doors to one SQLite database; fsync is left out, since nothing is killed here."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'deadlines.db'}"
    await asyncio.to_thread(migrate, url)
    opened = [Store(url, RING) for _ in range(2)]
    for store in opened:
        event.listen(
            store.engine.sync_engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF").close()
        )
    yield opened
    for store in opened:
        await store.close()


async def _settle(store: Store, past: Past) -> None:
    place = Municipality(
        code=past.code, slug=f"sted{past.code}", name=past.code, phone="1", email="a@b.example", address="x",
        fictional=True,
    )  # fmt: skip
    await store.found_municipality(place, system(past.code), cast.NOW)
    async with store.writing(system(past.code), cast.NOW) as unit:
        unit.add(Team(municipality=past.code, id="modtagelse", name_da="M", name_en="M", kind="citizen"))
        await unit.flush()
        unit.add(bare(Staff, past.code, id=RIKKE, role="caseworker", team_id="modtagelse"))
        for life in past.lives:
            unit.add(bare(Citizen, past.code, id=life.talk, subject=life.talk, channel="phone", lang="da"))
        await unit.flush()
        for life in past.lives:
            unit.add(_talk(past, life))
            if life.slot:
                held = {"staff_id": RIKKE, "team_id": "modtagelse", "starts_at": life.slot}
                unit.add(bare(Slot, past.code, id=life.talk, **held))
        await unit.flush()
        for life in past.lives:
            if life.slot:
                unit.add(bare(Booking, past.code, id=life.talk, conversation_id=life.talk, slot_id=life.talk))
        await unit.commit(unnoted=True)


def _talk(past: Past, life: Life) -> Any:
    """The request as the portal's own rules date it."""
    made = promise(
        life.asked_at,
        benefit="kontanthjaelp" if life.days == 7 else None,
        first_conversation=True,
        closed=ClosedDays(),
        book=past.book,
    )
    return bare(
        Conversation,
        past.code,
        id=life.talk,
        citizen_id=life.talk,
        asked_at=life.asked_at,
        asked_via="portal",
        form="phone",
        state=life.state,
        team_id="modtagelse",
        guarantee_days=made.due.guarantee_days,
        due_on=made.due.due_on,
        latest_bookable=made.due.latest_bookable,
        waived_at=life.asked_at if life.fate == "waived" else None,
    )


async def _look(stores: list[Store], past: Past, now: datetime) -> None:
    """One worker looks, or two at once."""
    many = stores if past.rng.random() < 0.15 else stores[:1]
    await asyncio.gather(*(worker.sweep(store, past.code, now) for store in many))
    for life in past.lives:
        life.seen(now)


async def _act(store: Store, past: Past, life: Life, now: datetime) -> None:
    """What people do with it, if the clock they go by lets them."""
    rikke = Actor(past.code, RIKKE, Role.CASEWORKER, "Rikke", "modtagelse")
    if life.fate in ("held", "cancelled"):
        if now >= life.over:
            return  # too late: nobody held or cancelled it in time
        life.state = life.fate
        held_on = life.slot and life.slot.astimezone(HERE).date()
        async with store.writing(rikke, now) as unit:
            await unit.session.execute(
                update(Conversation)
                .where(Conversation.id == life.talk)
                .values(state=life.fate, held_on=held_on)
            )
            await unit.commit(unnoted=True)
        return
    if life.slot is None or (life.fate != "cancelled late" and life.slot > now):
        return  # not begun yet
    async with store.writing(rikke, now) as unit:
        verb = {"held late": conversations.hold, "missed late": conversations.miss}.get(
            life.fate, conversations.cancel
        )
        await verb(unit, life.talk, 1)
        await unit.commit()
    life.state = life.fate.removesuffix(" late")
    if life.fate != "cancelled late" or now >= life.over:
        life.breaks("held_late" if life.fate == "held late" else "not_held", now)


async def live(stores: list[Store], past: Past) -> list[str]:
    """The whole history, in the order in which it truly happened; gives what the register has wrong afterwards."""
    await _settle(stores[0], past)
    steps: list[tuple[datetime, Life | None]] = [(look, None) for look in past.looks]
    steps += [(life.acts_at, life) for life in past.lives if life.acts_at]
    for true, life in sorted(steps, key=lambda step: step[0]):
        if life is None:
            await _look(stores, past, past.reading(true))
        else:
            await _act(stores[0], past, life, past.reading(true))
    async with stores[0].reading(past.code) as reader:
        rows = await reader.rows(select(Breach))
    return _wrong(past, rows)


def _wrong(past: Past, rows: list[Breach]) -> list[str]:
    by_talk = {
        talk: [row for row in rows if row.subject_id == talk] for talk in {row.subject_id for row in rows}
    }
    found = []
    for life in past.lives:
        unkept = life.fate != "waived" and life.state in ("waiting", "booked")
        assert not unkept or life.cause, "the oracle's own last look comes after every promise"
        mine = by_talk.pop(life.talk, [])
        said = [(row.cause, row.due_on, row.found_at) for row in mine]
        must = [(life.cause, life.due, life.found_at)] if life.cause else []
        if len(mine) < len(must):
            found.append(f"missed: {life}")
        elif any(row.found_at < life.over for row in mine):
            found.append(f"early: {life}, {said}")
        elif said != must:
            found.append(f"other: {life}, {said}")
    return [*found, *(f"of nothing: {talk}" for talk in by_talk)]


@pytest.mark.long
async def test_no_deadline_is_missed_and_none_comes_early(stores: list[Store]) -> None:
    broken = 0
    for number in range(HISTORIES):
        past = a_past(number)
        assert await live(stores, past) == [], number
        broken += sum(life.cause is not None for life in past.lives)
    assert HISTORIES * PROMISES >= 3000
    assert HISTORIES * PROMISES * 0.4 < broken < HISTORIES * PROMISES * 0.9


async def test_the_control_a_job_that_looks_for_today_only_misses_some(
    stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = promises.broken

    async def todays(reader: Reader, today: date) -> list[promises.Broken]:
        return [one for one in await real(reader, today) if one.due_on == today - timedelta(days=1)]

    monkeypatch.setattr(promises, "broken", todays)
    found = [wrong for number in range(3) for wrong in await live(stores, a_past(number))]
    assert sum(wrong.startswith("missed") for wrong in found) > 10


async def test_the_control_days_that_end_when_they_end_in_greenwich_are_found_too_late(
    stores: list[Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "local_date", lambda instant: instant.date())
    assert [wrong for number in range(2) for wrong in await live(stores, a_past(number))] != []


EDGES = [
    *(wall(date(2026, 3, 29), time(1, 59, 59)) + timedelta(seconds=second) for second in (0, 1, 3600)),
    *(wall(date(2026, 10, 25), time(2, 30), fold) for fold in (0, 1)),
    *(
        wall(date(2026, month, day), time(hour))
        for month, days in ((3, (18, 19, 28, 29, 30)), (10, (14, 15, 24, 25)))
        for day in days
        for hour in (0, 2, 23)
    ),
    *(
        wall(date(2026, month, day), time(23, 59, 59))
        for month, day in ((2, 28), (6, 30), (12, 21), (12, 31))
    ),
    *(wall(date(2026, month, 1), time()) for month in range(1, 13)),
]


async def test_the_promise_as_it_is_asked_for_has_the_oracles_day(stores: list[Store]) -> None:
    """Asked for through the verb itself, at the edges of days, of summer time and of the year."""
    await cast.settle(stores[0])
    for asked_at in EDGES:
        async with stores[0].writing(cast.citizen("amina"), asked_at) as unit:
            talk = await conversations.request_conversation(
                unit, cast.identity("amina"), conversations.Wish("phone"), None
            )
            due = (await unit.find(Conversation, talk)).due_on
            await conversations.cancel(unit, talk, 1)
            await unit.commit()
        assert due == due_day(asked_at, 10), asked_at
        for second, late in ((-1, False), (0, True)):
            at = day_over(due) + timedelta(seconds=second)
            assert (worker.local_date(at) > due) is late, asked_at
