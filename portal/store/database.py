"""The database: two engines behind one door, sessions that belong to one municipality, and the unit of work.

SQLite in WAL mode or PostgreSQL. A session without a municipality cannot read a row of any; a statement that is not made
from the tables' classes is refused, because its scope could not be seen.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import event, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlmodel import SQLModel

from portal.domain import chain
from portal.domain.people import Actor
from portal.store import sealing
from portal.store.columns import Facts
from portal.store.engines import index_of, open_engine
from portal.store.keys import MARK, KeyRing, KeyRingError, place
from portal.store.tables import (
    Journal,
    JournalDetail,
    JournalHead,
    KeyMark,
    Municipality,
    RequestKey,
    RuleLayer,
    TenantRow,
)
from portal.triage.rulebook import Rulebook
from portal.triage.shelf import Shelf, built_in_shelf
from portal.triage.source import Source

Found = TypeVar("Found", bound=TenantRow)
sealing.watch(TenantRow)


class AlreadyThereError(Exception):
    """A unique index refused the row; `index` is its name. The unit of work has been rolled back."""

    def __init__(self, index: str) -> None:
        super().__init__(index)
        self.index = index


class NoMunicipalityError(Exception):
    """Rows of a municipality were asked for without saying which: a mistake in the code, never the person's."""


def new_id() -> str:
    """128 random bits, as they stand in addresses."""
    return secrets.token_hex(16)


class ScopedSession(Session):
    """A session that sees one municipality (`info["municipality"]`), or only the list of municipalities (None)."""


@event.listens_for(ScopedSession, "do_orm_execute")
def _scope(state: ORMExecuteState) -> None:
    if not state.is_orm_statement or state.is_insert:
        raise NoMunicipalityError("only selects, updates and deletes of the tables' classes are let through")
    code = state.session.info["municipality"]
    if code is None:
        classes = {mapper.class_ for mapper in state.all_mappers}
        if classes - {Municipality}:
            raise NoMunicipalityError(f"no municipality given for {sorted(c.__name__ for c in classes)}")
        return
    state.statement = state.statement.options(*_only(code))


def _only(code: str) -> list[Any]:
    """The condition that keeps a statement in one municipality: on every table at once."""
    return [with_loader_criteria(TenantRow, lambda cls: cls.municipality == code, include_aliases=True)]


@event.listens_for(ScopedSession, "before_flush")
def _stay_home(session: Session, _context: Any, _instances: Any) -> None:
    code = session.info["municipality"]
    for row in [*session.new, *session.dirty, *session.deleted]:
        at_home = row.code == code if isinstance(row, Municipality) else row.municipality == code
        if not at_home:
            raise NoMunicipalityError(f"a {type(row).__name__} of another municipality than {code}")


@event.listens_for(ScopedSession, "after_begin")
def _say_where(session: Session, _transaction: Any, connection: Connection) -> None:
    """PostgreSQL is told the municipality for this one transaction: its row-level security lets nothing else through."""
    if connection.dialect.name == "postgresql":
        code = session.info["municipality"] or ""
        connection.execute(select(func.set_config("portal.municipality", code, True)))


class Reader:
    """A transaction that reads, in one municipality."""

    def __init__(self, session: AsyncSession, municipality: str, shelf: Shelf) -> None:
        self.session = session
        self.municipality = municipality
        self.shelf = shelf

    def book_on(self, day: date) -> Rulebook:
        """The rulebook in force here on `day`."""
        return self.shelf.in_force(self.municipality, day)

    def pinned(self, stamp: Mapping[str, str], day: date) -> Rulebook:
        """The very rulebook something here began with on `day`."""
        return self.shelf.pinned(stamp, self.municipality, day)

    @property
    def ring(self) -> KeyRing:
        ring: KeyRing = self.session.sync_session.info["ring"]
        return ring

    async def find(self, table: type[Found], row_id: str | None) -> Found | None:
        """The row with that id in this municipality, or None."""
        if row_id is None:
            return None
        return await self.session.get(table, (self.municipality, row_id))

    async def all(self, statement: Any) -> list[Any]:
        """The rows of a select of columns, opened where they are sealed."""
        rows = (await self.session.execute(statement)).all()
        return sealing.opened(statement, rows, self.ring, self.municipality)

    async def one(self, statement: Any) -> Any | None:
        """The first row of a select of columns, or None; opened where it is sealed."""
        row = (await self.session.execute(statement)).first()
        return sealing.opened(statement, [row], self.ring, self.municipality)[0] if row is not None else None

    async def rows(self, statement: Any) -> list[Any]:
        """The objects of a select of one class."""
        return list((await self.session.scalars(statement)).all())

    async def here(self, *, lock: bool = False) -> Municipality:
        """The municipality's own row; with `lock` nobody else changes it until this unit has ended. The lock lets keys be
        referred to, as every lock here does: who has added a row below it and who wants it never wait for each other."""
        found = await self.session.get(
            Municipality, self.municipality, with_for_update={"key_share": True} if lock else None
        )
        if found is None:
            raise NoMunicipalityError(self.municipality)
        return found


class Unit(Reader):
    """One action: state, journal and outbox in one transaction. Nothing is kept unless `commit` is called."""

    def __init__(self, session: AsyncSession, actor: Actor, now: datetime, shelf: Shelf) -> None:
        super().__init__(session, actor.municipality, shelf)
        self.actor = actor
        self.now = now
        self._lines: list[tuple[str, str, str, Facts, str, Facts]] = []
        self._key: RequestKey | None = None

    def add(self, row: SQLModel) -> None:
        self.session.add(row)

    def record(
        self, code: str, subject_kind: str, subject_id: str, facts: Facts, words: str, personal: Facts
    ) -> None:
        """A journal line, written at commit. Use `journal.note`, which knows the codes."""
        self._lines.append((code, subject_kind, subject_id, facts, words, personal))

    async def once(self, key: str) -> str | None:
        """None the first time a form's key is seen; after that the address the first time led to."""
        found = await self.find(RequestKey, key)
        if found is None:
            self._key = RequestKey(
                municipality=self.municipality, id=key, actor_id=self.actor.id, result="", at=self.now
            )
            self.add(self._key)
            try:
                await self.flush()
                return None
            except AlreadyThereError:
                self._key = None
                found = await self.find(RequestKey, key)
        if found is None or found.actor_id != self.actor.id:
            raise NoMunicipalityError("a form's key belongs to somebody else")
        return found.result

    async def _hold_keys(self) -> None:
        """The keys this unit sealed with stay needed until it has ended: their marks are held, and `rotation.forget` waits.
        KeyRingError when the database no longer knows such a key: what is sealed with it would be lost."""
        for name in sorted(self.session.sync_session.info.get("sealed_with", ())):
            mark = select(KeyMark.id).where(KeyMark.id == name)
            held = await self.session.execute(mark.with_for_update(read=True, key_share=True))
            if held.first() is None:
                await self.session.rollback()
                self.ring.read_again()
                raise KeyRingError(
                    f"The database no longer knows the key {name}: nothing was saved. If keys were rotated, put the new "
                    "ring where this process reads it."
                )

    async def flush(self) -> None:
        """Writes what is pending; AlreadyThereError when a unique index refuses it."""
        try:
            await self.session.flush()
        except IntegrityError as error:
            await self.session.rollback()
            raise AlreadyThereError(index_of(error)) from error

    async def commit(self, result: str = "", *, unnoted: bool = False) -> None:
        """Keeps everything, journal last. `unnoted` is for what is no action on a case (a session, a rate counter)."""
        if not self._lines and not unnoted:
            raise RuntimeError("an action without a journal line")
        if self._key is not None:
            self._key.result = result
        await self.flush()
        if self._lines:
            await self._write_journal()
        await self._hold_keys()
        try:
            await self.session.commit()
        except IntegrityError as error:
            await self.session.rollback()
            raise AlreadyThereError(index_of(error)) from error

    async def _write_journal(self) -> None:
        """Numbers the lines and chains them; the head row is locked, so no number is skipped or used twice."""
        statement = select(JournalHead).where(JournalHead.id == "head").with_for_update(key_share=True)
        head = (await self.session.scalars(statement)).one()
        for code, kind, subject, facts, words, personal in self._lines:
            head.number += 1
            line_id, salt = new_id(), secrets.token_hex(16)
            detail = chain.detail_hash(salt, self.actor.doer_name, words, personal)
            head.hash = chain.line_hash(
                head.hash or chain.BEGINNING,
                municipality=self.municipality,
                line_id=line_id,
                number=head.number,
                at=self.now,
                code=code,
                actor=(self.actor.role.value, self.actor.doer_id),
                subject=(kind, subject),
                facts=facts,
                detail_hash=detail,
            )
            self.add(
                Journal(
                    municipality=self.municipality,
                    id=line_id,
                    number=head.number,
                    at=self.now,
                    code=code,
                    actor_role=self.actor.role.value,
                    actor_id=self.actor.doer_id,
                    subject_kind=kind,
                    subject_id=subject,
                    facts=facts,
                    detail_hash=detail,
                    hash=head.hash,
                )
            )
            self.add(
                JournalDetail(
                    municipality=self.municipality,
                    id=line_id,
                    actor_name=self.actor.doer_name,
                    words=words,
                    facts=personal,
                    salt=salt,
                )
            )
        await self.flush()


class Store:
    """The door to the database. One per process; `close` it when the process ends."""

    def __init__(self, url: str, ring: KeyRing) -> None:
        self.engine = open_engine(url)
        self.ring = ring
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # One writer at a time in this process: on SQLite waiting in the file is a sleep, waiting here is a queue.
        self._writing = asyncio.Lock() if self.is_sqlite else None
        self._writers = self.engine.execution_options(write=True)
        self._shelves: dict[str, tuple[tuple[str, ...], Shelf]] = {}

    async def close(self) -> None:
        await self.engine.dispose()

    def _session(self, engine: AsyncEngine, municipality: str | None) -> AsyncSession:
        return AsyncSession(
            engine,
            sync_session_class=ScopedSession,
            expire_on_commit=False,
            info={"municipality": municipality, "ring": self.ring},
        )

    @asynccontextmanager
    async def reading(self, municipality: str) -> AsyncIterator[Reader]:
        if not municipality:
            raise NoMunicipalityError("reading needs a municipality")
        async with self._session(self.engine, municipality) as session:
            yield Reader(session, municipality, self.shelf_of(municipality))

    @asynccontextmanager
    async def writing(self, actor: Actor, now: datetime) -> AsyncIterator[Unit]:
        async with (
            self._writing or nullcontext(),
            self._session(self._writers, actor.municipality) as session,
        ):
            yield Unit(session, actor, now, self.shelf_of(actor.municipality))

    def shelf_of(self, municipality: str) -> Shelf:
        """The rulebooks of that municipality: the built-in ones and its own, as of when its row was last read."""
        return self._shelves[municipality][1] if municipality in self._shelves else built_in_shelf()

    async def _bring_rules(self, here: Municipality) -> None:
        """Published layers this process has not seen yet come on the shelf. What is published never changes."""
        known = tuple(here.rule_layers)
        if known == (self._shelves[here.code][0] if here.code in self._shelves else ()):
            return
        async with self._session(self.engine, here.code) as session:
            rows = list((await session.scalars(select(RuleLayer).where(RuleLayer.id.in_(known)))).all())
        layers = [Source.of(row.content, f"{row.version_name}.toml") for row in rows]
        self._shelves[here.code] = known, built_in_shelf().with_layers(layers)

    async def municipalities(self) -> list[Municipality]:
        async with self._session(self.engine, None) as session:
            found = list((await session.scalars(select(Municipality).order_by(Municipality.name))).all())
        for row in found:
            await self._bring_rules(row)
        return found

    async def municipality_at(self, slug: str) -> Municipality | None:
        async with self._session(self.engine, None) as session:
            found = (await session.scalars(select(Municipality).where(Municipality.slug == slug))).first()
        if found is not None:
            await self._bring_rules(found)
        return found

    async def found_municipality(self, row: Municipality, actor: Actor, now: datetime) -> None:
        """A municipality that is not served yet will be, with its journal begun and its key marked."""
        async with self.writing(actor, now) as unit:
            unit.add(row)
            await unit.flush()
            unit.add(JournalHead(municipality=row.code, id="head"))
            for name in self.ring.names:
                unit.add(key_mark(self.ring, row.code, name, now))
            await unit.commit(unnoted=True)


def key_mark(ring: KeyRing, municipality: str, name: str, now: datetime) -> KeyMark:
    """The mark that says: this municipality's data may be sealed with the ring's key `name`, and this is that key."""
    where = place("keymark", "sealed", municipality, name)
    return KeyMark(
        municipality=municipality, id=name, made_at=now, sealed=ring.seal(MARK.encode(), where, name)
    )
