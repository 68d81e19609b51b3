"""Conversations as staff see them: the citizen queue, one conversation, and asking for a citizen on the phone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.domain import conversation as rules
from portal.domain.errors import ConflictError, InvalidError
from portal.domain.identity import cpr_number
from portal.domain.transition import allowed
from portal.staff import actions, forms, oversight, subjects
from portal.store import access_log, conversations, dialogues, journal, places, queue, relations, times
from portal.store.access_log import Subject
from portal.store.database import Unit
from portal.store.queue import Filter
from portal.text import gettext as _
from portal.web.access import DESK, DESK_CASE, DESK_READ, DESK_SEARCH, QUEUES
from portal.web.forms import Form, empty
from portal.web.render import go, go_to, show
from portal.web.visit import Visit

WEEKS_AHEAD = timedelta(weeks=5)


@get("/{slug:str}/medarbejder/borgere", access=QUEUES)
async def citizen_queue(visit: NamedDependency[Visit]) -> Response[Any]:
    query = visit.query
    if cpr_number(query.get("soeg", "")):
        return go(visit, "medarbejder", "telefon", besked="cpr")
    chosen = Filter(
        team=query.get("team", "")[:40],
        state=query.get("vis", "open") if query.get("vis") in ("open", "done", "all") else "open",
        search=query.get("soeg", "").strip()[:80],
        sort=query.get("orden", "waiting")[:20],
    )
    async with visit.store.reading(visit.here.code) as reader:
        rows = await queue.citizens_waiting(reader, chosen)
        teams = await places.teams(reader, "citizen")
    return show(
        visit,
        "staff/citizens.html",
        rows=rows,
        teams=[(team.id, {"da": team.name_da, "en": team.name_en}) for team in teams],
        team_names={team.id: {"da": team.name_da, "en": team.name_en} for team in teams},
        form=empty({"team": chosen.team, "vis": chosen.state, "soeg": chosen.search, "orden": chosen.sort}),
    )


@get("/{slug:str}/medarbejder/samtale/{talk:str}", access=DESK_READ)
async def talk_page(visit: NamedDependency[Visit], talk: FromPath[str]) -> Response[str]:
    return await _talk(visit, talk, empty())


async def _talk(visit: Visit, talk_id: str, form: Form, status: int = 200) -> Response[str]:
    async with visit.store.writing(visit.me, visit.now) as reader:
        row, citizen = await queue.conversation_case(reader, talk_id)
        subject = await subjects.talk(talk_id)(reader)
        if not await oversight.may_look(reader, subject):
            return oversight.ask_why(visit, subject, visit.path("medarbejder", "samtale", talk_id))
        booked = await times.own(reader, talk_id, row.citizen_id)
        helpers = await relations.of_citizen(reader, row.citizen_id, visit.today)
        walk = await dialogues.latest_finished(reader, row.citizen_id)
        lines = await journal.timeline(reader, talk_id)
        teams = await places.teams(reader, "citizen")
        free: list[times.FreeTime] = []
        if row.state in rules.OPEN:
            wanted = (row.team_id, conversations.reception_on(reader, visit.today))
            until = visit.today + WEEKS_AHEAD
            free = await times.free_times(reader, wanted, row.form, visit.now, until, most=30)
        await reader.commit(unnoted=True)
    begun = booked.starts_at is not None and booked.starts_at <= visit.now
    may = allowed(rules.TRANSITIONS, row.state, visit.me.role)
    return show(
        visit,
        "staff/talk.html",
        status=status,
        talk=booked,
        via=row.asked_via,
        because=row.routed_because,
        claimed=row.claimed_by is not None,
        citizen={
            "name": citizen.name,
            "phone": citizen.phone,
            "email": citizen.email,
            "address": "" if citizen.protected_address else citizen.address,
            "protected": citizen.protected_address,
            "channel": citizen.channel,
        },
        helpers=helpers,
        route=walk.outcome["route"] if walk else "",
        why=walk.explained.get("explanation") if walk else None,
        reader=oversight.reader(visit),
        lines=lines,
        free=free,
        teams=[(team.id, {"da": team.name_da, "en": team.name_en}) for team in teams],
        team_names={team.id: {"da": team.name_da, "en": team.name_en} for team in teams},
        may=may - (frozenset() if begun else frozenset({"hold", "miss"})),
        form=form,
        notice=visit.query.get("besked", ""),
    )


def _button(name: str, verb: Any, message: str) -> Any:
    """A route that is only a button on a conversation."""

    @post("/{slug:str}/medarbejder/samtale/{talk:str}/" + name, access=DESK_CASE)
    async def pressed(
        request: Request[Any, Any, Any], visit: NamedDependency[Visit], talk: FromPath[str]
    ) -> Response[Any]:
        button = await forms.read_button(request, visit)

        async def act(unit: Unit) -> None:
            await verb(unit, talk, button.version)

        await actions.carry_out(
            visit,
            act,
            key=button.key,
            address=visit.path("medarbejder", "samtale", talk),
            about=subjects.talk(talk),
        )
        return go(visit, "medarbejder", "samtale", talk, besked=message)

    return pressed


async def _claim(unit: Unit, talk: str, _version: int) -> None:
    await conversations.claim(unit, talk)


@post("/{slug:str}/medarbejder/samtale/{talk:str}/tid", access=DESK_CASE)
async def set_time(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], talk: FromPath[str]
) -> Response[Any]:
    form, version, slot = await forms.read_time(request, visit)
    if not form.ok:
        return await _talk(visit, talk, form, 422)
    try:
        await actions.set_time(visit, talk, version, slot, form["key"])
    except (ConflictError, InvalidError) as error:
        if error.code == "stale":
            raise
        form.wrong("slot", _("Tiden er lige blevet taget af en anden. Vælg en anden tid."))
        return await _talk(visit, talk, form, 409)
    return go(visit, "medarbejder", "samtale", talk, besked="tid")


@post("/{slug:str}/medarbejder/samtale/{talk:str}/giv-videre", access=DESK_CASE)
async def hand_over(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], talk: FromPath[str]
) -> Response[Any]:
    given = await forms.read_words(request, visit, _("Skriv, hvorfor samtalen gives videre."))
    if not await actions.team_exists(visit, given.team, "citizen"):
        given.form.wrong("team", _("Vælg et team fra listen."))
    if not given.form.ok:
        return await _talk(visit, talk, given.form, 422)

    async def verb(unit: Unit) -> None:
        await conversations.hand_over(unit, talk, given.version, given.team, given.words)

    await actions.carry_out(
        visit,
        verb,
        key=given.form["key"],
        address=visit.path("medarbejder", "samtale", talk),
        about=subjects.talk(talk),
    )
    return go(visit, "medarbejder", "samtale", talk, besked="videre")


# ------------------------------------------------------------------ on the phone


@get("/{slug:str}/medarbejder/telefon", access=DESK)
async def find_page(visit: NamedDependency[Visit]) -> Response[str]:
    """Whom the caller is; nothing is listed before a name or a number is given."""
    return show(visit, "staff/find_citizen.html", form=empty(), found=[], asked=False)


@post("/{slug:str}/medarbejder/telefon", access=DESK_SEARCH)
async def find_citizen(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[str]:
    """By name, or by CPR number: in a form, so that neither ever stands in an address."""
    form, number = await forms.read_search(request, visit)
    found = []
    if form.ok:
        async with visit.store.reading(visit.here.code) as reader:
            if number:
                found = await queue.citizens_with_number(reader, number)
            else:
                found = await queue.search_citizens(reader, form["navn"].strip())
    status = 200 if form.ok else 422
    return show(visit, "staff/find_citizen.html", status=status, form=form, found=found, asked=form.ok)


@get("/{slug:str}/medarbejder/telefon/{citizen:str}", access=DESK_CASE)
async def phone_page(visit: NamedDependency[Visit], citizen: FromPath[str]) -> Response[Any]:
    return await _phone(visit, citizen, empty({"form": "phone"}))


async def _phone(visit: Visit, citizen_id: str, form: Form, status: int = 200) -> Response[Any]:
    async with visit.store.writing(visit.me, visit.now) as reader:
        citizen = await queue.citizen(reader, citizen_id)
        for talk in await times.of_citizen(reader, citizen_id):
            if talk.state in rules.OPEN:
                return go(visit, "medarbejder", "samtale", talk.id, besked="findes")
        wish = conversations.Wish(form["form"] if form["form"] in times.FORMS else "phone")
        made = await conversations.the_promise(reader, citizen_id, wish, visit.now)
        team, _because = await conversations.team_for(reader, citizen_id, visit.today)
        subject = Subject(citizen_id, "phone", citizen_id, team, frozenset())
        await access_log.look(reader, subject, "citizen_asked")
        teams = (team, conversations.reception_on(reader, visit.today))
        free = await times.free_times(reader, teams, wish.form, visit.now, made.due.latest_bookable)
        await reader.commit(unnoted=True)
    return show(
        visit,
        "staff/phone.html",
        status=status,
        form=form,
        name=citizen.name,
        citizen=citizen_id,
        promise=made,
        free=free,
    )


@post("/{slug:str}/medarbejder/telefon/{citizen:str}", access=DESK_CASE)
async def phone(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], citizen: FromPath[str]
) -> Response[Any]:
    asked = await forms.read_phone(request, visit)
    if asked.form["action"] != "book" or not asked.form.ok:
        return await _phone(visit, citizen, asked.form, 200 if asked.form.ok else 422)
    try:
        return go_to(await actions.request_for(visit, citizen, asked, asked.form["key"]))
    except ConflictError as error:
        if error.code == "conversation.open":
            return await _phone(visit, citizen, asked.form)
        asked.form.wrong("slot", _("Tiden er lige blevet taget af en anden. Vælg en anden tid."))
        return await _phone(visit, citizen, asked.form, 409)
    except InvalidError:
        asked.form.wrong("slot", _("Den tid kan ikke bruges mere. Vælg en anden tid."))
        return await _phone(visit, citizen, asked.form, 422)


handlers = [
    citizen_queue,
    talk_page,
    _button("tag", _claim, "taget"),
    _button("holdt", conversations.hold, "holdt"),
    _button("udeblev", conversations.miss, "udeblev"),
    _button("traek-tid", conversations.lose_time, "trukket"),
    _button("aflys", conversations.cancel, "aflyst"),
    set_time,
    hand_over,
    find_page,
    find_citizen,
    phone_page,
    phone,
]
