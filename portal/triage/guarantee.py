"""Our promise of a conversation: how many days, the due date and the last bookable day (DOMAIN section 4)."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime

from portal.domain.calendar import DueDate, due_date, local_date
from portal.triage.facts import Value
from portal.triage.rulebook import Rulebook
from portal.triage.shelf import rulebook_on
from portal.triage.table import Row


@dataclass(frozen=True)
class Promise:
    due: DueDate
    row: Row
    book: Rulebook


def promise(
    asked_at: datetime,
    *,
    benefit: str | None,
    first_conversation: bool,
    closed: Container[date],
    book: Rulebook | None = None,
) -> Promise:
    """The promise to somebody who asks at `asked_at`, by `book` (default: the national rulebook of that day)."""
    book = book or rulebook_on(local_date(asked_at))
    known: dict[str, Value] = {"first_conversation": first_conversation}
    if benefit is not None:
        known["benefit"] = benefit
    row = _row(book, known)
    return Promise(due_date(asked_at, int(row.then["guarantee_days"]), closed), row, book)


def days_for_everybody(book: Rulebook) -> int:
    """The days promised to whoever asks, whatever is known of them."""
    return int(_row(book, {"first_conversation": False}).then["guarantee_days"])


def _row(book: Rulebook, known: dict[str, Value]) -> Row:
    row = book.tables["guarantee"].first(known)
    if row is None:
        raise ValueError("the guarantee table has a gap")
    return row


def akasse_notice(book: Rulebook, known: dict[str, Value]) -> Row | None:
    """The row that says a newly unemployed person's regular conversations are held by the a-kasse, if it holds."""
    return book.tables["akasse"].first(known)
