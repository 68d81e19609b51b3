"""Pages without a room: front page and help."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get
from litestar.di import NamedDependency

from portal.public import login, own_data, rules
from portal.triage.guarantee import days_for_everybody
from portal.web.access import NOWHERE, PUBLIC
from portal.web.claims import DOORS
from portal.web.render import go_to, show
from portal.web.visit import Visit


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
    return show(
        visit,
        "public/front.html",
        home=_home(visit),
        promised_days=days_for_everybody(visit.book),
        left=None if visit.here.fictional or visit.query.get("fra") not in DOORS else visit.query["fra"],
    )


def _home(visit: Visit) -> str | None:
    return visit.path(login.HOMES.get(visit.actor.role, "medarbejder")) if visit.actor else None


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
        help_page,
        privacy,
        accessibility,
        without_mitid,
        rules.page,
        *login.handlers,
        *own_data.handlers,
    ],
)
