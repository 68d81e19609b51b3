"""What is kept how long, by kind of data, and then goes. Each rule says what it is about; a dry run says how much.

The spans are this portal's own promise (policy): the law asks for no longer than needed, and names no number of days.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from portal.domain import placement
from portal.store import journal, statistics
from portal.store.data_classes import ARTICLE_9, INTERNAL, PERSONAL
from portal.store.database import Reader, Unit
from portal.store.tables import (
    AccessLine,
    AccessPurpose,
    AccessSample,
    Attempt,
    Candidate,
    Conversation,
    Dialogue,
    Journal,
    JournalDetail,
    LoginSession,
    Message,
    Outbox,
    PlacementCase,
    RateWindow,
    Relation,
    RequestKey,
    TenantRow,
    UsedLogin,
)

Emptied = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """Rows of `table` older than `days` are deleted; or, with `empties`, lose what those columns hold."""

    name: str
    table: type[TenantRow]
    data: str
    days: int
    older: Callable[[datetime], Any]
    empties: Emptied | None = None


def _closed_cases(before: datetime) -> Any:
    done = PlacementCase.state.not_in(sorted(placement.OPEN)) & (PlacementCase.state != placement.DRAFT)
    return Candidate.id.in_(
        select(PlacementCase.id).where(done, PlacementCase.updated_at < before).scalar_subquery()
    )


def _unsampled(before: datetime) -> Any:
    drawn = select(AccessSample.line_id).scalar_subquery()
    return (AccessLine.at < before) & AccessLine.id.not_in(drawn)


def _old_lines(before: datetime) -> Any:
    old = select(Journal.id).where(Journal.at < before).scalar_subquery()
    return JournalDetail.id.in_(old) & (JournalDetail.salt != "")


RULES = (
    Rule("counters", RateWindow, INTERNAL, 1, lambda t: RateWindow.ends_at < t),
    Rule("used logins", UsedLogin, INTERNAL, 2, lambda t: UsedLogin.at < t),
    Rule("failed attempts", Attempt, PERSONAL, 2, lambda t: Attempt.at < t),
    Rule("forms carried out", RequestKey, PERSONAL, 30, lambda t: RequestKey.at < t),
    Rule("login sessions", LoginSession, PERSONAL, 30, lambda t: LoginSession.ends_at < t),
    Rule("reasons to look", AccessPurpose, PERSONAL, 30, lambda t: AccessPurpose.until < t),
    Rule("letters sent", Outbox, PERSONAL, 180, lambda t: (Outbox.state == "sent") & (Outbox.sent_at < t)),
    Rule("helpers that ended", Relation, PERSONAL, 365, lambda t: Relation.ends_on < t.date()),
    Rule("looks at citizens", AccessLine, PERSONAL, 730, _unsampled),
    Rule("drafts never sent", PlacementCase, ARTICLE_9, 180,
         lambda t: (PlacementCase.state == placement.DRAFT) & (PlacementCase.updated_at < t)),
    Rule("unfinished walks", Dialogue, ARTICLE_9, 90,
         lambda t: Dialogue.finished_at.is_(None) & (Dialogue.updated_at < t)),
    Rule("finished walks", Dialogue, ARTICLE_9, 730, lambda t: Dialogue.finished_at < t),
    Rule("what a conversation was about", Conversation, ARTICLE_9, 365,
         lambda t: Conversation.held_on < t.date(), {"about": "", "language": ""}),
    Rule("facts about candidates", Candidate, ARTICLE_9, 365, _closed_cases, {"facts": {}}),
    Rule("messages", Message, ARTICLE_9, 1_825, lambda t: Message.sent_at < t),
    Rule("the personal part of the journal", JournalDetail, ARTICLE_9, 1_825, _old_lines,
         {"actor_name": "", "words": "", "facts": {}, "salt": ""}),
)  # fmt: skip


async def due(reader: Reader, now: datetime) -> dict[str, int]:
    """How many rows each rule is about today; nothing changes."""
    found = {}
    for rule in RULES:
        rows = await _rows(reader, rule, now) if rule.empties else None
        if rows is None:
            counted = await reader.one(select(func.count(rule.table.id)).where(_older(rule, now)))
            found[rule.name] = int(counted[0]) if counted else 0
        else:
            found[rule.name] = len(rows)
    return found


def _older(rule: Rule, now: datetime) -> Any:
    return rule.older(now - timedelta(days=rule.days))


async def _rows(reader: Reader, rule: Rule, now: datetime) -> list[Any]:
    """The rows of a rule; those that still hold something, where it only empties them."""
    rows = await reader.rows(select(rule.table).where(_older(rule, now)))
    if rule.empties is None:
        return rows
    return [row for row in rows if any(getattr(row, name) != value for name, value in rule.empties.items())]


async def apply(unit: Unit) -> dict[str, int]:
    """What may be kept no longer is gone; gives how many rows by rule. What counted in a month still counts."""
    done = {}
    for rule in RULES:
        rows = await _rows(unit, rule, unit.now)
        if rule.empties is None and rule.table is Dialogue:
            await statistics.keep(unit, statistics.of_rows(rows))
        for row in rows:
            if rule.empties is None:
                await unit.session.delete(row)
            for name, value in (rule.empties or {}).items():
                setattr(row, name, value)
        await unit.flush()
        done[rule.name] = len(rows)
    if any(done.values()):
        journal.note(
            unit,
            "retention.applied",
            "municipality",
            unit.municipality,
            rows={k: v for k, v in done.items() if v},
        )
    return done
