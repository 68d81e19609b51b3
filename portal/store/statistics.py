"""How many of what in which month: from the rows there are, and from what is left of the erased. Nothing finer than a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select

from portal.domain import conversation as talks
from portal.domain.calendar import local_date
from portal.store.database import Reader, Unit
from portal.store.tables import Breach, Conversation, Dialogue, Tally

Months = Counter[tuple[str, str]]
FEWEST = 5  # smaller numbers are withheld wherever people see them


def _month(day: date | datetime) -> str:
    return (local_date(day) if isinstance(day, datetime) else day).strftime("%Y-%m")


def of_rows(rows: Iterable[Conversation | Dialogue | Breach]) -> Months:
    """What these rows count for."""
    found: Months = Counter()
    for row in rows:
        if isinstance(row, Conversation):
            found[_month(row.asked_at), "conversation.asked"] += 1
            if row.state == talks.HELD and row.held_on is not None:
                kept = row.held_on <= row.due_on or row.waived_at is not None
                found[_month(row.held_on), "conversation.kept" if kept else "conversation.late"] += 1
        elif isinstance(row, Dialogue):
            if row.finished_at is not None:
                found[_month(row.finished_at), f"route.{row.outcome['route']}"] += 1
        else:
            found[_month(row.due_on), f"broken.{row.kind}"] += 1
    return found


async def months(reader: Reader) -> Months:
    """Every month of this municipality."""
    found: Months = Counter()
    for table in (Conversation, Dialogue, Breach):
        found += of_rows(await reader.rows(select(table)))
    for month, what, count in await reader.all(select(Tally.month, Tally.what, Tally.count)):
        found[month, what] += count
    return found


async def keep(unit: Unit, counted: Months) -> None:
    """What is about to be erased stays in the statistics."""
    for (month, what), count in sorted(counted.items()):
        row = await unit.find(Tally, f"{month} {what}")
        if row is None:
            unit.add(
                Tally(
                    municipality=unit.municipality, id=f"{month} {what}", month=month, what=what, count=count
                )
            )
        else:
            row.count += count
    await unit.flush()
