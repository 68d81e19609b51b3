"""The municipality's own settings, inside the guard rails; and the letters people must look at."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency

from portal.staff import actions, forms
from portal.store import name_lists, outbox, places
from portal.triage.guarantee import days_for_everybody
from portal.web.access import ADMIN
from portal.web.forms import Form, empty
from portal.web.render import go, show
from portal.web.visit import Visit


@get("/{slug:str}/medarbejder/kommune", access=ADMIN)
async def page(visit: NamedDependency[Visit]) -> Response[str]:
    return await _page(visit, empty())


async def _page(visit: Visit, form: Form, status: int = 200, panel: str = "") -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        teams = await places.teams(reader)
        staff = await places.staff(reader)
        closing = await places.closing_days(reader, visit.today)
        letters = await outbox.troubled(reader)
        lists = await name_lists.loaded(reader)
    book = visit.book
    return show(
        visit,
        "staff/place.html",
        status=status,
        form=form,
        promised=days_for_everybody(book),
        lead=book.number("start.lead_days"),
        answer=book.number("answer.working_days"),
        teams=[(team.id, team.name_da, team.name_en) for team in teams],
        staff=[(one.id, one.name, one.role, one.team_id or "", one.active) for one in staff],
        closing=[(one.day, one.note) for one in closing],
        letters=[(one.id, one.kind, one.trouble, one.created_at) for one in letters],
        lists=[(one.kind, one.count, one.loaded_at) for one in lists],
        panel=panel,
        notice=visit.query.get("besked", ""),
        booked=visit.query.get("booket", "0"),
    )


@post("/{slug:str}/medarbejder/kommune/lukkedag", access=ADMIN)
async def add_closing_day(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    form = await forms.read_closing(request, visit)
    day = form.day("day")
    if not form.ok or day is None:
        return await _page(visit, form, 422, "closing")
    booked = await actions.add_closing_day(visit, day, form["note"].strip(), form["key"])
    return go(visit, "medarbejder", "kommune", besked="lukkedag", booket=str(booked))


@post("/{slug:str}/medarbejder/kommune/lukkedag/fjern", access=ADMIN)
async def remove_closing_day(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    form = await forms.read_closing(request, visit)
    day = form.day("day")
    if day is None:
        return await _page(visit, form, 422, "closing")
    await actions.remove_closing_day(visit, day, form["key"])
    return go(visit, "medarbejder", "kommune", besked="gemt")


@post("/{slug:str}/medarbejder/kommune/team", access=ADMIN)
async def change_team(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    form = await forms.read_team(request, visit)
    if not form.ok:
        return await _page(visit, form, 422, "team")
    await actions.change_team(
        visit, form["team"][:40], form["name_da"].strip(), form["name_en"].strip(), form["key"]
    )
    return go(visit, "medarbejder", "kommune", besked="gemt")


@post("/{slug:str}/medarbejder/kommune/medarbejder", access=ADMIN)
async def change_staff(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    async with visit.store.reading(visit.here.code) as reader:
        teams = list(await places.team_names(reader))
    form = await forms.read_staff(request, visit, teams)
    if form["person"][:32] == visit.me.id and (form["role"] != "administrator" or form["active"] != "1"):
        form.wrong("role", forms.own_access())
    if not form.ok:
        return await _page(visit, form, 422, "staff")
    await actions.change_staff(
        visit, form["person"][:32], form["role"], form["team"], form.checked("active"), form["key"]
    )
    left = 0 if form.checked("active") else await actions.left_behind(visit, form["person"][:32])
    return go(visit, "medarbejder", "kommune", besked="efterladt" if left else "gemt", booket=str(left))


@post("/{slug:str}/medarbejder/kommune/brev", access=ADMIN)
async def resolve_letter(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    form = await forms.read_letter(request, visit)
    await actions.resolve_letter(visit, form["letter"][:32], again=form["action"] == "again", key=form["key"])
    return go(visit, "medarbejder", "kommune", besked="gemt")


handlers = [
    page,
    add_closing_day,
    remove_closing_day,
    change_team,
    change_staff,
    resolve_letter,
]
