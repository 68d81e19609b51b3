"""A visit: one request by somebody, in one municipality, at one instant. Handed to every page and action."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection

from portal.domain.calendar import local_date
from portal.domain.people import Actor
from portal.store.database import Store
from portal.triage.rulebook import Rulebook
from portal.web.openid import JourneyBox, OpenId


@dataclass(frozen=True)
class Place:
    """The municipality a visit is in: plain facts, for pages and rules."""

    code: str
    slug: str
    name: str
    phone: str
    email: str
    address: str
    opening_hours: Mapping[str, Any]
    fictional: bool


@dataclass(frozen=True)
class Wiring:
    """What the app was started with. `pages` renders a template's block or whole."""

    store: Store
    clock: Callable[[], datetime]
    pages: Any
    static: str
    cookie: str
    https: bool
    base_url: str
    hosts: Sequence[str]
    trusted_proxy: str
    logins: Sequence[OpenId]
    journeys: JourneyBox

    @property
    def login_cookie(self) -> str:
        """The cookie a login on its way is kept in."""
        return f"{self.cookie}-login"


@dataclass(frozen=True)
class Visit:
    wiring: Wiring
    now: datetime
    lang: str
    place: Place | None
    actor: Actor | None
    csrf: str
    session_id: str
    ends_at: datetime | None
    address: str
    query: Mapping[str, str]
    block: str | None

    @property
    def store(self) -> Store:
        return self.wiring.store

    @property
    def today(self) -> date:
        return local_date(self.now)

    @property
    def book(self) -> Rulebook:
        """The rulebook in force in this municipality today."""
        return self.store.shelf_of(self.here.code).in_force(self.here.code, self.today)

    def pinned(self, stamp: Mapping[str, str], day: date) -> Rulebook:
        """The very rulebook something here began with on `day`."""
        return self.store.shelf_of(self.here.code).pinned(stamp, self.here.code, day)

    @property
    def here(self) -> Place:
        """The municipality; every page but the list of municipalities has one."""
        if self.place is None:
            raise LookupError("this page belongs to no municipality")
        return self.place

    @property
    def me(self) -> Actor:
        """Who is logged in; a page that asks for it has declared that somebody is."""
        if self.actor is None:
            raise LookupError("nobody is logged in")
        return self.actor

    def at(self, place: Place) -> Visit:
        """The same visit, in a municipality that was found out later."""
        return replace(self, place=place)

    def path(self, *parts: str) -> str:
        """An address in this municipality."""
        return "/".join(["", self.here.slug, *parts])


def set_visit(connection: ASGIConnection[Any, Any, Any, Any], visit: Visit) -> None:
    connection.scope["state"]["visit"] = visit


def visit_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Visit | None:
    found = connection.scope["state"].get("visit")
    return found if isinstance(found, Visit) else None


async def provide_visit(request: Request[Any, Any, Any]) -> Visit:
    found = visit_of(request)
    if found is None:
        raise LookupError("the guard has not run")
    return found
