"""Promises as rows with a date: the sweep finds every one whose day has ended, however long the worker was away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, select

from portal.domain import conversation as talks
from portal.domain import placement
from portal.store import journal
from portal.store.database import Reader, Unit, new_id
from portal.store.tables import Breach, Conversation, PlacementCase

CAUSES = {talks.WAITING: "no_time", talks.BOOKED: "not_held"}  # why a conversation was not held in time


@dataclass(frozen=True)
class Broken:
    kind: str
    subject_id: str
    due_on: date
    cause: str


async def broken(reader: Reader, today: date) -> list[Broken]:
    """Promises whose day has ended unkept and that are not yet in the register, each with its cause."""
    unheld = await reader.all(
        select(Conversation.id, Conversation.due_on, Conversation.state)
        .outerjoin(Breach, and_(Breach.subject_id == Conversation.id, Breach.kind == "conversation"))
        .where(
            Conversation.due_on < today,
            Conversation.waived_at.is_(None),
            Conversation.state.in_(sorted(talks.OPEN)),
            Breach.id.is_(None),
        )
    )
    held_late = await reader.all(
        select(Conversation.id, Conversation.due_on)
        .outerjoin(Breach, and_(Breach.subject_id == Conversation.id, Breach.kind == "conversation"))
        .where(
            Conversation.held_on > Conversation.due_on, Conversation.waived_at.is_(None), Breach.id.is_(None)
        )
    )
    unread = await reader.all(
        select(PlacementCase.id, PlacementCase.answer_due_on)
        .outerjoin(Breach, and_(Breach.subject_id == PlacementCase.id, Breach.kind == "answer"))
        .where(
            PlacementCase.answer_due_on < today,
            PlacementCase.read_at.is_(None),
            PlacementCase.state.in_(sorted(placement.OPEN)),
            Breach.id.is_(None),
        )
    )
    return [
        *(Broken("conversation", row.id, row.due_on, CAUSES[row.state]) for row in unheld),
        *(Broken("conversation", row.id, row.due_on, "held_late") for row in held_late),
        *(Broken("answer", row.id, row.answer_due_on, "unread") for row in unread),
    ]


async def register_once(unit: Unit, promise: Broken) -> None:
    """The breach, unless it is in the register already."""
    known = select(Breach.id).where(Breach.kind == promise.kind, Breach.subject_id == promise.subject_id)
    if await unit.one(known) is None:
        register(unit, promise)


async def take_back(unit: Unit, conversation_id: str, due_on: date) -> None:
    """A promise the sweep found unkept, because nobody had noted yet what happened in time, leaves the register."""
    kept = select(Breach).where(Breach.kind == "conversation", Breach.subject_id == conversation_id)
    for breach in await unit.rows(kept):
        await unit.session.delete(breach)
        journal.note(unit, "promise.kept", "conversation", conversation_id, due_on=due_on.isoformat())


def register(unit: Unit, promise: Broken) -> None:
    """The breach, with its journal line; the index lets it in once."""
    unit.add(
        Breach(
            municipality=unit.municipality,
            id=new_id(),
            kind=promise.kind,
            subject_id=promise.subject_id,
            due_on=promise.due_on,
            found_at=unit.now,
            cause=promise.cause,
        )
    )
    kind = "conversation" if promise.kind == "conversation" else "placement"
    journal.note(
        unit,
        "promise.broken",
        kind,
        promise.subject_id,
        due_on=promise.due_on.isoformat(),
        cause=promise.cause,
    )
