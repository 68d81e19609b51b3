"""The portal a round of fuzzing runs against: everybody logged in, real objects, and what is logged or raised kept."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import secrets
import sys
import traceback
import warnings
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import httpx
from sqlalchemy import select, update
from structlog.testing import capture_logs

import portal
from portal.app import create_app
from portal.store import limits, sessions
from portal.store.limits import Limit
from portal.store.tables import Conversation, Dialogue, Message, PlacementCase, Relation, Staff
from portal.web.access import Access
from tests import cast, page
from tests.conftest import Person, Portal, behind, test_settings
from tests.http import situation
from tests.http.situation import IDENTITIES, Cell

LEFT_OPEN = "left open:"
PORTAL = str(Path(portal.__file__).parent)
OUTSIDE = ("anonymous", "ended")  # nobody is logged in, so nobody needs to be again
NEXT_DOOR = {
    "dan": "amina",
    "neighbour": "tove",
}  # who they are there, as the access matrix knows people here
OWNERS: dict[str, tuple[Any, ...]] = {
    "talk": (Conversation, Conversation.citizen_id),
    "walk": (Dialogue, Dialogue.citizen_id),
    "message": (Message, Message.reader_id),
    "case": (PlacementCase, PlacementCase.company_id),
    "helper": (Relation, Relation.citizen_id, Relation.representative_id),
    "relation": (Relation, Relation.representative_id),
}
REAL = dict(limits.LIMITS)
WIDE = {name: Limit(10**9, one.within) for name, one in REAL.items()}
TIGHT = {name: Limit(1, timedelta(minutes=10)) for name in REAL}


@dataclass
class Known:
    """A form as a page shows it: where it was seen, and the buttons there."""

    seen_at: str
    form: page.HtmlForm
    buttons: list[tuple[str, str]]


@dataclass
class Visitor:
    """Somebody at a browser, with the forms they have been shown, by the route they are sent to."""

    name: str
    person: Person
    csrf: str = ""
    forms: dict[str, dict[str, Known]] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        return self.person.slug

    @property
    def session(self) -> str:
        return next((one.value or "" for one in self.person.browser.cookies.jar if one.name == "portal"), "")


class Spy:
    """Stands before the app: which route answered, and what was raised on the way."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.scope: Any = {}
        self.error: BaseException | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.error = scope, None
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            self.error = error
            raise

    async def raised(self, error: Exception, _scope: Any) -> None:
        self.error = error

    def where(self) -> str:
        """What broke, and the last line of the portal's own it broke in."""
        lines = traceback.extract_tb(self.error.__traceback__ if self.error else None)
        ours = [f"{Path(one.filename).name}:{one.lineno}" for one in lines if PORTAL in one.filename]
        return " ".join([type(self.error).__name__, *ours[-1:]])

    def trace(self) -> str:
        if self.error is None:
            return ""
        return "".join(traceback.format_exception(self.error))[-3000:]


class Ear(logging.Handler):
    """What Python's own logging says, tracebacks and all."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))

    def unraisable(self, what: Any) -> None:
        """What goes wrong where nobody can catch it: a file that was never closed, say."""
        self.said.append(f"{LEFT_OPEN} {what.exc_type.__name__}: {str(what.exc_value)[:120]}")


@dataclass
class World:
    portal: Portal
    spy: Spy
    objects: dict[str, str]
    cells: list[Cell]
    ear: Ear
    events: list[Any]
    stderr: io.StringIO
    people: dict[str, Visitor] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    _owners: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._routes = [
            (re.compile(re.sub(r"\{\w+\}", "([^/]+)", template) + "$"), template)
            for template in sorted({cell.template for cell in self.cells})
        ]

    def route(self, path: str) -> str:
        """The route an address belongs to; "" when none."""
        bare = path.split("?", 1)[0]
        plain = [template for pattern, template in self._routes if pattern.match(bare)]
        return min(plain, key=lambda template: template.count("{"), default="")

    def declared(self, template: str, method: str) -> Access | None:
        """What a route said about who may use it when the portal was opened."""
        return next(
            (one.access for one in self.cells if (one.template, one.method) == (template, method)), None
        )

    def logged(self) -> str:
        """Everything said in logs and on stderr since it was last asked."""
        said = "\n".join([*map(repr, self.events), *self.ear.said, self.stderr.getvalue()])
        self.events.clear()
        self.ear.said.clear()
        self.stderr.seek(0)
        self.stderr.truncate()
        return said

    async def enter(self, name: str) -> None:
        """Logs somebody in, again where need be. Who cannot be logged in any more stays away for the round."""
        try:
            with set_limits("wide"):
                self.people[name] = await self._arrive(name)
        except (AssertionError, LookupError, RuntimeError):
            self.people.pop(name, None)
            self.gone.append(name)

    async def _arrive(self, name: str) -> Visitor:
        earlier = self.people.get(name)
        if name == "agent":
            await self._mend_power()
        person = await situation.visitor(self.portal, name)
        if earlier is not None:
            await earlier.person.browser.aclose()
            self.portal.browsers.remove(earlier.person.browser)
        if name in NEXT_DOOR:
            person.slug = "aarhus"
        csrf = await situation.token(person, person.slug)
        assert csrf or name in OUTSIDE
        return Visitor(name, person, csrf, earlier.forms if earlier else {})

    def learn(self, visitor: Visitor, path: str, html: str) -> None:
        """Remembers the forms on a page somebody was shown."""
        buttons = re.findall(r'<button[^>]* name="(\w+)" value="([^"]*)"', html)
        for form in page.forms(html):
            route = self.route(form.action or path)
            if route and not route.endswith("log-ud"):
                visitor.forms.setdefault(route, {})[form.action or path] = Known(path, form, buttons)

    async def owners(self, slug: str, name: str, value: str) -> set[str]:
        """Whose an object is, asked of the database and not of the portal."""
        asked = (slug, name, value)
        if asked not in self._owners:
            table, *columns = OWNERS[name]
            code = {place: code for code, place in cast.SLUGS.items()}.get(slug, "")
            wanted = select(*columns).where(table.municipality == code, table.id == value)
            async with behind(self.portal.database) as connection:
                row = (await connection.execute(wanted)).first()
            self._owners[asked] = {one for one in row or () if one}
        return self._owners[asked]

    async def _mend_power(self) -> None:
        """The power of attorney holds again, whoever stopped it."""
        named = (Relation.municipality == cast.HOME) & (Relation.id == self.objects["relation"])
        async with behind(self.portal.database) as connection:
            await connection.execute(update(Relation).where(named).values(ended_at=None))

    async def mend_staff(self) -> None:
        """Everybody on the staff is again what the cast says, whatever the administrator made of them."""
        async with behind(self.portal.database) as connection:
            for name, (role, team) in cast.STAFF.items():
                named = (Staff.municipality == cast.HOME) & (Staff.id == cast.identity(name))
                await connection.execute(
                    update(Staff).where(named).values(role=role, team_id=team, active=True)
                )


@contextlib.contextmanager
def set_limits(kind: str) -> Iterator[None]:
    """The portal's own limits ("real"), none to speak of ("wide"), or one of each ("tight")."""
    chosen = {"real": REAL, "wide": WIDE, "tight": TIGHT}[kind]
    most = 10**9 if kind == "wide" else sessions.TOO_MANY
    with patch.object(limits, "LIMITS", chosen), patch.object(sessions, "TOO_MANY", most):
        yield


@contextlib.contextmanager
def seeded_ids(rng: Random) -> Iterator[None]:
    """The same seed makes the same ids, codes and tokens, so that a finding can be had again."""

    def some(count: int | None = None) -> bytes:
        return rng.randbytes(count or 32)

    with (
        patch.object(secrets, "token_bytes", some),
        patch.object(secrets, "token_hex", lambda count=None: some(count).hex()),
        patch.object(
            secrets, "token_urlsafe", lambda count=None: some(count).hex()[: (count or 32) * 4 // 3]
        ),
        patch.object(secrets, "choice", rng.choice),
    ):
        yield


@contextlib.asynccontextmanager
async def open_world(database: str, rng: Random) -> AsyncIterator[World]:
    """A portal before a fresh database, everything arranged, everybody logged in; all it says is heard."""
    holder: dict[str, Portal] = {}
    ear, stderr = Ear(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(seeded_ids(rng))
        stack.enter_context(contextlib.redirect_stderr(stderr))
        app = create_app(test_settings(database), clock=lambda: holder["portal"].now)
        events = stack.enter_context(capture_logs())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("error", ResourceWarning)
        stack.enter_context(patch.object(sys, "unraisablehook", ear.unraisable))
        logging.getLogger().addHandler(ear)
        stack.callback(logging.getLogger().removeHandler, ear)
        spy = Spy(app)
        app.after_exception.append(spy.raised)
        opened = holder["portal"] = SpiedPortal(app, app.state.wiring.store, database=database, spy=spy)
        try:
            objects = await situation.arrange(opened)
            world = World(opened, spy, objects, situation.cells(opened, objects), ear, events, stderr)
            for name in IDENTITIES:
                await world.enter(name)
            yield world
        finally:
            for browser in opened.browsers:
                await browser.aclose()
            await opened.store.close()


@dataclass
class SpiedPortal(Portal):
    spy: Any = None

    def browser(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.spy, raise_app_exceptions=False)
        opened = httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers={"sec-fetch-site": "same-origin"}
        )
        self.browsers.append(opened)
        return opened
