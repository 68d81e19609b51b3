"""The history held against the database: what was acknowledged is there, once, and nothing else is."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from portal.store import verification
from portal.store.database import Store
from portal.store.tables import Booking, Conversation, Journal, Message, Outbox, RequestKey
from tests import cast
from tests.conftest import behind
from tests.soak.history import ACKNOWLEDGED, REFUSED, Action, History

OPEN = ("waiting", "booked")
DELIVERED = {"sent": (1, 1), "uncertain": (0, 1), "sending": (0, 1), "pending": (0, 0), "failed": (0, 0)}
LINES = {
    "ask": "conversation.requested",
    "cancel": "conversation.cancelled",
    "move": "conversation.moved",
    "book": "conversation.booked",
}


@dataclass(frozen=True)
class Kept:
    """What the database holds, as plain rows."""

    talks: dict[str, tuple[str, str]]  # citizen and state
    bookings: list[tuple[str, str, bool]]  # conversation, slot, active
    keys: dict[str, tuple[str, str, datetime]]  # who, address, when
    journal: list[tuple[str, str, str]]  # code, kind and id of the subject
    letters: dict[str, tuple[str, str]]  # once and state
    messages: dict[str, str]  # of which case


async def load(url: str) -> Kept:
    """Everything of the municipality the load was on."""

    async def rows(*columns: Any) -> list[Any]:
        table = columns[0].class_
        return list((await connection.execute(select(*columns).where(table.municipality == cast.HOME))).all())

    async with behind(url) as connection:
        return Kept(
            {row[0]: (row[1], row[2]) for row in await rows(Conversation.id, Conversation.citizen_id, Conversation.state)},
            [tuple(row) for row in await rows(Booking.conversation_id, Booking.slot_id, Booking.active)],
            {
                row[0]: tuple(row[1:])
                for row in await rows(RequestKey.id, RequestKey.actor_id, RequestKey.result, RequestKey.at)
            },
            [tuple(row) for row in await rows(Journal.code, Journal.subject_kind, Journal.subject_id)],
            {row[0]: (row[1], row[2]) for row in await rows(Outbox.id, Outbox.once, Outbox.state)},
            {row[0]: row[1] for row in await rows(Message.id, Message.case_id)},
        )  # fmt: skip


async def whole(url: str, ring: Any, anchors: Iterable[verification.Anchor] = ()) -> list[str]:
    """What the portal's own verification finds, also against what the journal was before the kills."""
    store = Store(url, ring)
    found: list[verification.Finding] = []
    for code in (cast.HOME, cast.NEXT_DOOR):
        for anchor in [None, *(one for one in anchors if one.municipality == code)]:
            async with store.reading(code) as reader:
                found += await verification.verify(reader, anchor)
    await store.close()
    return [f"verification: {one.kind} {one.row} (line {one.line}): {one.message}" for one in found]


def check(history: History, kept: Kept) -> list[str]:
    """Everything that is not as people were told; empty when nothing acknowledged is lost."""
    return [
        *history.strange,
        *_answers(history),
        *_forms(history, kept),
        *_cases(history, kept),
        *_at_most_one(kept),
        *_evidence(kept),
        *_letters(history, kept),
    ]


def _answers(history: History) -> list[str]:
    """Something goes wrong only while the database is away, and then calmly."""
    found = []
    for one in history.troubles:
        if not history.was_away(one.began, one.ended):
            found.append(f"{one.status} to {one.what} at {one.began:%H:%M:%S.%f} with the database there")
        elif not one.calm:
            found.append(f"{one.status} to {one.what} without a calm page")
    return found


def _forms(history: History, kept: Kept) -> list[str]:
    """Every acknowledged form was carried out and leads where it was said; no refused one was."""
    found = []
    for action in history.actions:
        row = kept.keys.get(action.key)
        what = f"{action.kind} by {action.citizen} ({action.talk})"
        if action.outcome == ACKNOWLEDGED and row is None:
            found.append(f"lost: {what} was acknowledged, and its form was never carried out")
        elif action.outcome == REFUSED and row is not None:
            found.append(f"{what} was refused, and carried out all the same")
        elif action.outcome == ACKNOWLEDGED and row and row[1] not in ("", action.address):
            found.append(f"{what} was told {action.address}, kept is {row[1]}")
    return found


def carried_out(history: History, kept: Kept) -> list[Action]:
    """The acknowledged, and of those nobody had an answer to the ones the database knows."""
    done = []
    for action in history.actions:
        row = kept.keys.get(action.key)
        if action.outcome == ACKNOWLEDGED or (action.outcome != REFUSED and row is not None):
            if action.talk is None and row is not None:
                action.talk = row[1].rsplit("/", 1)[-1].split("?")[0]
            done.append(action)
    return done


def _cases(history: History, kept: Kept) -> list[str]:
    """Every case is just what its citizen's actions make of it, and there is no other."""
    by_talk: dict[str, list[Action]] = defaultdict(list)
    for action in carried_out(history, kept):
        by_talk[str(action.talk)].append(action)
    lines = Counter((code, subject) for code, _, subject in kept.journal)
    found = [f"conversation {talk}: nobody asked for it" for talk in kept.talks.keys() - by_talk.keys()]
    for talk, actions in by_talk.items():
        found += [f"conversation {talk}: {wrong}" for wrong in _case(talk, actions, kept, lines)]
    return found


def _case(talk: str, actions: list[Action], kept: Kept, lines: Counter[tuple[str, str]]) -> Iterable[str]:
    if talk not in kept.talks:
        yield f"lost: {actions[0].citizen} was told it stands"
        return
    citizen, state = kept.talks[talk]
    slots = [action.slot for action in actions if action.slot]
    ended = any(action.kind == "cancel" for action in actions)
    expected = "cancelled" if ended else "booked" if slots else "waiting"
    if (citizen, state) != (actions[0].citizen, expected):
        yield f"is {state}, must be {expected}"
    mine = [(slot, active) for case, slot, active in kept.bookings if case == talk]
    if Counter(slot for slot, _ in mine) != Counter(slots):
        yield f"its times are {len(mine)}, acknowledged were {len(slots)}"
    if [slot for slot, active in mine if active] != ([] if ended or not slots else slots[-1:]):
        yield "the time it is booked at is not the one last acknowledged"
    kinds = Counter(action.kind for action in actions)
    asked_without = sum(action.kind == "ask" and not action.slot for action in actions)
    moved = kinds["move"] - (
        1 if asked_without and kinds["move"] else 0
    )  # the first time of a waiting one is no move
    for kind, count in (
        ("ask", kinds["ask"]),
        ("cancel", kinds["cancel"]),
        ("move", moved),
        ("book", len(slots)),
    ):
        if lines[(LINES[kind], talk)] != count:
            yield f"{lines[(LINES[kind], talk)]} journal lines {LINES[kind]} for {count}"
    if kinds["ask"] != 1:
        yield f"asked for {kinds['ask']} times"
    told = sum(case == talk for case in kept.messages.values())
    posted = sum(f":{talk}:" in once for once, _ in kept.letters.values())
    if (told, posted) != (len(actions), len(actions)):
        yield f"{told} messages and {posted} letters for {len(actions)} actions"


def _at_most_one(kept: Kept) -> list[str]:
    taken = Counter(slot for _, slot, active in kept.bookings if active)
    open_ = Counter(citizen for citizen, state in kept.talks.values() if state in OPEN)
    return [
        *(f"slot {slot} is booked {count} times" for slot, count in taken.items() if count > 1),
        *(f"citizen {who} has {count} open requests" for who, count in open_.items() if count > 1),
    ]


def _evidence(kept: Kept) -> list[str]:
    """No journal line, booking or message about something that is not there."""
    there = {"conversation": kept.talks, "outbox": kept.letters, "message": kept.messages}
    return [
        *(
            f"journal line {code} about {kind} {subject}, which is not there"
            for code, kind, subject in kept.journal
            if kind in there and subject not in there[kind]
        ),
        *(f"a booking of conversation {talk}, which is not there" for talk, _, _ in kept.bookings if talk not in kept.talks),
        *(f"message {one} of a case that is not there" for one, case in kept.messages.items() if case not in kept.talks),
    ]  # fmt: skip


def _letters(history: History, kept: Kept) -> list[str]:
    """Sent ones arrived once; uncertain ones at most once, and were never sent again by themselves."""
    found = [
        f"letter {one} was taken, and is not known" for one in history.letters if one not in kept.letters
    ]
    for one, (_, state) in kept.letters.items():
        least, most = DELIVERED[state]
        if not least <= history.letters[one] <= most:
            found.append(f"letter {one} is {state}, and was taken {history.letters[one]} times")
    return found


async def lose_one(url: str, history: History, rng: random.Random) -> str:
    """The control: takes one acknowledged thing out of the database, as if it had never been committed."""
    kept = await load(url)
    told = {action.talk for action in history.acknowledged}
    booked = sorted(talk for talk, _, _ in kept.bookings if talk in told)
    waiting = sorted(talk for talk in kept.talks if talk in told and talk not in booked)
    talk = rng.choice([*booked, *waiting])
    async with behind(url) as connection:
        if talk in booked and rng.random() < 0.5:
            await connection.execute(delete(Booking).where(Booking.conversation_id == talk))
            return f"the times of conversation {talk}"
        await connection.execute(delete(Booking).where(Booking.conversation_id == talk))
        await connection.execute(delete(Conversation).where(Conversation.id == talk))
        return f"conversation {talk}"
