"""How often somebody may do something, counted in the database, so that any number of processes count together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update

from portal.domain.people import system
from portal.store.database import AlreadyThereError, Store, Unit
from portal.store.tables import RateWindow


@dataclass(frozen=True)
class Limit:
    most: int
    within: timedelta


LIMITS = {
    "write": Limit(300, timedelta(minutes=10)),
    "search": Limit(60, timedelta(minutes=10)),
    "export": Limit(6, timedelta(hours=1)),
    "login": Limit(120, timedelta(minutes=10)),
}


async def take(store: Store, municipality: str, action: str, who: str, now: datetime) -> datetime | None:
    """Counts one. None while it is within the limit; else when it may be tried again."""
    limit = LIMITS[action]
    seconds = limit.within.total_seconds()
    began = int(now.timestamp() // seconds)
    ends_at = datetime.fromtimestamp((began + 1) * seconds, UTC)
    name = f"{action}|{began}|{who}"[:64]
    for _ in range(2):
        async with store.writing(system(municipality), now) as unit:
            try:
                count = await _count(unit, name, ends_at)
                await unit.commit(unnoted=True)
            except AlreadyThereError:
                continue  # another process was first with this window
            return ends_at if count > limit.most else None
    return None


async def _count(unit: Unit, name: str, ends_at: datetime) -> int:
    counted = await unit.session.execute(
        update(RateWindow).where(RateWindow.id == name).values(count=RateWindow.count + 1)
    )
    if not counted.rowcount:
        await unit.session.execute(delete(RateWindow).where(RateWindow.ends_at < unit.now))
        unit.add(RateWindow(municipality=unit.municipality, id=name, count=1, ends_at=ends_at))
        await unit.flush()
        return 1
    found = await unit.one(select(RateWindow.count).where(RateWindow.id == name))
    return int(found[0]) if found else 1
