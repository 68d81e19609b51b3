"""Sealing data anew under the ring's current key: some rows at a time, so that it can be stopped and begun again.

What is sealed already with the current key is left alone; so beginning again after a kill goes on where it stopped.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, inspect, not_, or_, select, type_coerce
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.types import String

from portal.domain.people import system
from portal.store import journal
from portal.store.database import Reader, Store, key_mark
from portal.store.sealing import sealed_columns
from portal.store.tables import KeyMark, TenantRow

AT_ONCE = 200


def sealed_tables() -> list[type[TenantRow]]:
    """The tables that hold anything sealed."""
    found = [table for table in TenantRow.__subclasses__() if sealed_columns(inspect(table))]
    return sorted(found, key=lambda table: table.__name__)


def _under_another(table: type[TenantRow], current: str) -> Any:
    columns = [type_coerce(getattr(table, name), String) for name in sealed_columns(inspect(table))]
    return or_(*(not_(column.startswith(f"{current}:", autoescape=True)) for column in columns))


async def left(reader: Reader, current: str) -> int:
    """How many rows hold something sealed with another key than `current`."""
    count = 0
    for table in sealed_tables():
        found = await reader.one(select(func.count(table.id)).where(_under_another(table, current)))
        count += int(found[0]) if found else 0
    return count


async def seal_anew(store: Store, municipality: str, now: datetime) -> int:
    """Everything of one municipality will be sealed with the current key; gives how many rows were not yet."""
    done = 0
    for table in sealed_tables():
        while True:
            async with store.writing(system(municipality), now) as unit:
                wanted = select(table).where(_under_another(table, store.ring.current)).limit(AT_ONCE)
                rows = await unit.rows(wanted.with_for_update())
                for row in rows:
                    for name in sealed_columns(inspect(table)):
                        flag_modified(row, name)
                await unit.commit(unnoted=True)
            done += len(rows)
            if not rows:
                break
    return done


async def mark(store: Store, municipality: str, name: str, now: datetime) -> None:
    """From here on the database says that it needs that key, so that it may seal."""
    async with store.writing(system(municipality), now) as unit:
        if await unit.find(KeyMark, name) is None:
            unit.add(key_mark(store.ring, municipality, name, now))
            journal.note(unit, "keys.rotated", "municipality", municipality, key=name)
            await unit.commit()


async def forget(store: Store, municipality: str, name: str, now: datetime) -> bool:
    """The database no longer needs the key, if nothing is sealed with it any more; gives whether that is so.

    The mark goes first: whoever is sealing with the key holds the mark until they are done, and nobody can begin after. So
    what is counted then is all there will ever be.
    """
    async with store.writing(system(municipality), now) as unit:
        found = await unit.rows(select(KeyMark).where(KeyMark.id == name).with_for_update())
        for row in found:
            await unit.session.delete(row)
        journal.note(unit, "keys.dropped", "municipality", municipality, key=name)
        await unit.flush()
        if await left(unit, store.ring.current):
            return False
        if found:
            await unit.commit()
    return True
