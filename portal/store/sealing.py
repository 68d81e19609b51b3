"""Sealed columns: a value is sealed on its way into the database and opened on its way out, bound to its own row.

Rows of the tables' classes are opened as they load. A select of columns is opened by `Reader`, which needs the row's id
in the same select; without it nothing can be opened, and that is an error, not a leak.
"""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, event, inspect
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Mapper, object_session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.types import TypeDecorator

from portal.store.keys import KeyRing, place


class UnsealedError(Exception):
    """A plain value on its way into a sealed column, or a sealed one on its way out: a mistake in the code."""


@dataclass(frozen=True)
class Envelope:
    """A sealed value as it stands in the database. `plain` is kept only while its row is being written."""

    sealed: str
    plain: Any = None


class Sealed(TypeDecorator[Any]):
    """A column of sealed text or sealed facts (JSON)."""

    impl = String
    cache_ok = True

    def __init__(self, kind: str = "text") -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if not isinstance(value, Envelope):
            raise UnsealedError("a sealed column takes no plain value, neither to keep nor to compare")
        return value.sealed

    def process_result_value(self, value: Any, dialect: Dialect) -> Envelope | None:
        return None if value is None else Envelope(value)

    def to_bytes(self, value: Any) -> bytes:
        if self.kind == "text":
            return str(value).encode()
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def from_bytes(self, plain: bytes) -> Any:
        return plain.decode() if self.kind == "text" else json.loads(plain)


def sealed_columns(mapper: Mapper[Any]) -> dict[str, Sealed]:
    """The sealed columns of a table's class, by name."""
    return {column.key: column.type for column in mapper.columns if isinstance(column.type, Sealed)}


def seal_before_write(mapper: Mapper[Any], _connection: Any, row: Any) -> None:
    """Every sealed column of a row about to be written gets its envelope."""
    session = object_session(row)
    for name, kind in sealed_columns(mapper).items():
        value = row.__dict__.get(name)
        if value is None or isinstance(value, Envelope) or session is None:
            continue
        if inspect(row).attrs[name].history.has_changes():
            where = place(mapper.local_table.name, name, row.municipality, row.id)
            ring: KeyRing = session.info["ring"]
            key = ring.current
            session.info.setdefault("sealed_with", set()).add(key)
            setattr(row, name, Envelope(ring.seal(kind.to_bytes(value), where, key), value))


def plain_after_write(mapper: Mapper[Any], _connection: Any, row: Any) -> None:
    for name in sealed_columns(mapper):
        value = row.__dict__.get(name)
        if isinstance(value, Envelope):
            set_committed_value(row, name, value.plain)


def open_row(row: Any, context: Any, _attributes: Any = None) -> None:
    """Every sealed column of a row just loaded is opened."""
    mapper = inspect(row).mapper
    for name, kind in sealed_columns(mapper).items():
        value = row.__dict__.get(name)
        if isinstance(value, Envelope):
            where = place(mapper.local_table.name, name, row.municipality, row.id)
            plain = context.session.info["ring"].open(value.sealed, where)
            set_committed_value(row, name, kind.from_bytes(plain))


def watch(table: type[Any]) -> None:
    """From now on the classes under `table` are sealed as they are written and opened as they load."""
    for name, listener in (
        ("before_insert", seal_before_write),
        ("before_update", seal_before_write),
        ("after_insert", plain_after_write),
        ("after_update", plain_after_write),
        ("load", open_row),
        ("refresh", open_row),
    ):
        event.listen(table, name, listener, propagate=True)


def opened(statement: Any, rows: Sequence[Any], ring: KeyRing, municipality: str) -> list[Any]:
    """The rows of a select of columns with its sealed columns opened. The row's id must be selected too."""
    described = getattr(statement, "column_descriptions", ())
    sealed = [
        (at, one["type"], inspect(one["entity"]), one["expr"].key)
        for at, one in enumerate(described)
        if isinstance(one["type"], Sealed)
    ]
    if not sealed or not rows:
        return list(rows)
    ids = {
        one["entity"]: at
        for at, one in enumerate(described)
        if getattr(one["expr"], "key", None) == "id" and one["entity"]
    }
    plain_row = namedtuple("plain_row", rows[0]._fields, rename=True)
    found = []
    for row in rows:
        values = list(row)
        for at, kind, entity, key in sealed:
            if entity.entity not in ids:
                raise UnsealedError(f"{key} cannot be opened: the select does not bring its row's id")
            if values[at] is not None:
                where = place(entity.mapper.local_table.name, key, municipality, row[ids[entity.entity]])
                values[at] = kind.from_bytes(ring.open(values[at].sealed, where))
        found.append(plain_row(*values))
    return found
