"""The demo municipality, 740 Silkeborg: fictional people, companies and cases in every state, dates from the day of loading.

Everything but the calendars and the people is made by the same verbs the pages use, at clock times of the past days.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from portal.demo import provider
from portal.demo.days import CLOSED, CODE, at_clock
from portal.demo.looks import load_looks
from portal.demo.own_rules import load_rules
from portal.demo.people import CITIZENS, COMPANIES, STAFF, TEAMS, demo_id, staff_actor
from portal.demo.requests import load_requests
from portal.domain.calendar import local_date
from portal.domain.capacity import slots
from portal.domain.people import Actor, Role, system
from portal.imports import outlook
from portal.store import (
    calendars,
    conversations,
    dialogues,
    journal,
    outlooks,
    times,
)
from portal.store.conversations import Wish
from portal.store.database import Store, Unit
from portal.store.tables import Citizen, Company, CompanyUser, Municipality, Staff, Team
from portal.triage import reasons
from portal.triage.dialogue import as_answer, standing
from portal.triage.shelf import rulebook_on


async def is_loaded(store: Store) -> bool:
    return any(place.code == CODE for place in await store.municipalities())


async def load(store: Store, now: datetime) -> None:
    """The municipality with everything in it; call once on an empty database."""
    place = Municipality(
        code=CODE,
        slug="silkeborg",
        fictional=True,
        name="Silkeborg",
        phone="89 70 10 00",
        email="job@silkeborg.example",
        address="Søvej 1, 8600 Silkeborg",
        opening_hours={
            "da": [["Mandag til onsdag", "9–15"], ["Torsdag", "9–17"], ["Fredag", "9–13"]],
            "en": [
                ["Monday to Wednesday", "9 am – 3 pm"],
                ["Thursday", "9 am – 5 pm"],
                ["Friday", "9 am – 1 pm"],
            ],
        },
    )
    await store.found_municipality(place, system(CODE), now)
    async with store.writing(system(CODE), now) as unit:
        await _people(unit)
        _calendars(unit, local_date(now))
        await _outlook(unit)
        journal.note(unit, "demo.loaded", "municipality", CODE)
        await unit.commit()
    await load_rules(store, CODE, now)
    await _citizens(store, now)
    await load_requests(store, now)
    await load_looks(store, CODE, now)


async def _people(unit: Unit) -> None:
    for code, da, en, kind in TEAMS:
        unit.add(Team(municipality=CODE, id=code, name_da=da, name_en=en, kind=kind))
    await unit.flush()
    for subject, name, role, team in STAFF:
        mail = f"{subject}@silkeborg.example"
        unit.add(
            Staff(
                municipality=CODE,
                id=demo_id(subject),
                issuer=provider.issuer("medarbejder"),
                subject=subject,
                name=name,
                email=mail,
                role=role,
                team_id=team,
            )
        )
    for subject, name, born in CITIZENS:
        unit.add(
            Citizen(
                municipality=CODE,
                id=demo_id(subject),
                issuer=provider.issuer("borger"),
                subject=subject,
                name=name,
                birth_date=born,
                email=f"{subject}@test.example",
                phone="00 00 00 00",
                address="Prøvevej 1, 8600 Silkeborg",
                protected_address=subject == "hanne",
            )
        )
    for subject, name, company, cvr in COMPANIES:
        unit.add(Company(municipality=CODE, id=demo_id(company), cvr=cvr, name=company))
        await unit.flush()
        unit.add(
            CompanyUser(
                municipality=CODE,
                id=demo_id(subject),
                issuer=provider.issuer("virksomhed"),
                subject=f"{cvr}/{subject}",
                company_id=demo_id(company),
                name=name,
                email=f"{subject}@test.example",
            )
        )
    await unit.flush()


def _calendars(unit: Unit, today: date) -> None:
    """Three weeks back and six ahead. The holistic team is full: its citizens find no time inside the promise."""
    for subject, _name, _role, team in STAFF:
        if team in ("modtagelse", "jobteam", "sygedagpengeteam", "uddannelsesteam", "ungeteam"):
            first = today - timedelta(days=21)
            for starts_at in slots(
                first, today + calendars.AHEAD, calendars.STARTS, calendars.MINUTES, CLOSED
            ):
                calendars.add_slot(unit, demo_id(subject), team, starts_at)


async def _outlook(unit: Unit) -> None:
    entries, faults = outlook.read((Path(__file__).parent / "outlook.csv").read_text(encoding="utf-8"))
    if faults:
        raise ValueError(f"the demo's outlook list does not read: {faults[:3]}")
    await outlooks.replace_all(unit, entries)


def _citizen(subject: str) -> Actor:
    name = next(name for each, name, _ in CITIZENS if each == subject)
    return Actor(CODE, demo_id(subject), Role.CITIZEN, name)


async def _citizens(store: Store, now: datetime) -> None:
    """Birger has a time, Camilla waits, Fatima's promise is broken, Gustav's conversation was held, Hanne cancelled."""
    await _walk(
        store,
        "birger",
        at_clock(now, 2, 9),
        {
            "age": 60,
            "benefit": "dagpenge",
            "health": "none",
            "social_barriers": 0,
            "readiness": "now",
            "education": "vocational",
            "weeks_unemployed": 20,
        },
    )
    await _walk(
        store,
        "fatima",
        at_clock(now, 12, 9),
        {
            "age": 31,
            "benefit": "kontanthjaelp",
            "health": "severe",
            "social_barriers": 3,
            "weeks_unemployed": 70,
        },
    )
    await _ask(
        store, "birger", at_clock(now, 1, 10), Wish("phone", "Jeg vil gerne tale om et kursus."), book=True
    )
    await _ask(
        store,
        "camilla",
        at_clock(now, 1, 11),
        Wish("in_person", language="arabisk", interpreter=True),
        book=False,
    )
    await _ask(
        store,
        "fatima",
        at_clock(now, 11, 9),
        Wish("in_person", "Jeg har brug for hjælp til flere ting."),
        book=False,
    )
    held = await _ask(store, "gustav", at_clock(now, 9, 9), Wish("phone"), book=True)
    async with store.writing(staff_actor(CODE, "rikke"), now) as unit:
        await conversations.hold(unit, held, (await times.own(unit, held, demo_id("gustav"))).version)
        await unit.commit()
    gone = await _ask(store, "hanne", at_clock(now, 6, 9), Wish("video"), book=True)
    async with store.writing(_citizen("hanne"), at_clock(now, 6, 10)) as unit:
        await conversations.cancel(unit, gone, (await times.own(unit, gone, demo_id("hanne"))).version)
        await unit.commit()


async def _walk(store: Store, subject: str, at: datetime, answers: dict[str, Any]) -> None:
    book = rulebook_on(local_date(at), CODE)
    async with store.writing(_citizen(subject), at) as unit:
        walk_id = dialogues.begin(unit, demo_id(subject), book.stamp, answers)
        await unit.flush()
        walk = await dialogues.own(unit, walk_id, demo_id(subject))
        answer = as_answer(book, standing(book, answers), answers)
        where = standing(book, answers)
        why = reasons.of_way(book, answers, where)
        said = {**answer, "confidence": "policy", "offers": [], "explanation": why}
        await dialogues.finish(unit, walk, answer["outcome"], said)
        await unit.commit()


async def _ask(store: Store, subject: str, at: datetime, wish: Wish, *, book: bool) -> str:
    async with store.writing(_citizen(subject), at) as unit:
        slot = None
        if book:
            made = await conversations.the_promise(unit, demo_id(subject), wish, at)
            free = await times.free_times(
                unit, ("modtagelse", "jobteam"), wish.form, at, made.due.latest_bookable
            )
            later = [one for one in free if subject == "gustav" or one.starts_at > at + timedelta(days=3)]
            slot = later[0].slot_id
        talk = await conversations.request_conversation(unit, demo_id(subject), wish, slot)
        await unit.commit()
        return talk
