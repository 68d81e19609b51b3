"""Who stands beside a citizen (companion) or acts for them (power of attorney): in what, and until when.

The citizen records it and may end it at any time. A representative takes a power of attorney with a code, under their own
login; from then on it is looked up at every request, so that an end is an end.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from portal.domain.errors import NotFoundError, RefusedError
from portal.domain.people import Actor, Role
from portal.store import journal, sessions
from portal.store.database import Reader, Unit, new_id
from portal.store.keys import KeyRing
from portal.store.placements import CODE_LETTERS, code_hash
from portal.store.tables import Citizen, Relation

COMPANION, ATTORNEY = "companion", "power_of_attorney"
KINDS = (COMPANION, ATTORNEY)
SCOPES = ("conversations", "messages")
LONGEST = timedelta(days=731)
CODE_LENGTH = 12


@dataclass(frozen=True)
class Helper:
    """A relation as the citizen and staff see it. `code` is there while nobody has taken the power of attorney yet."""

    id: str
    kind: str
    name: str
    scope: tuple[str, ...]
    ends_on: date
    accepted: bool
    code: str


@dataclass(frozen=True)
class Represented:
    """Somebody one may act for."""

    id: str
    name: str
    scope: tuple[str, ...]
    ends_on: date


def _code(ring: KeyRing, relation_id: str) -> str:
    """The code of a power of attorney: made from the ring, kept nowhere."""
    digest = hmac.digest(ring.derived("power of attorney"), relation_id.encode(), hashlib.sha256)
    return "".join(CODE_LETTERS[byte % len(CODE_LETTERS)] for byte in digest[:CODE_LENGTH])


def holds(row: Relation, today: date) -> bool:
    """Whether the relation holds today, its last day included."""
    return row.ended_at is None and row.starts_on <= today <= row.ends_on


async def of_citizen(reader: Reader, citizen_id: str, today: date) -> list[Helper]:
    """Those who help a citizen today."""
    rows = await reader.rows(
        select(Relation).where(Relation.citizen_id == citizen_id).order_by(Relation.recorded_at.desc())
    )
    return [
        Helper(
            row.id,
            row.kind,
            row.name,
            tuple(row.scope),
            row.ends_on,
            row.accepted_at is not None,
            _code(reader.ring, row.id) if row.kind == ATTORNEY and row.accepted_at is None else "",
        )
        for row in rows
        if holds(row, today)
    ]


async def of_representative(reader: Reader, citizen_id: str, today: date) -> list[Represented]:
    """Those whom somebody may act for today."""
    rows = await reader.all(
        select(Relation.id, Citizen.name, Relation.scope, Relation.ends_on)
        .join(Citizen, Citizen.id == Relation.citizen_id)
        .where(
            Relation.representative_id == citizen_id,
            Relation.ended_at.is_(None),
            Relation.starts_on <= today,
            Relation.ends_on >= today,
        )
        .order_by(Citizen.name)
    )
    return [Represented(row[0], row[1], tuple(row[2]), row[3]) for row in rows]


def record(unit: Unit, kind: str, name: str, scope: tuple[str, ...], today: date, ends_on: date) -> str:
    """The citizen names a helper; gives the relation's id."""
    relation_id = new_id()
    attorney = kind == ATTORNEY
    unit.add(
        Relation(
            municipality=unit.municipality,
            id=relation_id,
            citizen_id=unit.actor.id,
            kind=kind,
            name=name,
            scope=list(scope) if attorney else [],
            starts_on=today,
            ends_on=ends_on,
            recorded_at=unit.now,
            recorded_by=unit.actor.id,
            code_hash=code_hash(_code(unit.ring, relation_id)) if attorney else None,
        )
    )
    personal = {"kind": kind, "scope": list(scope), "ends_on": ends_on.isoformat()}
    journal.note(unit, "relation.recorded", "relation", relation_id, name, personal)
    return relation_id


async def accept(unit: Unit, code: str, today: date) -> None:
    """Whoever enters the code is the representative from now on. NotFoundError for a code that is nobody's (any more);
    RefusedError("relation.own") for one's own."""
    rows = await unit.rows(
        select(Relation).where(Relation.code_hash == code_hash(code)).with_for_update(key_share=True)
    )
    row: Relation | None = rows[0] if rows else None
    if row is None or row.accepted_at is not None or not holds(row, today):
        raise NotFoundError("relation")
    if row.citizen_id == unit.actor.id:
        raise RefusedError("relation.own")
    row.representative_id, row.accepted_at, row.code_hash = unit.actor.id, unit.now, None
    journal.note(unit, "relation.accepted", "relation", row.id)


async def end(unit: Unit, relation_id: str) -> None:
    """It ends at once: by the citizen, or by the representative, who may lay it down."""
    row = await unit.find(Relation, relation_id)
    if row is None or unit.actor.id not in (row.citizen_id, row.representative_id):
        raise NotFoundError("relation")
    if row.ended_at is None:
        row.ended_at, row.code_hash = unit.now, None
        await sessions.revoke_relation(unit, row.id)
        journal.note(unit, "relation.ended", "relation", row.id)


async def actor_for(reader: Reader, relation_id: str, me: Actor, today: date) -> Actor:
    """`me`, acting for the citizen of a power of attorney that holds and is mine; NotFoundError otherwise."""
    row = await reader.find(Relation, relation_id)
    citizen = await reader.find(Citizen, row.citizen_id) if row else None
    if row is None or citizen is None or row.representative_id != me.id or not holds(row, today):
        raise NotFoundError("relation")
    return Actor(
        me.municipality,
        citizen.id,
        Role.CITIZEN,
        citizen.name,
        by_id=me.id,
        by_name=me.name,
        scope=tuple(row.scope),
    )


async def own_self(reader: Reader, actor: Actor) -> Actor:
    """The representative as themselves again."""
    citizen = await reader.find(Citizen, actor.by_id)
    if citizen is None:
        raise NotFoundError("citizen")
    return Actor(actor.municipality, citizen.id, Role.CITIZEN, citizen.name)
