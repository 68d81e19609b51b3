"""Pages without a room: front page, log in and out, help."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.domain.errors import NotFoundError
from portal.domain.people import STAFF, Role, system
from portal.public import forms
from portal.store import sessions
from portal.text import gettext as _
from portal.triage.reader import rulebook_on
from portal.web.access import ANYONE_IN, NOWHERE, PUBLIC, safe_back
from portal.web.render import go, go_to, show
from portal.web.visit import Visit

DEMO_ISSUER = "demo"
DOORS = {"borger": "citizen", "virksomhed": "employer", "medarbejder": "staff"}
HOMES = {Role.CITIZEN: "borger", Role.EMPLOYER: "virksomhed"}


@get("/", access=NOWHERE)
async def municipalities(visit: NamedDependency[Visit]) -> Response[Any]:
    """Which municipality: straight to it when there is only one."""
    served = await visit.store.municipalities()
    if len(served) == 1:
        return go_to(f"/{served[0].slug}")
    return show(visit, "public/municipalities.html", served=[(place.slug, place.name) for place in served])


@get("/healthz", access=NOWHERE)
async def alive() -> str:
    return "ok"


@get("/readyz", access=NOWHERE)
async def ready(visit: NamedDependency[Visit]) -> Response[str]:
    """200 when the database answers and serves somebody."""
    served = await visit.store.municipalities()
    return Response("ok" if served else "no municipality", status_code=200 if served else 503)


@get("/{slug:str}", access=PUBLIC)
async def front(visit: NamedDependency[Visit]) -> Response[str]:
    days = rulebook_on(visit.today).number("guarantee.days")
    return show(
        visit, "public/front.html", home=_home(visit), promised_days=visit.here.guarantee_days or days
    )


def _home(visit: Visit) -> str | None:
    return visit.path(HOMES.get(visit.actor.role, "medarbejder")) if visit.actor else None


@get("/{slug:str}/log-ind/{door:str}", access=PUBLIC)
async def log_in_page(visit: NamedDependency[Visit], door: FromPath[str]) -> Response[str]:
    return await _log_in_page(visit, door)


async def _log_in_page(visit: Visit, door: str, *, status: int = 200, trouble: str = "") -> Response[str]:
    if door not in DOORS:
        raise NotFoundError("door")
    async with visit.store.reading(visit.here.code) as reader:
        people = await sessions.demo_people(reader, DEMO_ISSUER)
    back = safe_back(visit.query.get("tilbage", ""), visit.here.slug) or ""
    return show(
        visit,
        "public/log_in.html",
        status=status,
        door=door,
        people=people[DOORS[door]],
        back=back,
        trouble=trouble,
    )


@post("/{slug:str}/log-ind/{door:str}", access=PUBLIC)
async def log_in(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], door: FromPath[str]
) -> Response[Any]:
    """A new session for the person chosen; an earlier one in this browser ends."""
    chosen = await forms.read_login(request, visit)
    if door not in DOORS:
        raise NotFoundError("door")
    async with visit.store.writing(system(visit.here.code), visit.now) as unit:
        if await sessions.too_many(unit, "login", visit.address, visit.now):
            waits = _("Der har været for mange forsøg. Vent et kvarter, og prøv igen.")
            return await _log_in_page(visit, door, status=429, trouble=waits)
        actor = await sessions.identify(unit, DEMO_ISSUER, chosen.person)
        if actor is None or (actor.role in STAFF) != (door == "medarbejder"):
            sessions.failed(unit, "login", visit.address)
            await unit.commit(unnoted=True)
            unknown = _("Vi kender ikke den person. Vælg en fra listen.")
            return await _log_in_page(visit, door, status=422, trouble=unknown)
        if visit.session_id:
            await sessions.log_out(unit, visit.session_id)
        token = sessions.log_in(unit, actor, visit.lang)
        await unit.commit(unnoted=True)
    back = safe_back(chosen.back, visit.here.slug)
    answer = go_to(back) if back else go(visit, HOMES.get(actor.role, "medarbejder"))
    answer.set_cookie(
        visit.wiring.cookie, token, path="/", httponly=True, secure=visit.wiring.https, samesite="lax"
    )
    return answer


@post("/{slug:str}/log-ud", access=ANYONE_IN)
async def log_out(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    await forms.read_nothing(request, visit)
    async with visit.store.writing(visit.me, visit.now) as unit:
        await sessions.log_out(unit, visit.session_id)
        await unit.commit(unnoted=True)
    answer = go(visit, besked="log-ud")
    answer.delete_cookie(visit.wiring.cookie, path="/")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@get("/{slug:str}/bliv", access=ANYONE_IN)
async def stay() -> Response[str]:
    """Keeps a session alive when the person says so; the guard has already touched it."""
    return Response("", status_code=204)


@get("/{slug:str}/hjaelp", access=PUBLIC)
async def help_page(visit: NamedDependency[Visit]) -> Response[str]:
    return show(visit, "public/help.html", opening=visit.here.opening_hours[visit.lang])


@get("/{slug:str}/privatliv", access=PUBLIC)
async def privacy(visit: NamedDependency[Visit]) -> Response[str]:
    return show(visit, "public/privacy.html")


@get("/{slug:str}/tilgaengelighed", access=PUBLIC)
async def accessibility(visit: NamedDependency[Visit]) -> Response[str]:
    return show(visit, "public/accessibility.html")


@get("/{slug:str}/uden-mitid", access=PUBLIC)
async def without_mitid(visit: NamedDependency[Visit]) -> Response[str]:
    return show(visit, "public/without_mitid.html")


router = Router(
    "/",
    route_handlers=[
        municipalities,
        alive,
        ready,
        front,
        log_in_page,
        log_in,
        log_out,
        stay,
        help_page,
        privacy,
        accessibility,
        without_mitid,
    ],
)
