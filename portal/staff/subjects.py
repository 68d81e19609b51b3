"""Whose matter a conversation or case is, and whether somebody who has none of their own in it has said why they act."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from portal.store import access_log, candidates, queue, times
from portal.store.access_log import Subject
from portal.store.database import Reader, Unit

About = Callable[[Reader], Awaitable[Subject | None]]
SAID_LATELY = timedelta(
    hours=12
)  # a reason said in this working day is good for an act: nothing typed is lost to a clock


class ReasonNeededError(Exception):
    """Somebody acts outside own and the team's cases without having said why. `back` is where the matter is shown."""

    def __init__(self, subject: Subject, back: str) -> None:
        super().__init__(subject.id)
        self.subject, self.back = subject, back


def talk(talk_id: str) -> About:
    """A conversation's citizen, and who holds it."""

    async def about(reader: Reader) -> Subject:
        row, _ = await queue.conversation_case(reader, talk_id)
        holders = frozenset(filter(None, (row.claimed_by, await times.held_by(reader, talk_id))))
        return Subject(row.citizen_id, "conversation", talk_id, row.team_id, holders)

    return about


def case(case_id: str) -> About:
    """What is sensitive about a company's case: the person it names. None when it names nobody."""

    async def about(reader: Reader) -> Subject | None:
        named = await candidates.of_case(reader, case_id)
        if named is None:
            return None
        found = await queue.placement_case(reader, case_id)
        holders = frozenset(filter(None, (found.claimed_by_id,)))
        return Subject(named.citizen_id or "", "placement", case_id, found.team_id, holders)

    return about


async def acts_with_reason(unit: Unit, about: About, back: str) -> None:
    """An act outside own and the team's cases is a look too: it gets its line, or ReasonNeededError. Otherwise a claim would
    make a case one's own without anybody having been told why."""
    subject = await about(unit)
    if subject is None or access_log.relation(unit.actor, subject) != access_log.NONE:
        return
    purpose = await access_log.purpose_for(unit, unit.actor, subject, unit.now - SAID_LATELY)
    if purpose is None:
        raise ReasonNeededError(subject, back)
    await access_log.look(unit, subject, purpose)
