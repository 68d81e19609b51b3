"""What a citizen does: each action is one transaction with its journal lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.citizen.forms import Asked, CandidateAnswer, Details, Moved
from portal.domain.calendar import local_date
from portal.domain.errors import NotFoundError
from portal.store import candidates, conversations, dialogues, journal, messages, outlooks, sessions, times
from portal.store.database import AlreadyThereError, Reader
from portal.store.dialogues import Walk
from portal.store.tables import Citizen
from portal.store.times import Booked, FreeTime
from portal.triage import reasons
from portal.triage.dialogue import (
    Standing,
    afterwards,
    as_answer,
    least_talks,
    next_talk_within,
    offers,
    standing,
)
from portal.triage.facts import CITIZEN, Value, parse_facts
from portal.triage.guarantee import Promise, akasse_notice
from portal.triage.rulebook import Rulebook
from portal.triage.table import Row
from portal.web.visit import Visit

YOUNGEST, OLDEST = CITIZEN["age"].low, CITIZEN["age"].high


# ------------------------------------------------------------------ conversations


@dataclass(frozen=True)
class Offer:
    """What can be offered to somebody who asks now."""

    promise: Promise
    times: Sequence[FreeTime]
    teams: tuple[str, ...]


async def offer(reader: Reader, visit: Visit, asked: Asked | None, form: str) -> Offer:
    wish = asked.wish if asked else conversations.Wish(form)
    made = await conversations.the_promise(reader, visit.me.id, wish, visit.now)
    team, _ = await conversations.team_for(reader, visit.me.id, visit.today)
    teams = tuple(dict.fromkeys((team, conversations.reception_on(reader, visit.today))))
    free = await times.free_times(reader, teams, form, visit.now, made.due.latest_bookable)
    return Offer(made, free, teams)


async def request_conversation(visit: Visit, asked: Asked, key: str) -> str:
    """The request stands, booked or waiting; gives its address. A second press of the button gives the same one."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        earlier = await unit.once(key)
        if earlier is not None:
            return earlier
        slot = None if asked.slot == "none" else asked.slot
        made = await conversations.request_conversation(unit, visit.me.id, asked.wish, slot)
        result = visit.path("borger", "samtale", made) + "?besked=ny"
        await unit.commit(result)
        return result


async def move_conversation(visit: Visit, conversation_id: str, moved: Moved, key: str) -> str:
    async with visit.store.writing(visit.me, visit.now) as unit:
        earlier = await unit.once(key)
        if earlier is not None:
            return earlier
        own = await times.own(unit, conversation_id, visit.me.id)
        if own.starts_at is None:
            await conversations.book(
                unit, conversation_id, moved.slot, moved.version, own_choice=moved.own_choice
            )
        else:
            await conversations.move(
                unit, conversation_id, moved.slot, moved.version, own_choice=moved.own_choice
            )
        result = visit.path("borger", "samtale", conversation_id) + "?besked=flyttet"
        await unit.commit(result)
        return result


async def cancel_conversation(visit: Visit, conversation_id: str, version: int, key: str) -> None:
    async with visit.store.writing(visit.me, visit.now) as unit:
        if await unit.once(key) is None:
            await conversations.cancel(unit, conversation_id, version)
            await unit.commit()


# ------------------------------------------------------------------ find your way


@dataclass(frozen=True)
class Here:
    """Where a walk stands: the rulebook it is pinned to, what is known, and what to ask next (None: nothing)."""

    walk: Walk
    book: Rulebook
    known: dict[str, Value]
    where: Standing
    ask: str | None


def stand(visit: Visit, walk: Walk) -> Here:
    """One fold over the answers. Facts no route reads are asked last, for the offers."""
    book = visit.pinned(walk.rulebook, local_date(walk.started_at))
    known = parse_facts(CITIZEN, walk.answers)
    where = standing(book, known, walk.declined)
    following = where.ask
    if where.settled:
        following = tuple(afterwards(book, known, where.outcome, walk.declined))
    return Here(walk, book, known, where, following[0] if following else None)


def age_on(birth_date: date | None, today: date) -> int | None:
    """Completed years."""
    if birth_date is None:
        return None
    return today.year - birth_date.year - ((today.month, today.day) < (birth_date.month, birth_date.day))


async def begin_walk(visit: Visit) -> str | None:
    """An open walk, the old one if there is one; None for somebody outside the ages the triage is for."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        open_walk = await dialogues.open_of(unit, visit.me.id)
        if open_walk is not None:
            return open_walk.id
        citizen = await unit.find(Citizen, visit.me.id)
        answers: dict[str, Any] = {}
        age = age_on(citizen.birth_date if citizen else None, visit.today)
        if age is not None:
            if not YOUNGEST <= age <= OLDEST:
                return None
            answers["age"] = age
        if not await outlooks.is_loaded(unit):
            answers["industry_outlook"] = "unknown"
        try:
            walk_id = dialogues.begin(unit, visit.me.id, visit.book.stamp, answers)
            await unit.commit()
        except AlreadyThereError:
            open_walk = await dialogues.open_of(unit, visit.me.id)
            return open_walk.id if open_walk else None
        return walk_id


async def answer_questions(
    visit: Visit, walk: Walk, given: Mapping[str, Value | None], occupation: str | None = None
) -> None:
    """Answers by fact, None for one the person will not or cannot give. What hangs on a changed answer is asked anew."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        answers = {name: known for name, known in walk.answers.items() if name not in given}
        declined = [name for name in walk.declined if name not in given]
        chosen = dict(walk.occupation)
        if "industry_outlook" in given:
            chosen = {"code": occupation} if occupation else {}
        declined += [fact for fact, value in given.items() if value is None]
        answers |= {fact: value for fact, value in given.items() if value is not None}
        await dialogues.answer(unit, walk, answers, declined, chosen)
        await unit.commit(unnoted=True)


async def outlook(visit: Visit, code: str) -> str:
    async with visit.store.reading(visit.here.code) as reader:
        return await outlooks.of(reader, code)


def explained(here: Here) -> dict[str, Any]:
    """What is stored and shown of an outcome: rules, law, offers, the law's own conversations, and the whole explanation."""
    outcome = here.where.outcome
    return {
        **as_answer(here.book, here.where, here.known),
        "confidence": "unverified"
        if any(r.confidence == "unverified" for r in here.where.rows)
        else "policy",
        "offers": [_stored(here.book, row) for row in offers(here.book, here.known, outcome)],
        "talks": [_stored(here.book, row) for row in least_talks(here.book, here.known)],
        "within_days": next_talk_within(here.book, here.known, outcome),
        "explanation": reasons.of_way(here.book, here.known, here.where),
    }


def _stored(book: Rulebook, row: Row) -> dict[str, Any]:
    return {"id": row.id, "law": row.law, "confidence": row.confidence, "why": book.fill(row.texts["why"])}


async def finish_walk(visit: Visit, here: Here) -> None:
    """The outcome stands with its explanation, as it was given."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        said = explained(here)
        await dialogues.finish(unit, here.walk, said["outcome"], said)
        await unit.commit()


async def ask_for_person(visit: Visit, walk: Walk) -> None:
    """Whatever was answered: the way is a conversation with a person."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        answers = {**walk.answers, "wants_person": True}
        await dialogues.answer(unit, walk, answers, list(walk.declined), dict(walk.occupation))
        await unit.flush()
        moved = await dialogues.own(unit, walk.id, visit.me.id)
        said = explained(stand(visit, moved))
        await dialogues.finish(unit, moved, said["outcome"], said)
        await unit.commit()


# ------------------------------------------------------------------ my page


@dataclass(frozen=True)
class Mine:
    citizen: Citizen
    talks: Sequence[Booked]
    walk: Walk | None
    unfinished: Walk | None
    messages: Sequence[messages.Said]
    akasse: dict[str, str] | None


async def my_page(visit: Visit) -> Mine:
    async with visit.store.reading(visit.here.code) as reader:
        citizen = await me(reader, visit)
        acts = bool(visit.me.by_id)
        walk = None if acts else await dialogues.latest_finished(reader, visit.me.id)
        return Mine(
            citizen,
            await times.of_citizen(reader, visit.me.id)
            if not acts or "conversations" in visit.me.scope
            else [],
            walk,
            None if acts else await dialogues.open_of(reader, visit.me.id),
            await messages.of_reader(reader, visit.me.id) if not acts or "messages" in visit.me.scope else [],
            _akasse(visit, walk),
        )


def _akasse(visit: Visit, walk: Walk | None) -> dict[str, str] | None:
    if walk is None:
        return None
    book = visit.pinned(walk.rulebook, local_date(walk.started_at))
    row = akasse_notice(book, parse_facts(CITIZEN, walk.answers))
    return book.fill(row.texts["why"]) if row else None


async def me(reader: Reader, visit: Visit) -> Citizen:
    found = await reader.find(Citizen, visit.me.id)
    if found is None:
        raise NotFoundError("citizen")
    return found


async def change_details(visit: Visit, details: Details) -> None:
    async with visit.store.writing(visit.me, visit.now) as unit:
        citizen = await me(unit, visit)
        citizen.email, citizen.phone, citizen.address = details.email, details.phone, details.address
        citizen.channel, citizen.lang = details.channel, details.lang
        citizen.protected_address = details.protected_address
        journal.note(unit, "citizen.changed", "citizen", citizen.id)
        await unit.commit()


async def read_message(visit: Visit, message_id: str) -> None:
    """The message counts as read: said by the person, never by a look."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        await messages.mark_read(unit, message_id, visit.me.id)
        journal.note(unit, "message.read", "message", message_id)
        await unit.commit()


async def answer_as_candidate(visit: Visit, answer: CandidateAnswer) -> None:
    async with visit.store.writing(visit.me, visit.now) as unit:
        if await unit.once(answer.form["key"]) is not None:
            return
        citizen = await me(unit, visit)
        facts = dict(answer.facts)
        age = age_on(citizen.birth_date, visit.today)
        if age is not None:
            facts["age"] = age
        await candidates.answer(unit, answer.code, agrees=bool(answer.agrees), facts=facts)
        await unit.commit()


async def look_up_candidate(visit: Visit, code: str) -> candidates.Invitation | None:
    """What a code is about. Wrong codes are counted, and too many of them answer like wrong ones."""
    async with visit.store.writing(visit.me, visit.now) as unit:
        if await sessions.too_many(unit, "candidate", visit.me.id, visit.now):
            return None
        try:
            return await candidates.invited(unit, code)
        except NotFoundError:
            sessions.failed(unit, "candidate", visit.me.id)
            await unit.commit(unnoted=True)
            return None
