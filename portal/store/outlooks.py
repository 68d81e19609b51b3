"""The outlook list of a municipality: how many jobs there are for each occupation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, select

from portal.store import journal
from portal.store.database import Reader, Unit
from portal.store.tables import Outlook


@dataclass(frozen=True)
class Entry:
    occupation: str
    title: str
    outlook: str
    valid_on: date
    source: str
    fictional: bool


async def of(reader: Reader, occupation: str) -> str:
    """How many jobs there are for an occupation here; "unknown" when the list does not say."""
    row = await reader.find(Outlook, occupation)
    return row.outlook if row else "unknown"


async def is_loaded(reader: Reader) -> bool:
    return await reader.one(select(Outlook.id).limit(1)) is not None


async def replace_all(unit: Unit, entries: list[Entry]) -> None:
    """The municipality's list will be exactly these entries."""
    await unit.session.execute(delete(Outlook))
    for entry in entries:
        unit.add(
            Outlook(
                municipality=unit.municipality,
                id=entry.occupation,
                outlook=entry.outlook,
                occupation=entry.title,
                source=entry.source,
                fictional=entry.fictional,
                valid_on=entry.valid_on,
            )
        )
    journal.note(unit, "outlook.loaded", "municipality", unit.municipality, rows=len(entries))
    await unit.flush()
