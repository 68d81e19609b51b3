"""The companies' requests in the demo: one in every state, made by the verbs the pages use."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from portal.demo.days import CLOSED, CODE, at_clock
from portal.demo.people import COMPANIES, TEAM_NAMES, demo_id, staff_actor
from portal.domain.calendar import add_working_days, is_working_day, local_date
from portal.domain.people import Actor, Role
from portal.employer.actions import as_facts
from portal.store import desk, placements, queue
from portal.store.database import Store
from portal.store.placements import Sent
from portal.triage.conditions import PlacementFacts, judge
from portal.triage.shelf import rulebook_on


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
        "job_title": "Bager",
        "occupation": "7512",
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
            occupation=form["occupation"],
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


async def load_requests(store: Store, now: datetime) -> None:
    """One unread and late, one new, one claimed, one asked about, one granted, one refused, one large, one draft."""
    today = local_date(now)
    start = add_working_days(today, 12, CLOSED)
    await _send(store, "bo", at_clock(now, 4, 9), _form("placement", start), start)
    await _send(
        store,
        "lise",
        at_clock(now, 0, 8) if is_working_day(today, CLOSED) else at_clock(now, 1, 8),
        _form(
            "recruitment",
            start,
            job_title="Lagermedarbejder",
            occupation="4321",
            tasks="Pakke varer og køre truck",
            positions="2",
        ),
        start,
    )
    claimed = await _send(
        store,
        "mads",
        at_clock(now, 2, 9),
        _form(
            "wage_subsidy",
            start,
            job_title="Murer",
            occupation="7112",
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
        at_clock(now, 3, 13),
        _form(
            "placement",
            start,
            job_title="Lagermedarbejder",
            occupation="4321",
            tasks="Lagerarbejde",
            ordinary_fte="4",
            positions="2",
        ),
        start,
    )
    granted = await _send(
        store,
        "bo",
        at_clock(now, 9, 10),
        _form("placement", start, job_title="Konditor", occupation="7512", tasks="Konditori"),
        start,
    )
    refused = await _send(
        store,
        "mads",
        at_clock(now, 8, 10),
        _form(
            "wage_subsidy",
            start,
            job_title="Chauffør",
            occupation="8322",
            tasks="Kørsel",
            latest_month_fte="10",
        ),
        start,
    )
    await _send(
        store,
        "lise",
        at_clock(now, 1, 10),
        _form(
            "placement",
            start,
            job_title="Lagermedarbejder",
            occupation="4321",
            tasks="Jul på lageret",
            positions="6",
            ordinary_fte="60",
        ),
        start,
    )
    clara = staff_actor(CODE, "clara")
    async with store.writing(clara, at_clock(now, 1, 9)) as unit:
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
        Actor(CODE, demo_id("bo"), Role.EMPLOYER, bo[1], demo_id(bo[2])), at_clock(now, 1, 15)
    ) as unit:
        placements.begin(unit, "wage_subsidy", {"scheme": "wage_subsidy"})
        await unit.commit()


async def _decide(store: Store, actor: Actor, now: datetime, case_id: str, outcome: str, why: str) -> None:
    """Read in time, decided some days later."""
    book = rulebook_on(local_date(now), CODE)
    async with store.writing(actor, at_clock(now, 7, 9)) as unit:
        await desk.claim(unit, case_id)
        await unit.commit()
    async with store.writing(actor, at_clock(now, 5, 11)) as unit:
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
