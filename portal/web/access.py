"""Who may use a route: declared on the route itself, enforced by one guard, refused at start when not declared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute

from portal.domain.errors import NotFoundError
from portal.domain.people import STAFF, Role
from portal.store import limits, sessions
from portal.store.tables import Municipality
from portal.text import LANGUAGES, language
from portal.web.visit import Place, Visit, Wiring, set_visit


@dataclass(frozen=True)
class Access:
    """`roles` may use the route (None: everybody). `relation` says what must hold between them and the object:
    "none" there is no object, "own" it is theirs, "here" it is their municipality's."""

    roles: frozenset[Role] | None
    relation: str = "none"
    place: bool = True
    agent: str = ""  # what a power of attorney must be for, for somebody who acts for the citizen; none will do if empty
    limit: str = ""  # a limit of `store.limits` every use counts towards, besides the one on writing
    machine: bool = False  # called by another server, which proves itself by what it sends


LONGEST_PART = 200  # of an address: longer than any of ours, shorter than any file system minds
_UNTYPED = frozenset({"csrf", "key", "version", "slot", "action"})
PUBLIC = Access(None)
NOWHERE = Access(None, place=False)  # belongs to no municipality: the list of them, health, assets
MACHINE = Access(None, place=False, machine=True)
CITIZEN = Access(frozenset({Role.CITIZEN}))
CITIZEN_OWN = Access(frozenset({Role.CITIZEN}), "own")
ACTING = Access(frozenset({Role.CITIZEN}), agent="acting")  # whoever acts for the citizen, whatever for
TALKS = Access(frozenset({Role.CITIZEN}), agent="conversations")
TALKS_OWN = Access(frozenset({Role.CITIZEN}), "own", agent="conversations")
MESSAGES_OWN = Access(frozenset({Role.CITIZEN}), "own", agent="messages")
EMPLOYER = Access(frozenset({Role.EMPLOYER}))
EMPLOYER_OWN = Access(frozenset({Role.EMPLOYER}), "own")
DESK = Access(frozenset({Role.CASEWORKER, Role.TEAM_LEAD}))
DESK_CASE = Access(frozenset({Role.CASEWORKER, Role.TEAM_LEAD}), "here")
DESK_READ = Access(frozenset({Role.CASEWORKER, Role.TEAM_LEAD, Role.AUDITOR}), "here")
DESK_SEARCH = Access(frozenset({Role.CASEWORKER, Role.TEAM_LEAD}), limit="search")
QUEUES = Access(frozenset({Role.CASEWORKER, Role.TEAM_LEAD, Role.AUDITOR}), "here", limit="search")
LEAD = Access(frozenset({Role.TEAM_LEAD}))
LEAD_CASE = Access(frozenset({Role.TEAM_LEAD}), "here")
OWN_DATA = Access(frozenset({Role.CITIZEN, Role.EMPLOYER}))
OWN_EXPORT = Access(frozenset({Role.CITIZEN, Role.EMPLOYER}), limit="export")
LOGIN = Access(None, limit="login")
STAFF_ANY = Access(STAFF)
BOARD = Access(frozenset({Role.TEAM_LEAD, Role.AUDITOR}))
ADMIN = Access(frozenset({Role.ADMINISTRATOR}))
ADMIN_CASE = Access(frozenset({Role.ADMINISTRATOR}), "here")
ANYONE_IN = Access(frozenset(Role) - {Role.SYSTEM}, agent="acting")


class LoginNeededError(Exception):
    """Nobody is logged in; `door` is where to, `back` the address asked for, `typed` what was being sent."""

    def __init__(self, door: str, back: str, typed: tuple[str, ...] = ()) -> None:
        super().__init__(door)
        self.door = door
        self.back = back
        self.typed = typed


class WrongDoorError(Exception):
    """Somebody is logged in, but as another kind of person than the page is for."""


class TooOftenError(Exception):
    """Somebody did something limited too often; `until` is when it may be done again."""

    def __init__(self, until: datetime, typed: tuple[str, ...] = ()) -> None:
        super().__init__(until)
        self.until = until
        self.typed = typed


class NotYoursToDoError(Exception):
    """Somebody acts for a citizen, where their power of attorney does not reach."""


class ForgedError(Exception):
    """A writing request that did not come from one of our own forms."""


class StrangeHostError(Exception):
    """The request is addressed to a host name that is not ours."""


class UndeclaredError(Exception):
    """A route without declared access: the portal does not start."""


def check_declared(app: Litestar) -> None:
    """Raises UndeclaredError naming every route that says nothing about who may use it."""
    missing = [
        f"{route.path} ({handler.handler_name})"
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.handler_name != "options_handler" and not isinstance(handler.opt.get("access"), Access)
    ]
    if missing:
        raise UndeclaredError("these routes do not say who may use them: " + ", ".join(sorted(missing)))


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Finds out who is visiting what, and lets them in or not."""
    access: Access | None = handler.opt.get("access")
    if access is None:  # Litestar's own answer to OPTIONS, which nobody needs
        raise MethodNotAllowedException
    wiring: Wiring = connection.app.state.wiring
    if not _is_ours(connection.headers.get("host", ""), wiring.hosts):
        raise StrangeHostError
    if any(len(part) > LONGEST_PART for part in connection.scope["path"].split("/")):
        raise NotFoundError("address")
    if not all(
        _is_text(value) for value in (*connection.path_params.values(), *connection.query_params.values())
    ):
        raise NotFoundError("address")
    place = await _place(wiring, connection) if access.place else None
    present = await _present(wiring, place, connection)
    visit = Visit(
        wiring=wiring,
        now=wiring.clock(),
        lang=_language(connection, present),
        place=place,
        actor=present.actor if present else None,
        csrf=present.csrf if present else "",
        session_id=present.session_id if present else "",
        ends_at=present.ends_at if present else None,
        address=address_of(connection, wiring.trusted_proxy),
        query={key: value for key, value in connection.query_params.items() if isinstance(value, str)},
        block=_block(connection),
    )
    language.set(visit.lang)
    set_visit(connection, visit)
    if access.roles is not None:
        if visit.actor is None:
            raise LoginNeededError(_door(access), _back(connection), await _typed(connection))
        if visit.actor.role not in access.roles:
            raise WrongDoorError
        if visit.actor.by_id and not (access.agent and access.agent in (*visit.actor.scope, "acting")):
            raise NotYoursToDoError
    if connection.scope.get("method") == "POST" and not access.machine:
        _from_here(connection, wiring)
    await _within_limits(connection, access, visit)


async def _within_limits(
    connection: ASGIConnection[Any, Any, Any, Any], access: Access, visit: Visit
) -> None:
    """Counts what is limited: by person where somebody is logged in, else by where the request comes from."""
    writes = connection.scope.get("method") == "POST" and visit.actor is not None
    named = [*(["write"] if writes else []), *([access.limit] if access.limit else [])]
    if visit.place is None or (named == ["search"] and not visit.query):
        return
    who = visit.actor.doer_id if visit.actor else visit.address
    for action in named:
        until = await limits.take(visit.store, visit.place.code, action, who, visit.now)
        if until is not None:
            raise TooOftenError(until, await _typed(connection))


def _is_ours(host: str, hosts: Sequence[str]) -> bool:
    """Whether a Host header names us, with no port or one that is a port."""
    name, _, port = host.partition(":")
    return name.lower() in hosts and (
        port == "" or (port.isascii() and port.isdecimal() and len(port) <= 5 and int(port) < 65_536)
    )


def is_plain_form(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether a body is what our forms send: no page of ours sends files, or anything but plain fields."""
    said = connection.headers.get("content-type", "")
    return said.partition(";")[0].strip().lower() in ("", "application/x-www-form-urlencoded")


def _is_text(value: object) -> bool:
    """Whether a part of an address can be asked of both engines: no NUL, no half characters."""
    said = str(value)
    return (
        "\x00" not in said
        and said.isprintable()
        and not any("\ud800" <= letter <= "\udfff" for letter in said)
    )


async def _place(wiring: Wiring, connection: ASGIConnection[Any, Any, Any, Any]) -> Place:
    slug = str(connection.path_params["slug"])
    row = await wiring.store.municipality_at(slug) if slug.isascii() and len(slug) < 40 else None
    if row is None:
        raise NotFoundError("municipality")
    return place_of(row)


def place_of(row: Municipality) -> Place:
    return Place(
        code=row.code,
        slug=row.slug,
        name=row.name,
        phone=row.phone,
        email=row.email,
        address=row.address,
        opening_hours=row.opening_hours,
        fictional=row.fictional,
    )


async def _present(
    wiring: Wiring, place: Place | None, connection: ASGIConnection[Any, Any, Any, Any]
) -> sessions.Present | None:
    token = connection.cookies.get(wiring.cookie)
    if place is None or not token:
        return None
    return await sessions.present(wiring.store, place.code, token, wiring.clock())


def _language(connection: ASGIConnection[Any, Any, Any, Any], present: sessions.Present | None) -> str:
    wishes = (connection.query_params.get("lang"), connection.cookies.get("lang"), present and present.lang)
    return next((wish for wish in wishes if wish in LANGUAGES), "da")


def _block(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The block htmx asks for, or None for a whole page (also when a page is boosted or restored from history)."""
    headers = connection.headers
    whole = headers.get("hx-boosted") == "true" or headers.get("hx-history-restore-request") == "true"
    return None if whole or headers.get("hx-request") != "true" else headers.get("hx-target")


def address_of(connection: ASGIConnection[Any, Any, Any, Any], trusted_proxy: str) -> str:
    """Where the request comes from; X-Forwarded-For is believed only of the trusted proxy."""
    client = connection.client.host if connection.client else ""
    if trusted_proxy and client == trusted_proxy:
        said = connection.headers.getall(
            "x-forwarded-for", [client]
        )  # a proxy may add a line of its own: the last counts
        return str(said[-1]).rsplit(",", 1)[-1].strip()
    return client


def _door(access: Access) -> str:
    roles = access.roles or frozenset()
    if roles == {Role.CITIZEN}:
        return "borger"
    return "virksomhed" if roles == {Role.EMPLOYER} else "medarbejder" if roles <= STAFF else "borger"


async def _typed(connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[str, ...]:
    """The words of a form that came too late, so that its writer can have them back."""
    if connection.scope.get("method") != "POST" or not isinstance(connection, Request):
        return ()
    if not is_plain_form(connection):
        return ()
    try:
        pairs = (await connection.form()).multi_items()
    except (HTTPException, ValueError, RecursionError):
        return ()
    return tuple(
        value
        for name, value in pairs
        if isinstance(value, str) and name not in _UNTYPED and " " in value.strip()
    )


def _back(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    return str(connection.scope["path"]) if connection.scope.get("method") == "GET" else ""


def _from_here(connection: ASGIConnection[Any, Any, Any, Any], wiring: Wiring) -> None:
    """A writing request must come from our own pages: by Sec-Fetch-Site and by Origin, whichever is there. The form's
    own token is checked when the form is read."""
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    if site not in (None, "same-origin"):
        raise ForgedError
    if origin is not None and origin.partition("://")[2] != connection.headers.get("host"):
        raise ForgedError
    if site is None and origin is None and visit_is_anonymous(connection):
        raise ForgedError


def visit_is_anonymous(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    visit: Visit = connection.scope["state"]["visit"]
    return visit.actor is None


def login_address(slug: str, error: LoginNeededError) -> str:
    query = "?" + urlencode({"tilbage": error.back}) if error.back else ""
    return f"/{slug}/log-ind/{error.door}{query}"


def safe_back(back: str, slug: str) -> str | None:
    """`back` if it is an address of this municipality on this site, else None: never a way out."""
    inside = back.startswith(f"/{slug}/") and "\\" not in back and "//" not in back
    return back if inside and back.isascii() and back.isprintable() and len(back) < 300 else None
