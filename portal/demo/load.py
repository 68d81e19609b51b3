"""The demo municipality, 740 Silkeborg: fictional people, companies and cases in every state, dates from the day of loading.

Everything but the calendars and the people is made by the same verbs the pages use, at clock times of the past days.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from portal.demo import provider
from portal.demo.looks import load_looks
from portal.demo.own_rules import load_rules
from portal.demo.people import CITIZENS, COMPANIES, STAFF, TEAM_NAMES, TEAMS, demo_id, staff_actor
from portal.domain.calendar import add_working_days, is_working_day, local_date, local_instant
from portal.domain.capacity import slots
from portal.domain.people import Actor, Role, system
from portal.employer.actions import as_facts
from portal.imports import outlook
from portal.store import (
    calendars,
    conversations,
    desk,
    dialogues,
    journal,
    outlooks,
    placements,
    queue,
    times,
)
from portal.store.conversations import Wish
from portal.store.database import Store, Unit
from portal.store.placements import Sent
from portal.store.tables import Citizen, Company, CompanyUser, Municipality, Staff, Team
from portal.triage import reasons
from portal.triage.conditions import PlacementFacts, judge
from portal.triage.dialogue import as_answer, standing
from portal.triage.shelf import rulebook_on
from portal.triage.workdays import ClosedDays

CODE = "740"
CLOSED = ClosedDays()


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
    await _companies(store, now)
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


def _working_day_before(day: date, count: int) -> date:
    while count > 0:
        day -= timedelta(days=1)
        count -= is_working_day(day, CLOSED)
    return day


def _at(now: datetime, working_days_ago: int, hour: int) -> datetime:
    return min(now, local_instant(_working_day_before(local_date(now), working_days_ago), time(hour, 12)))


def _citizen(subject: str) -> Actor:
    name = next(name for each, name, _ in CITIZENS if each == subject)
    return Actor(CODE, demo_id(subject), Role.CITIZEN, name)


async def _citizens(store: Store, now: datetime) -> None:
    """Birger has a time, Camilla waits, Fatima's promise is broken, Gustav's conversation was held, Hanne cancelled."""
    await _walk(
        store,
        "birger",
        _at(now, 2, 9),
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
        _at(now, 12, 9),
        {
            "age": 31,
            "benefit": "kontanthjaelp",
            "health": "severe",
            "social_barriers": 3,
            "weeks_unemployed": 70,
        },
    )
    await _ask(store, "birger", _at(now, 1, 10), Wish("phone", "Jeg vil gerne tale om et kursus."), book=True)
    await _ask(
        store, "camilla", _at(now, 1, 11), Wish("in_person", language="arabisk", interpreter=True), book=False
    )
    await _ask(
        store,
        "fatima",
        _at(now, 11, 9),
        Wish("in_person", "Jeg har brug for hjælp til flere ting."),
        book=False,
    )
    held = await _ask(store, "gustav", _at(now, 9, 9), Wish("phone"), book=True)
    async with store.writing(staff_actor(CODE, "rikke"), now) as unit:
        await conversations.hold(unit, held, (await times.own(unit, held, demo_id("gustav"))).version)
        await unit.commit()
    gone = await _ask(store, "hanne", _at(now, 6, 9), Wish("video"), book=True)
    async with store.writing(_citizen("hanne"), _at(now, 6, 10)) as unit:
        await conversations.cancel(unit, gone, (await times.own(unit, gone, demo_id("hanne"))).version)
        await unit.commit()


async def _walk(store: Store, subject: str, at: datetime, answers: dict[str, Any]) -> None:
    book = rulebook_on(local_date(at), CODE)
    async with store.writing(_citizen(subject), at) as unit:
        walk_id = dialogues.begin(unit, demo_id(subject), book.stamp, answers)
        await unit.flush()
        walk = await dialogues.own(unit, walk_id, demo_id(subject))
        answer = as_answer(book, standing(book, answers))
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


def _form(scheme: str, start: date, **more: Any) -> dict[str, Any]:
    plain = {
        "scheme": scheme,
        "workplace": "Torvet 3, 8600 Silkeborg",
        "p_number": "1000000001",
        "sector": "private",
        "who": "open",
        "positions": "1",
        "ordinary_fte": "14",
        "supported_fte": "0",
        "latest_month_fte": "14",
        "twelve_month_mean_fte": "13,5",
        "tasks": "Bage brød og betjene kunder",
        "purpose": "Prøve faget af og blive vant til mødetider",
        "weekly_hours": "30",
        "start": start.strftime("%d-%m-%Y"),
        "weeks": "4",
        "vacated": "no",
        "representative": "none_elected",
    }
    return {**plain, **more}


def _facts(form: dict[str, Any], start: date) -> PlacementFacts:
    names = ("scheme", "sector", "positions", "representative", "weeks")
    decimals = ("ordinary_fte", "supported_fte", "latest_month_fte", "twelve_month_mean_fte", "weekly_hours")
    raw = {name: form[name] for name in names} | {name: form[name].replace(",", ".") for name in decimals}
    return PlacementFacts.parse({**raw, "start": start.isoformat(), "vacated_months_ago": None}, CODE)


async def _send(store: Store, who: str, at: datetime, form: dict[str, Any], start: date) -> str:
    user = next(row for row in COMPANIES if row[0] == who)
    actor = Actor(CODE, demo_id(who), Role.EMPLOYER, user[1], demo_id(user[2]))
    today = local_date(at)
    book = rulebook_on(today, CODE)
    request = _facts(form, start)
    found = judge(book, request, today, CLOSED)
    async with store.writing(actor, at) as unit:
        case_id = placements.begin(unit, form["scheme"], form)
        await unit.flush()
        sent = Sent(
            positions=int(form["positions"]),
            start=start,
            names_somebody=form["who"] == "named",
            facts=request.plain(),
            answer_due_on=add_working_days(today, int(book.number("answer.working_days")), CLOSED),
            team_id=found.desk.team,
            desk=asdict(found.desk),
            rulebook=book.stamp,
            judged={
                "conditions": [as_facts(one) for one in found.conditions.values()],
                "team": {"da": TEAM_NAMES[found.desk.team][0], "en": TEAM_NAMES[found.desk.team][1]},
            },
        )
        await placements.send(unit, case_id, sent)
        await unit.commit()
    return case_id


async def _companies(store: Store, now: datetime) -> None:
    """One unread and late, one new, one claimed, one asked about, one granted, one refused, one large, one draft."""
    today = local_date(now)
    start = add_working_days(today, 12, CLOSED)
    await _send(store, "bo", _at(now, 4, 9), _form("placement", start), start)
    await _send(
        store,
        "lise",
        _at(now, 0, 8) if is_working_day(today, CLOSED) else _at(now, 1, 8),
        _form("recruitment", start, tasks="Pakke varer og køre truck", positions="2"),
        start,
    )
    claimed = await _send(
        store,
        "mads",
        _at(now, 2, 9),
        _form(
            "wage_subsidy",
            start,
            tasks="Mure og lægge tag",
            weeks="26",
            who="named",
            candidate_name="Birger Olsen",
        ),
        start,
    )
    asked = await _send(
        store,
        "lise",
        _at(now, 3, 13),
        _form("placement", start, tasks="Lagerarbejde", ordinary_fte="4", positions="2"),
        start,
    )
    granted = await _send(store, "bo", _at(now, 9, 10), _form("placement", start, tasks="Konditori"), start)
    refused = await _send(
        store,
        "mads",
        _at(now, 8, 10),
        _form("wage_subsidy", start, tasks="Kørsel", latest_month_fte="10"),
        start,
    )
    await _send(
        store,
        "lise",
        _at(now, 1, 10),
        _form("placement", start, tasks="Jul på lageret", positions="6", ordinary_fte="60"),
        start,
    )
    clara = staff_actor(CODE, "clara")
    async with store.writing(clara, _at(now, 1, 9)) as unit:
        await desk.claim(unit, claimed)
        await desk.claim(unit, asked)
        await desk.ask(
            unit,
            asked,
            (await queue.placement_case(unit, asked)).version + 0,
            "Hvem tager sig af personen den første uge?",
        )
        await unit.commit()
    for case_id, outcome, why in (
        (granted, "granted", "Praktikken er kort, og der er plads på arbejdsstedet."),
        (
            refused,
            "refused",
            "I har færre ordinært ansatte end i gennemsnit over året, så ansættelsen giver ikke en ekstra plads.",
        ),
    ):
        await _decide(store, clara, now, case_id, outcome, why)
    bo = next(row for row in COMPANIES if row[0] == "bo")
    async with store.writing(
        Actor(CODE, demo_id("bo"), Role.EMPLOYER, bo[1], demo_id(bo[2])), _at(now, 1, 15)
    ) as unit:
        placements.begin(unit, "wage_subsidy", {"scheme": "wage_subsidy"})
        await unit.commit()


async def _decide(store: Store, actor: Actor, now: datetime, case_id: str, outcome: str, why: str) -> None:
    """Read in time, decided some days later."""
    book = rulebook_on(local_date(now), CODE)
    async with store.writing(actor, _at(now, 7, 9)) as unit:
        await desk.claim(unit, case_id)
        await unit.commit()
    async with store.writing(actor, _at(now, 5, 11)) as unit:
        case = await queue.placement_case(unit, case_id)
        refused = outcome != "granted"
        decision = {
            "outcome": outcome,
            "reasons": why,
            "law": "LAB kap. 11" if case.scheme == "placement" else "LAB § 77",
            "starts": None if refused else case.facts["start"],
            "complaint": book.fill(book.complaint.texts["text"]) if refused else None,
        }
        await desk.decide(unit, case_id, case.version, decision)
        await unit.commit()
