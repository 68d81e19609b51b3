"""Letters waiting to be sent: written with the action, sent once by a worker that holds a lease.

A letter whose sending broke off is *uncertain*: it may have arrived, so it is never sent again by itself. People decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select, update

from portal.store import journal
from portal.store.database import Reader, Unit, new_id
from portal.store.tables import Citizen, CompanyUser, Outbox

LEASE = timedelta(minutes=2)
ATTEMPTS = 5


@dataclass(frozen=True)
class Letter:
    """A letter leased for sending. `id` goes along as its Message-ID, so that a repeat can be told from a new one."""

    id: str
    kind: str
    to: str
    lang: str
    facts: dict[str, Any]
    attempts: int


def post(unit: Unit, kind: str, *, to: str, lang: str, once: str, **facts: Any) -> None:
    """A letter in the unit's transaction; `once` makes a second one for the same event impossible."""
    if not to:
        return
    unit.add(
        Outbox(
            municipality=unit.municipality,
            id=new_id(),
            kind=kind,
            to=to,
            lang=lang,
            facts=facts,
            once=once,
            created_at=unit.now,
            due_at=unit.now,
        )
    )


async def tell_citizen(unit: Unit, citizen_id: str, once: str) -> None:
    """An e-mail that says only that there is a message, if that is the channel the citizen chose."""
    citizen = await unit.find(Citizen, citizen_id)
    if citizen is not None and citizen.channel == "email":
        post(unit, "new_message", to=citizen.email, lang=citizen.lang, once=once, door="borger")


async def tell_company(unit: Unit, user_id: str, once: str) -> None:
    user = await unit.find(CompanyUser, user_id)
    if user is not None:
        post(unit, "new_message", to=user.email, lang=user.lang, once=once, door="virksomhed")


async def lease(unit: Unit, worker: str) -> Letter | None:
    """The next letter nobody else is sending, now this worker's for a while; None when there is none.

    One at a time: a worker that dies leaves no letter in doubt but the one it was sending. Letters whose lease ran out
    become uncertain.
    """
    await _give_up_lapsed(unit)
    due = or_(Outbox.state == "pending", Outbox.state == "failed")
    statement = (
        select(Outbox)
        .where(due, Outbox.due_at <= unit.now, Outbox.attempts < ATTEMPTS)
        .order_by(Outbox.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    for row in await unit.rows(statement):
        row.state, row.lease_by, row.lease_until = "sending", worker, unit.now + LEASE
        row.attempts += 1
        return Letter(row.id, row.kind, row.to, row.lang, row.facts, row.attempts)
    return None


async def _give_up_lapsed(unit: Unit) -> None:
    lapsed = select(Outbox).where(Outbox.state == "sending", Outbox.lease_until < unit.now)
    for row in await unit.rows(lapsed.with_for_update(skip_locked=True)):
        row.state, row.trouble = "uncertain", "the worker stopped while it was sending"
        journal.note(unit, "letter.uncertain", "outbox", row.id)


async def sent(unit: Unit, letter: Letter) -> None:
    row = await _mine(unit, letter)
    row.state, row.sent_at, row.trouble, row.lease_until = "sent", unit.now, "", None
    journal.note(unit, "letter.sent", "outbox", letter.id, kind=letter.kind)


async def refused(unit: Unit, letter: Letter, trouble: str) -> None:
    """The receiver certainly did not take it: tried again later, ever more seldom."""
    row = await _mine(unit, letter)
    row.state, row.trouble, row.lease_until = "failed", trouble[:200], None
    row.due_at = unit.now + timedelta(minutes=2**letter.attempts)


async def uncertain(unit: Unit, letter: Letter, trouble: str) -> None:
    """It broke off after the letter was handed over: it may have arrived."""
    row = await _mine(unit, letter)
    row.state, row.trouble, row.lease_until = "uncertain", trouble[:200], None
    journal.note(unit, "letter.uncertain", "outbox", letter.id)


async def _mine(unit: Unit, letter: Letter) -> Outbox:
    row = await unit.find(Outbox, letter.id)
    if row is None:
        raise LookupError(letter.id)
    return row


async def troubled(reader: Reader) -> list[Outbox]:
    """Letters people must look at: uncertain ones, and those tried as often as they may be."""
    stuck = (Outbox.state == "failed") & (Outbox.attempts >= ATTEMPTS)
    return await reader.rows(
        select(Outbox).where(or_(Outbox.state == "uncertain", stuck)).order_by(Outbox.due_at)
    )


async def resolve(unit: Unit, letter_id: str, *, again: bool) -> None:
    """Somebody has found out what happened: send it again, or count it as sent."""
    state = "pending" if again else "sent"
    await unit.session.execute(
        update(Outbox)
        .where(Outbox.id == letter_id, Outbox.state.in_(("uncertain", "failed")))
        .values(state=state, attempts=0, due_at=unit.now, sent_at=None if again else unit.now)
    )
    journal.note(unit, "letter.resolved", "outbox", letter_id, again=again)
