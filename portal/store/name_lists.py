"""Official names of occupations and industries that were loaded for a municipality, one list of each kind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from portal.store import journal
from portal.store.database import Reader, Unit
from portal.store.tables import NameList


@dataclass(frozen=True)
class Loaded:
    """A list without its names. Equal digest means equal names."""

    kind: str
    digest: str
    count: int
    loaded_at: datetime


async def loaded(reader: Reader) -> list[Loaded]:
    """The lists there are, by kind."""
    wanted = select(NameList.id, NameList.digest, NameList.count, NameList.loaded_at).order_by(NameList.id)
    return [Loaded(*row) for row in await reader.all(wanted)]


async def names_of(reader: Reader, kind: str) -> list[tuple[str, str]]:
    """The list's (name, code); empty when there is none."""
    row = await reader.find(NameList, kind)
    return [(name, code) for name, code in row.names] if row else []


async def replace(unit: Unit, kind: str, names: Sequence[tuple[str, str]]) -> None:
    """The municipality's list of that kind will be exactly these names."""
    await unit.session.execute(delete(NameList).where(NameList.id == kind))
    kept = [list(one) for one in names]
    unit.add(
        NameList(
            municipality=unit.municipality,
            id=kind,
            names=kept,
            digest=hashlib.sha256(json.dumps(kept).encode()).hexdigest(),
            count=len(kept),
            loaded_at=unit.now,
        )
    )
    journal.note(unit, "names.loaded", "municipality", unit.municipality, kind=kind, names=len(kept))
    await unit.flush()
