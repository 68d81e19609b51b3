"""Looking at what is sensitive: why, before it is shown; and looks signed off afterwards, drawn by lot."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.domain.people import Role
from portal.staff import actions
from portal.staff.subjects import ReasonNeededError
from portal.store import access_log
from portal.store.access_log import Subject
from portal.store.database import Unit
from portal.text import gettext as _
from portal.triage import explanation
from portal.web import forms
from portal.web.access import DESK_READ, LEAD, LEAD_CASE, safe_back
from portal.web.forms import Form, empty
from portal.web.render import go, go_to, show
from portal.web.visit import Visit, visit_of


async def may_look(unit: Unit, subject: Subject | None) -> bool:
    """Writes the line of the look, if there is anything sensitive and a reason to see it. False: a reason is needed."""
    if subject is None:
        return True
    purpose = await access_log.purpose_for(unit, unit.actor, subject, unit.now)
    if purpose is None:
        return False
    await access_log.look(unit, subject, purpose)
    return True


def reader(visit: Visit) -> str:
    """Whom explanations are told to: supervision sees everything."""
    return explanation.AUDITOR if visit.me.role is Role.AUDITOR else explanation.CASEWORKER


def ask_why(visit: Visit, subject: Subject | None, back: str) -> Response[str]:
    """Nothing is shown before somebody without a case of their own has said why they look."""
    about = (subject.citizen_id or subject.id) if subject else ""
    return _ask_why(visit, about, back)


def ask_first(request: Request[Any, Any, Any], error: ReasonNeededError) -> Response[str]:
    """Nothing is done before somebody without a case of their own has said why."""
    visit = visit_of(request)
    if visit is None:
        raise LookupError("an act without a visit")
    answer = ask_why(visit, error.subject, error.back)
    answer.status_code = 422
    return answer


def _ask_why(visit: Visit, about: str, back: str, form: Form | None = None) -> Response[str]:
    status = 422 if form and form.errors else 200
    return show(
        visit,
        "staff/purpose.html",
        status=status,
        form=form or empty(),
        about=about,
        back=back,
        why=_purposes(),
    )


def _purposes() -> list[tuple[str, str]]:
    return [
        ("covering", _("Jeg hjælper for en kollega")),
        ("citizen_asked", _("Borgeren eller virksomheden har henvendt sig til mig")),
        ("supervision", _("Ledelse eller tilsyn")),
        ("advice", _("En kollega har bedt mig om råd")),
    ]


@post("/{slug:str}/medarbejder/formaal/{about:str}", access=DESK_READ)
async def say_why(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], about: FromPath[str]
) -> Response[Any]:
    form = await forms.read(request, visit, ("purpose", "back"))
    back = safe_back(form["back"], visit.here.slug) or visit.path("medarbejder")
    form.choice("purpose", access_log.PURPOSES, _("Vælg, hvorfor du har brug for at se det."))
    if not form.ok:
        return _ask_why(visit, about, back, form)
    async with visit.store.writing(visit.me, visit.now) as unit:
        access_log.say_purpose(unit, about[:32], form["purpose"])
        await unit.commit(unnoted=True)
    return go_to(back)


# ------------------------------------------------------------------ afterwards


@get("/{slug:str}/medarbejder/opslag", access=LEAD)
async def page(visit: NamedDependency[Visit]) -> Response[str]:
    return await _page(visit, empty())


async def _page(visit: Visit, form: Form, status: int = 200, at: str = "") -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        waiting = await access_log.samples(reader, signed=False)
        done = await access_log.samples(reader, signed=True, most=20)
        alarms = [
            (alarm, await access_log.looks_of(reader, alarm.staff_id, alarm.day))
            for alarm in await access_log.alarms(reader)
        ]
    return show(
        visit,
        "staff/looks.html",
        status=status,
        waiting=waiting,
        done=done,
        alarms=alarms,
        form=form,
        at=at,
        why=dict([("case_work", _("Sagsbehandling")), *_purposes()]),
        limit=access_log.ALARM_ABOVE,
        notice=visit.query.get("besked", ""),
    )


@post("/{slug:str}/medarbejder/opslag/{sample:str}", access=LEAD_CASE)
async def sign(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], sample: FromPath[str]
) -> Response[Any]:
    form = await forms.read(request, visit, ("verdict", "note"))
    verdict = form.choice("verdict", access_log.VERDICTS, _("Vælg, om opslaget er i orden."))
    note = form.text("note", longest=1000)
    if verdict == "follow_up" and not note:
        form.wrong("note", _("Skriv, hvad der skal følges op på."))
    if not form.ok:
        return await _page(visit, form, 422, sample)

    async def verb(unit: Unit) -> None:
        await access_log.sign(unit, sample, verdict, note)

    await actions.carry_out(visit, verb, key=form["key"])
    return go(visit, "medarbejder", "opslag", besked="gennemgaaet")


@post("/{slug:str}/medarbejder/alarm/{alarm:str}", access=LEAD_CASE)
async def seen(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], alarm: FromPath[str]
) -> Response[Any]:
    form = await forms.read(request, visit, ())

    async def verb(unit: Unit) -> None:
        await access_log.see_alarm(unit, alarm)

    await actions.carry_out(visit, verb, key=form["key"])
    return go(visit, "medarbejder", "opslag", besked="alarm")


handlers = [say_why, page, sign, seen]
