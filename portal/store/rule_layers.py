"""A municipality's own rulebook layers: drafts, and what two people have published. What is published never changes.

Which of them hold on a day is `triage.shelf`'s to say; here they are kept, and the municipality's row lists those published,
so that every process sees a new one with the next request.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from portal.domain.calendar import local_date
from portal.domain.errors import NotFoundError, RefusedError
from portal.store import journal
from portal.store.database import Reader, Unit, new_id
from portal.store.tables import RuleLayer
from portal.triage import proof
from portal.triage.shelf import Shelf, built_in_shelf
from portal.triage.source import Source

DRAFT, PUBLISHED, DROPPED, WITHDRAWN = "draft", "published", "dropped", "withdrawn"


def draft(unit: Unit, content: str, source: Source) -> str:
    """The draft is kept as it was written; gives its id."""
    row = RuleLayer(
        municipality=unit.municipality,
        id=new_id(),
        content=content,
        hash=source.hash,
        version_name=source.version[:40],
        valid_from=source.valid_from,
        state=DRAFT,
        created_at=unit.now,
        created_by=unit.actor.id,
    )
    unit.add(row)
    journal.note(unit, "rules.drafted", "rules", row.id, hash=source.hash, version=row.version_name)
    return row.id


async def found(reader: Reader, layer_id: str) -> RuleLayer:
    row = await reader.find(RuleLayer, layer_id)
    if row is None:
        raise NotFoundError("rules")
    return row


async def every(reader: Reader) -> list[RuleLayer]:
    """Drafts and published layers, newest first; what was dropped or withdrawn stands in the journal alone."""
    wanted = (
        select(RuleLayer).where(RuleLayer.state.in_((DRAFT, PUBLISHED))).order_by(RuleLayer.created_at.desc())
    )
    return list(await reader.rows(wanted))


def source_of(row: RuleLayer) -> Source:
    return Source.of(row.content, f"{row.version_name}.toml")


async def published(reader: Reader) -> Shelf:
    """The built-in rulebooks with what the municipality has published."""
    wanted = select(RuleLayer).where(RuleLayer.state == PUBLISHED)
    return built_in_shelf().with_layers([source_of(row) for row in await reader.rows(wanted)])


async def shelf_now(unit: Unit) -> Shelf:
    """What is published at this moment. Nobody else publishes or withdraws until the unit has ended."""
    await unit.here(lock=True)
    return await published(unit)


async def publish(unit: Unit, layer_id: str) -> None:
    """The layer holds from its day, proved together with all that is published. RefusedError("rules.four_eyes") for whoever
    wrote it, ("rules.faults") when the proof finds any, ("rules.too_late") when its day is not in the future,
    ("rules.not_a_draft") when it is none any more."""
    shelf = await shelf_now(unit)
    row = await _in_state(unit, layer_id, DRAFT, "rules.not_a_draft")
    if row.created_by == unit.actor.id:
        raise RefusedError("rules.four_eyes")
    if row.valid_from < local_date(unit.now) + timedelta(days=1):
        raise RefusedError("rules.too_late")
    faults = await asyncio.to_thread(proof.check_source, source_of(row), shelf)
    if any(not fault.information for fault in faults):
        raise RefusedError("rules.faults")
    row.state, row.published_at, row.published_by = PUBLISHED, unit.now, unit.actor.id
    journal.note(
        unit, "rules.published", "rules", row.id, hash=row.hash, version=row.version_name, valid_from=row.valid_from.isoformat()
    )  # fmt: skip
    await _list_published(unit)


async def withdraw(unit: Unit, layer_id: str) -> None:
    """A published layer that has not begun will not begin. RefusedError("rules.begun") from its day on,
    ("rules.needed") when what else is published does not hold without it, ("rules.not_published") when it is not."""
    shelf = await shelf_now(unit)
    row = await _in_state(unit, layer_id, PUBLISHED, "rules.not_published")
    today = local_date(unit.now)
    if row.valid_from <= today:
        raise RefusedError("rules.begun")
    kept = replace(shelf, layers=tuple(one for one in shelf.layers if one.hash != row.hash))
    faults = await asyncio.to_thread(proof.check_municipality, kept, unit.municipality, today)
    if any(not fault.information for fault in faults):
        raise RefusedError("rules.needed")
    row.state = WITHDRAWN
    journal.note(unit, "rules.withdrawn", "rules", row.id, hash=row.hash, version=row.version_name)
    await _list_published(unit)


async def _list_published(unit: Unit) -> None:
    """The municipality's row names what is published, so that every process sees it with the next request."""
    await unit.flush()
    wanted = (
        select(RuleLayer.id)
        .where(RuleLayer.state == PUBLISHED)
        .order_by(RuleLayer.published_at, RuleLayer.id)
    )
    here = await unit.here()
    here.rule_layers = [row[0] for row in await unit.all(wanted)]


async def drop(unit: Unit, layer_id: str) -> None:
    """A draft nobody wants any more."""
    row = await _in_state(unit, layer_id, DRAFT, "rules.not_a_draft")
    row.state = DROPPED
    journal.note(unit, "rules.dropped", "rules", row.id, hash=row.hash)


async def _in_state(unit: Unit, layer_id: str, state: str, otherwise: str) -> RuleLayer:
    rows = await unit.rows(select(RuleLayer).where(RuleLayer.id == layer_id).with_for_update(key_share=True))
    if not rows:
        raise NotFoundError("rules")
    row: RuleLayer = rows[0]
    if row.state != state:
        raise RefusedError(otherwise)
    return row
