"""A municipality's own rulebook layers: drafts, and what two people have published. What is published never changes.

Which of them hold on a day is `triage.shelf`'s to say; here they are kept, and the municipality's row lists those published,
so that every process sees a new one with the next request.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal.domain.calendar import local_date
from portal.domain.errors import NotFoundError, RefusedError
from portal.store import journal
from portal.store.database import Reader, Unit, new_id
from portal.store.tables import RuleLayer
from portal.triage.source import Source

DRAFT, PUBLISHED, DROPPED = "draft", "published", "dropped"


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
    """Drafts and published layers, newest first."""
    wanted = select(RuleLayer).where(RuleLayer.state != DROPPED).order_by(RuleLayer.created_at.desc())
    return list(await reader.rows(wanted))


def source_of(row: RuleLayer) -> Source:
    return Source.of(row.content, f"{row.version_name}.toml")


async def publish(unit: Unit, layer_id: str, *, clean: bool) -> None:
    """The layer holds from its day. RefusedError("rules.four_eyes") for whoever wrote it, ("rules.faults") unless `clean`,
    ("rules.too_late") when its day is not in the future, ("rules.not_a_draft") when it is none any more."""
    row = await _draft(unit, layer_id)
    if row.created_by == unit.actor.id:
        raise RefusedError("rules.four_eyes")
    if not clean:
        raise RefusedError("rules.faults")
    if row.valid_from < local_date(unit.now) + timedelta(days=1):
        raise RefusedError("rules.too_late")
    row.state, row.published_at, row.published_by = PUBLISHED, unit.now, unit.actor.id
    here = await unit.here()
    here.rule_layers = [*here.rule_layers, row.id]
    journal.note(
        unit,
        "rules.published",
        "rules",
        row.id,
        hash=row.hash,
        version=row.version_name,
        valid_from=row.valid_from.isoformat(),
    )


async def drop(unit: Unit, layer_id: str) -> None:
    """A draft nobody wants any more."""
    row = await _draft(unit, layer_id)
    row.state = DROPPED
    journal.note(unit, "rules.dropped", "rules", row.id, hash=row.hash)


async def _draft(unit: Unit, layer_id: str) -> RuleLayer:
    rows = await unit.rows(select(RuleLayer).where(RuleLayer.id == layer_id).with_for_update())
    if not rows:
        raise NotFoundError("rules")
    row: RuleLayer = rows[0]
    if row.state != DRAFT:
        raise RefusedError("rules.not_a_draft")
    return row
