"""What is kept how long, by kind of data, and then goes. Each rule says what it is about; a dry run says how much.

The spans are this portal's own promise (policy): the law asks for no longer than needed, and names no number of days.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from portal.domain import conversation as talks
from portal.domain import placement
from portal.store import journal, persons, statistics
from portal.store.data_classes import ARTICLE_9, CPR, INTERNAL, PERSONAL
from portal.store.database import Reader, Unit
from portal.store.tables import (
    AccessLine,
    AccessPurpose,
    AccessSample,
    Attempt,
    Candidate,
    Citizen,
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


def _answered_letters(before: datetime) -> Any:
    """Sent long ago, or given up."""
    return func.coalesce(Outbox.sent_at, Outbox.created_at) < before


def _unsampled(before: datetime) -> Any:
    drawn = select(AccessSample.line_id).scalar_subquery()
    return (AccessLine.at < before) & AccessLine.id.not_in(drawn)


def _old_lines(before: datetime) -> Any:
    old = select(Journal.id).where(Journal.at < before).scalar_subquery()
    return JournalDetail.id.in_(old) & (JournalDetail.salt != "")


def _ended_talks(before: datetime) -> Any:
    """Held or not: what nobody waits for any more, by the day it was held or should have been."""
    ended = Conversation.state.not_in(sorted(talks.OPEN))
    return ended & (func.coalesce(Conversation.held_on, Conversation.due_on) < before.date())


def _cases_over(before: datetime) -> Any:
    done = PlacementCase.state.not_in(sorted(placement.OPEN)) & (PlacementCase.state != placement.DRAFT)
    return done & (PlacementCase.updated_at < before)


def _not_seen(before: datetime) -> Any:
    """Citizens who have not been here since, and wait for nothing."""
    waiting = select(Conversation.citizen_id).where(Conversation.state.in_(sorted(talks.OPEN)))
    return (Citizen.seen_on < before.date()) & Citizen.id.not_in(waiting.scalar_subquery())


KEPT = {
    "staff": "as long as there is work of theirs in a case: who decided must be known",
    "citizen": "name, address and login: as long as there is anything of theirs here; by `portal erase` when they ask",
    "companyuser": "as long as the company's cases; by `portal erase` when they ask",
    "conversation.citizen_id conversation.interpreter conversation.promise conversation.team_id": "the bare conversation "
    "counts in the statistics; whose it was goes with the citizen",
}
RULES = (
    Rule("counters", RateWindow, INTERNAL, 1, lambda t: RateWindow.ends_at < t),
    Rule("used logins", UsedLogin, INTERNAL, 2, lambda t: UsedLogin.at < t),
    Rule("failed attempts", Attempt, PERSONAL, 2, lambda t: Attempt.at < t),
    Rule("forms carried out", RequestKey, PERSONAL, 30, lambda t: RequestKey.at < t),
    Rule("login sessions", LoginSession, PERSONAL, 30, lambda t: LoginSession.ends_at < t),
    Rule("reasons to look", AccessPurpose, PERSONAL, 30, lambda t: AccessPurpose.until < t),
    Rule("letters", Outbox, PERSONAL, 180, _answered_letters),
    Rule("helpers that ended", Relation, PERSONAL, 365, lambda t: Relation.ends_on < t.date()),
    Rule("looks drawn and signed off", AccessSample, ARTICLE_9, 730, lambda t: AccessSample.drawn_at < t),
    Rule("looks at citizens", AccessLine, PERSONAL, 730, _unsampled),
    Rule("drafts never sent", PlacementCase, ARTICLE_9, 180,
         lambda t: (PlacementCase.state == placement.DRAFT) & (PlacementCase.updated_at < t)),
    Rule("unfinished walks", Dialogue, ARTICLE_9, 90,
         lambda t: Dialogue.finished_at.is_(None) & (Dialogue.updated_at < t)),
    Rule("finished walks", Dialogue, ARTICLE_9, 730, lambda t: Dialogue.finished_at < t),
    Rule("what a conversation was about", Conversation, ARTICLE_9, 365,
         _ended_talks, {"about": "", "language": "", "routed_because": {}}),
    Rule("facts about candidates", Candidate, ARTICLE_9, 365, _closed_cases, {"facts": {}}),
    Rule("persons companies named", Candidate, PERSONAL, 1_825, _closed_cases),
    Rule("companies' requests that are over", PlacementCase, ARTICLE_9, 1_825, _cases_over),
    Rule("numbers of citizens not seen since", Citizen, CPR, 1_825, _not_seen,
         {"cpr": None, "cpr_index": None, "benefit": None}),
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
    shredded: list[list[int]] = []
    for rule in RULES:
        rows = await _rows(unit, rule, unit.now)
        if rule.table is JournalDetail:
            shredded = await persons.shred(unit, [row.id for row in rows])
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
            shredded=shredded,
        )
    return done
