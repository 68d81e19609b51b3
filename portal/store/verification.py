"""Whether what is kept is whole: the journal's chain against itself and against an anchor, and every sealed value.

The first bad row is named. What a journal line says of a person may have been shredded; the line itself never is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import inspect, select

from portal.domain import chain
from portal.store import readiness
from portal.store.database import Reader
from portal.store.keys import SealBrokenError, place
from portal.store.sealing import sealed_columns
from portal.store.tables import Journal, JournalDetail, JournalHead, TenantRow

AT_ONCE = 500
SHREDDERS = ("person.erased", "retention.applied")


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written. `row` names it; `line` is the journal's number where there is one."""

    kind: str
    row: str
    message: str
    line: int | None = None


@dataclass(frozen=True)
class Anchor:
    """A journal's head as it was exported: line `number` had this hash then, and still must."""

    municipality: str
    number: int
    hash: str


async def head(reader: Reader) -> Anchor:
    """The newest line of the municipality's journal."""
    row = await reader.find(JournalHead, "head")
    return Anchor(reader.municipality, row.number if row else 0, row.hash if row else "")


async def verify(reader: Reader, anchor: Anchor | None = None) -> list[Finding]:
    """What is wrong in this municipality, the first bad row of each kind first; empty when all is whole."""
    lost = await readiness.lost_keys(reader)
    if lost:
        return [
            Finding("key", name, "the key ring cannot open what was sealed with this key") for name in lost
        ]
    return [*await _journal(reader, anchor), *await _seals(reader)]


@dataclass
class _Walk:
    """Where a walk along the chain has come to."""

    municipality: str
    number: int = 0
    hash: str = chain.BEGINNING

    def step(self, line: Journal) -> str | None:
        """Takes one line; gives what is wrong with it, or None."""
        if line.number != self.number + 1:
            return f"line {self.number + 1} is missing"
        expected = chain.line_hash(
            self.hash,
            municipality=self.municipality,
            line_id=line.id,
            number=line.number,
            at=line.at,
            code=line.code,
            actor=(line.actor_role, line.actor_id),
            subject=(line.subject_kind, line.subject_id),
            facts=line.facts,
            detail_hash=line.detail_hash,
        )
        if line.hash != expected:
            return "the line is not as it was written, or not where it was"
        self.number, self.hash = line.number, line.hash
        return None


@dataclass
class _Shredded:
    """Lines whose personal part is gone, and those that an erasure or retention says it took."""

    gone: dict[int, str] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def see(self, line: Journal, detail: JournalDetail | None) -> None:
        if detail is not None and not detail.salt:
            self.gone[line.number] = line.id
        if line.code in SHREDDERS:
            for first, last in line.facts.get("shredded", ()):
                self.taken |= set(range(first, last + 1))

    def trouble(self) -> list[Finding]:
        untold = sorted(set(self.gone) - self.taken)
        said = "its personal part is gone, and no erasure took it"
        return [Finding("journal", self.gone[number], said, number) for number in untold[:1]]


async def _journal(reader: Reader, anchor: Anchor | None) -> list[Finding]:
    walk, shredded = _Walk(reader.municipality), _Shredded()
    anchored = anchor is None or anchor.number == 0
    async for line, detail in _lines(reader):
        wrong = walk.step(line) or _detail_trouble(line, detail)
        if wrong:
            return [Finding("journal", line.id, wrong, line.number)]
        shredded.see(line, detail)
        if anchor is not None and line.number == anchor.number:
            if line.hash != anchor.hash:
                said = "the journal was written anew since the anchor"
                return [Finding("anchor", line.id, said, line.number)]
            anchored = True
    newest = await head(reader)
    if (newest.number, newest.hash or chain.BEGINNING) != (walk.number, walk.hash):
        said = f"the journal ends at line {walk.number}, its head says {newest.number}"
        return [Finding("journal", "head", said)]
    if not anchored and anchor is not None:
        said = f"the anchor was line {anchor.number}; the journal now ends at {walk.number}: its tail was cut off"
        return [Finding("anchor", "head", said, walk.number)]
    return shredded.trouble()


def _detail_trouble(line: Journal, detail: JournalDetail | None) -> str | None:
    if detail is None:
        return "its personal part is missing"
    if detail.salt:
        found = chain.detail_hash(detail.salt, detail.actor_name, detail.words, detail.facts)
        return None if found == line.detail_hash else "its personal part is not as it was written"
    return (
        None
        if not (detail.actor_name or detail.words or detail.facts)
        else "its personal part is half shredded"
    )


async def _lines(reader: Reader) -> AsyncIterator[tuple[Journal, JournalDetail | None]]:
    """Every line in order, some hundred at a time."""
    seen = 0
    while True:
        statement = (
            select(Journal, JournalDetail)
            .outerjoin(JournalDetail, JournalDetail.id == Journal.id)
            .where(Journal.number > seen)
            .order_by(Journal.number)
            .limit(AT_ONCE)
        )
        try:
            rows = (await reader.session.execute(statement)).all()
        except SealBrokenError:
            rows = [
                (line, None)
                for line in await reader.rows(select(Journal).where(Journal.number > seen).limit(1))
            ]
        for line, detail in rows:
            yield line, detail
            seen = line.number
            reader.session.expunge(line)
            if detail is not None:
                reader.session.expunge(detail)
        if not rows:
            return


async def _seals(reader: Reader) -> list[Finding]:
    """Every sealed value opens, in its own place."""
    for table in sorted(TenantRow.__subclasses__(), key=lambda one: one.__name__):
        mapper = inspect(table)
        columns = sealed_columns(mapper)
        if not columns:
            continue
        statement = select(table.id, *(getattr(table, name) for name in columns)).order_by(table.id)
        found = await reader.session.stream(statement.execution_options(yield_per=AT_ONCE))
        async for row in found:
            for name, value in zip(columns, row[1:], strict=True):
                if value is not None and not _opens(
                    reader, mapper.local_table.name, name, row[0], value.sealed
                ):
                    return [Finding("seal", f"{mapper.local_table.name} {row[0]}", f"{name} does not open")]
    return []


def _opens(reader: Reader, table: str, column: str, row_id: str, sealed: Any) -> bool:
    try:
        reader.ring.open(sealed, place(table, column, reader.municipality, row_id))
    except SealBrokenError:
        return False
    return True
