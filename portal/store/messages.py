"""What is said between the municipality and a citizen or a company: kept here, read after login."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from portal.store import journal
from portal.store.database import Reader, Unit, new_id
from portal.store.tables import Message


@dataclass(frozen=True)
class Said:
    id: str
    case_kind: str
    case_id: str
    sent_by_reader: bool
    author: str
    kind: str
    facts: dict[str, Any]
    body: str
    sent_at: datetime
    read_at: datetime | None


_COLUMNS = (
    Message.id,
    Message.case_kind,
    Message.case_id,
    Message.sent_by_reader,
    Message.author,
    Message.kind,
    Message.facts,
    Message.body,
    Message.sent_at,
    Message.read_at,
)


def say(
    unit: Unit,
    kind: str,
    *,
    case_kind: str,
    case_id: str,
    reader_id: str,
    body: str = "",
    by_reader: bool = False,
    author: str | None = None,
    **facts: Any,
) -> str:
    """A message in the unit's transaction, with its facts frozen; gives its id. `author` where it is not who acts."""
    message_id = new_id()
    unit.add(
        Message(
            municipality=unit.municipality,
            id=message_id,
            case_kind=case_kind,
            case_id=case_id,
            reader_id=reader_id,
            sent_by_reader=by_reader,
            author=unit.actor.name if author is None else author,
            kind=kind,
            facts=facts,
            body=body,
            sent_at=unit.now,
        )
    )
    return message_id


async def of_reader(reader: Reader, reader_id: str, most: int = 50) -> list[Said]:
    statement = (
        select(*_COLUMNS).where(Message.reader_id == reader_id).order_by(Message.sent_at.desc()).limit(most)
    )
    return [Said(*row) for row in await reader.all(statement)]


async def of_case(reader: Reader, case_id: str) -> list[Said]:
    """The conversation about one case, oldest first."""
    statement = select(*_COLUMNS).where(Message.case_id == case_id).order_by(Message.sent_at)
    return [Said(*row) for row in await reader.all(statement)]


async def one(reader: Reader, message_id: str, reader_id: str) -> Said | None:
    """A message, if it is that reader's."""
    statement = select(*_COLUMNS).where(Message.id == message_id, Message.reader_id == reader_id)
    row = await reader.one(statement)
    return Said(*row) if row else None


async def mark_read(unit: Unit, message_id: str, reader_id: str) -> None:
    await unit.session.execute(
        update(Message)
        .where(Message.id == message_id, Message.reader_id == reader_id, Message.read_at.is_(None))
        .values(read_at=unit.now)
    )


async def mark_case_read(unit: Unit, case_id: str, reader_id: str) -> None:
    """Everything said to the reader in one case counts as read."""
    await unit.session.execute(
        update(Message)
        .where(Message.case_id == case_id, Message.reader_id == reader_id, Message.read_at.is_(None))
        .values(read_at=unit.now)
    )
    journal.note(unit, "message.read", "placement", case_id)
