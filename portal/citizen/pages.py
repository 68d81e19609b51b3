"""The citizen's addresses: conversations and my page. Find din vej has a module of its own."""

from __future__ import annotations

from typing import Any

from icalendar import Calendar, Event
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.citizen import actions, forms, helpers, own_words, walk
from portal.citizen.forms import Asked
from portal.domain.errors import ConflictError, InvalidError, NotFoundError
from portal.store import access_log, conversations, messages, places, times
from portal.text import gettext as _
from portal.web.access import ACTING, CITIZEN, MESSAGES_OWN, TALKS, TALKS_OWN
from portal.web.forms import Form, empty
from portal.web.render import go, go_to, show
from portal.web.visit import Visit

LATER_WEEKS = 5


@get("/{slug:str}/borger", access=ACTING)
async def my_page(visit: NamedDependency[Visit]) -> Response[str]:
    mine = await actions.my_page(visit)
    current = next((talk for talk in mine.talks if talk.state in ("waiting", "booked")), None)
    ways = visit.book.ways
    return show(
        visit,
        "citizen/my_page.html",
        mine=mine,
        current=current,
        ways=ways,
        notice=visit.query.get("besked", ""),
    )


# ------------------------------------------------------------------ ask for a conversation


@get("/{slug:str}/borger/samtale/ny", access=TALKS)
async def ask_page(visit: NamedDependency[Visit]) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        citizen = await actions.me(reader, visit)
    known = {
        "form": "in_person",
        "kontanthjaelp": "1" if citizen.benefit == "kontanthjaelp" and not visit.me.by_id else "",
    }
    return await _ask_page(visit, empty(known), None)


async def _ask_page(visit: Visit, form: Form, asked: Asked | None, status: int = 200) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        talks = await times.of_citizen(reader, visit.me.id)
        for talk in talks:
            if talk.state in ("waiting", "booked"):
                return go(visit, "borger", "samtale", talk.id, besked="findes")
        offer = await actions.offer(reader, visit, asked, asked.wish.form if asked else form["form"])
    return show(visit, "citizen/ask.html", status=status, form=form, offer=offer)


@post("/{slug:str}/borger/samtale/ny", access=TALKS)
async def ask(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    asked = await forms.read_ask(request, visit)
    if not asked.books or not asked.form.ok:
        return await _ask_page(visit, asked.form, asked, 200 if asked.form.ok else 422)
    try:
        return go_to(await actions.request_conversation(visit, asked, asked.form["key"]))
    except ConflictError as error:
        if error.code == "conversation.open":
            return await _ask_page(visit, asked.form, asked)
        asked.form.wrong("slot", _("Tiden er lige blevet taget af en anden. Vælg en anden tid."))
        return await _ask_page(visit, asked.form, asked, 409)
    except InvalidError:
        asked.form.wrong("slot", _("Den tid kan ikke bruges mere. Vælg en anden tid."))
        return await _ask_page(visit, asked.form, asked, 422)


@get("/{slug:str}/borger/samtale/{talk:str}", access=TALKS_OWN)
async def conversation(visit: NamedDependency[Visit], talk: FromPath[str]) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        own = await times.own(reader, talk, visit.me.id)
    return show(visit, "citizen/conversation.html", talk=own, notice=visit.query.get("besked", ""))


@get("/{slug:str}/borger/samtale/{talk:str}/flyt", access=TALKS_OWN)
async def move_page(visit: NamedDependency[Visit], talk: FromPath[str]) -> Response[str]:
    return await _move_page(visit, talk, empty({"own_choice": ""}), later=visit.query.get("senere") == "1")


async def _move_page(visit: Visit, talk: str, form: Form, *, later: bool, status: int = 200) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        own = await times.own(reader, talk, visit.me.id)
        if own.state not in ("waiting", "booked"):
            return go(visit, "borger", "samtale", talk)
        teams = tuple(dict.fromkeys((own.team_id, conversations.reception_on(reader, visit.today))))
        inside = await times.free_times(reader, teams, own.form, visit.now, own.latest_bookable)
        beyond = []
        if later:
            until = own.due_on.fromordinal(own.due_on.toordinal() + 7 * LATER_WEEKS)
            reachable = await times.free_times(reader, teams, own.form, visit.now, until, most=120)
            seen = {time.slot_id for time in inside}
            beyond = [time for time in reachable if time.slot_id not in seen]
    return show(
        visit,
        "citizen/move.html",
        status=status,
        form=form,
        talk=own,
        inside=inside,
        beyond=beyond,
        later=later,
    )


@post("/{slug:str}/borger/samtale/{talk:str}/flyt", access=TALKS_OWN)
async def move(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], talk: FromPath[str]
) -> Response[Any]:
    moved = await forms.read_move(request, visit)
    later = moved.form["action"] == "later"
    if not moved.form.ok:
        return await _move_page(visit, talk, moved.form, later=later, status=422)
    try:
        return go_to(await actions.move_conversation(visit, talk, moved, moved.form["key"]))
    except ConflictError as error:
        if error.code == "stale":
            raise
        moved.form.wrong("slot", _("Tiden er lige blevet taget af en anden. Vælg en anden tid."))
        return await _move_page(visit, talk, moved.form, later=later, status=409)
    except InvalidError as error:
        if error.code == "slot.outside":
            said = _("Tiden ligger efter fristen. Sæt flueben, hvis du selv vælger det.")
            moved.form.wrong("own_choice", said)
        else:
            moved.form.wrong("slot", _("Den tid kan ikke bruges mere. Vælg en anden tid."))
        return await _move_page(visit, talk, moved.form, later=True, status=422)


@get("/{slug:str}/borger/samtale/{talk:str}/aflys", access=TALKS_OWN)
async def cancel_page(visit: NamedDependency[Visit], talk: FromPath[str]) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        own = await times.own(reader, talk, visit.me.id)
    return show(visit, "citizen/cancel.html", talk=own)


@post("/{slug:str}/borger/samtale/{talk:str}/aflys", access=TALKS_OWN)
async def cancel(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], talk: FromPath[str]
) -> Response[Any]:
    button = await forms.read_button(request, visit)
    await actions.cancel_conversation(visit, talk, button.version, button.key)
    return go(visit, "borger", besked="aflyst")


@get("/{slug:str}/borger/samtale/{talk:str}/kalender", access=TALKS_OWN)
async def calendar(visit: NamedDependency[Visit], talk: FromPath[str]) -> Response[bytes]:
    """The time as a calendar file, which says where but not why."""
    async with visit.store.reading(visit.here.code) as reader:
        own = await times.own(reader, talk, visit.me.id)
    if own.starts_at is None or own.minutes is None:
        raise NotFoundError("conversation")
    event = Event()
    event.add("uid", f"{own.id}@portal.invalid")
    event.add("dtstamp", visit.now)
    event.add("dtstart", own.starts_at)
    event.add("duration", own.starts_at.resolution * 60_000_000 * own.minutes)
    event.add("summary", _("Samtale, %(place)s Kommune") % {"place": visit.here.name})
    if own.form == "in_person":
        event.add("location", visit.here.address)
    file = Calendar()
    file.add("prodid", "-//Jobportalen//DA")
    file.add("version", "2.0")
    file.add_component(event)
    headers = {"Content-Disposition": 'attachment; filename="samtale.ics"'}
    return Response(file.to_ical(), media_type="text/calendar; charset=utf-8", headers=headers)


# ------------------------------------------------------------------ messages, details, candidate


@get("/{slug:str}/borger/besked/{message:str}", access=MESSAGES_OWN)
async def message_page(visit: NamedDependency[Visit], message: FromPath[str]) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        said = await messages.one(reader, message, visit.me.id)
    if said is None:
        raise NotFoundError("message")
    return show(visit, "citizen/message.html", said=said)


@post("/{slug:str}/borger/besked/{message:str}", access=MESSAGES_OWN)
async def message_read(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], message: FromPath[str]
) -> Response[Any]:
    await forms.read_button(request, visit)
    async with visit.store.reading(visit.here.code) as reader:
        if await messages.one(reader, message, visit.me.id) is None:
            raise NotFoundError("message")
    await actions.read_message(visit, message)
    return go(visit, "borger")


@get("/{slug:str}/borger/oplysninger", access=CITIZEN)
async def details_page(visit: NamedDependency[Visit]) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        citizen = await actions.me(reader, visit)
    known = {name: getattr(citizen, name) for name in ("email", "phone", "address", "channel", "lang")}
    known["protected_address"] = "1" if citizen.protected_address else ""
    return show(visit, "citizen/details.html", form=empty(known), name=citizen.name)


@post("/{slug:str}/borger/oplysninger", access=CITIZEN)
async def details(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    given = await forms.read_details(request, visit)
    if not given.form.ok:
        return show(visit, "citizen/details.html", status=422, form=given.form, name=visit.me.name)
    await actions.change_details(visit, given)
    return go(visit, "borger", besked="gemt")


@get("/{slug:str}/borger/kandidat", access=CITIZEN)
async def candidate_page(visit: NamedDependency[Visit]) -> Response[str]:
    return show(visit, "citizen/candidate.html", form=empty(), invitation=None)


@post("/{slug:str}/borger/kandidat", access=CITIZEN)
async def candidate(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    """Shows what the code is about; with yes or no it is answered. Guessing is limited."""
    given = await forms.read_candidate(request, visit)
    invitation = None
    if given.form.ok or given.code:
        invitation = await actions.look_up_candidate(visit, given.code)
        if invitation is None:
            given.form.wrong("code", _("Vi kender ikke koden. Se efter, om den er skrevet rigtigt."))
    if invitation is None or given.agrees is None or not given.form.ok:
        status = 200 if given.form.ok else 422
        return show(visit, "citizen/candidate.html", status=status, form=given.form, invitation=invitation)
    await actions.answer_as_candidate(visit, given)
    return go(visit, "borger", besked="kandidat-ja" if given.agrees else "kandidat-nej")


@get("/{slug:str}/borger/log", access=CITIZEN)
async def looks(visit: NamedDependency[Visit]) -> Response[str]:
    """Who has looked at what is about me, and why."""
    async with visit.store.reading(visit.here.code) as reader:
        seen = await access_log.of_citizen(reader, visit.me.id)
        teams = await places.team_names(reader)
    return show(visit, "citizen/log.html", seen=seen, teams=teams)


@get("/{slug:str}/borger/veje/{route:str}", access=CITIZEN)
async def way(visit: NamedDependency[Visit], route: FromPath[str]) -> Response[str]:
    """What a way is, and its first steps."""
    found = visit.book.ways.get(route)
    if found is None:
        raise NotFoundError("way")
    return show(visit, "citizen/way.html", way=found)


router = Router(
    "/",
    route_handlers=[
        my_page,
        ask_page,
        ask,
        conversation,
        move_page,
        move,
        cancel_page,
        cancel,
        calendar,
        message_page,
        message_read,
        details_page,
        details,
        candidate_page,
        candidate,
        looks,
        way,
        *helpers.handlers,
        *own_words.handlers,
        *walk.handlers,
    ],
)
