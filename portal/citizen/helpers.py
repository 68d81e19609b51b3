"""Those who help: a companion by one's side, or a power of attorney to act, each until a day and no longer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.domain.errors import NotFoundError, RefusedError
from portal.store import relations, sessions
from portal.text import gettext as _
from portal.web import cookies, forms
from portal.web.access import ACTING, CITIZEN, CITIZEN_OWN
from portal.web.forms import Form, empty
from portal.web.render import go, show
from portal.web.visit import Visit

USUAL = timedelta(days=183)


@dataclass(frozen=True)
class Named:
    form: Form
    kind: str
    name: str
    scope: tuple[str, ...]
    ends_on: date | None


async def _read_helper(request: Request[Any, Any, Any], visit: Visit) -> Named:
    form = await forms.read(request, visit, ("kind", "name", "ends_on", *relations.SCOPES))
    kind = form.choice("kind", relations.KINDS, _("Vælg, om personen følger dig eller handler for dig."))
    name = form.text("name", longest=120, needed=_("Skriv personens navn."))
    scope = tuple(one for one in relations.SCOPES if form.checked(one))
    if kind == relations.ATTORNEY and not scope:
        form.wrong("conversations", _("Sæt flueben ved det, fuldmagten gælder."))
    ends_on = form.day("ends_on", needed=_("Skriv den sidste dag."))
    if ends_on is not None and not visit.today <= ends_on <= visit.today + relations.LONGEST:
        form.wrong("ends_on", _("Vælg en dag fra i dag og to år frem."))
    return Named(form, kind, name, scope, ends_on)


@get("/{slug:str}/borger/hjaelpere", access=CITIZEN)
async def page(visit: NamedDependency[Visit]) -> Response[str]:
    until = (visit.today + USUAL).strftime("%d-%m-%Y")
    return await _page(visit, empty({"ends_on": until}), empty())


async def _page(visit: Visit, form: Form, code: Form, status: int = 200) -> Response[str]:
    async with visit.store.reading(visit.here.code) as reader:
        mine = await relations.of_citizen(reader, visit.me.id, visit.today)
        others = await relations.of_representative(reader, visit.me.id, visit.today)
    return show(
        visit,
        "citizen/helpers.html",
        status=status,
        form=form,
        code=code,
        mine=mine,
        others=others,
        notice=visit.query.get("besked", ""),
    )


@post("/{slug:str}/borger/hjaelpere", access=CITIZEN)
async def name_helper(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    named = await _read_helper(request, visit)
    if not named.form.ok or named.ends_on is None:
        return await _page(visit, named.form, empty(), 422)
    async with visit.store.writing(visit.me, visit.now) as unit:
        if await unit.once(named.form["key"]) is None:
            relations.record(unit, named.kind, named.name, named.scope, visit.today, named.ends_on)
            await unit.commit()
    return go(visit, "borger", "hjaelpere", besked="noteret")


@post("/{slug:str}/borger/hjaelpere/{helper:str}/stop", access=CITIZEN_OWN)
async def stop(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], helper: FromPath[str]
) -> Response[Any]:
    """At once, from either side."""
    await forms.read(request, visit, ())
    async with visit.store.writing(visit.me, visit.now) as unit:
        await relations.end(unit, helper)
        await unit.commit(unnoted=True)
    return go(visit, "borger", "hjaelpere", besked="stoppet")


@post("/{slug:str}/borger/fuldmagt", access=CITIZEN)
async def accept(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    """Somebody was given a code. Guessing is limited."""
    form = await forms.read(request, visit, ("code",))
    code = form.text("code", longest=40, needed=_("Skriv koden."))
    if form.ok and not await _take(visit, code, form["key"]):
        form.wrong("code", _("Vi kender ikke koden. Se efter, om den er skrevet rigtigt."))
    if not form.ok:
        return await _page(visit, empty(), form, 422)
    return go(visit, "borger", "hjaelpere", besked="modtaget")


async def _take(visit: Visit, code: str, key: str) -> bool:
    async with visit.store.writing(visit.me, visit.now) as unit:
        if await sessions.too_many(unit, "relation", visit.me.id, visit.now):
            return False
        if await unit.once(key) is not None:
            return True
        try:
            await relations.accept(unit, code, visit.today)
        except (NotFoundError, RefusedError):
            pass
        else:
            await unit.commit()
            return True
    async with visit.store.writing(visit.me, visit.now) as unit:
        sessions.failed(unit, "relation", visit.me.id)
        await unit.commit(unnoted=True)
    return False


@post("/{slug:str}/borger/fuldmagt/{relation:str}/brug", access=CITIZEN_OWN)
async def use(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], relation: FromPath[str]
) -> Response[Any]:
    """From now on in this browser: acting for another, in a session of its own."""
    await forms.read(request, visit, ())
    async with visit.store.writing(visit.me, visit.now) as unit:
        actor = await relations.actor_for(unit, relation, visit.me, visit.today)
        token = await sessions.switch(unit, visit.session_id, actor, visit.lang, relation)
        await unit.commit(unnoted=True)
    return _in_session(visit, token)


@post("/{slug:str}/borger/fuldmagt/slut", access=ACTING)
async def myself(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    """Oneself again, in a session of its own."""
    await forms.read(request, visit, ())
    if not visit.me.by_id:
        return go(visit, "borger")
    async with visit.store.writing(visit.me, visit.now) as unit:
        actor = await relations.own_self(unit, visit.me)
        token = await sessions.switch(unit, visit.session_id, actor, visit.lang)
        await unit.commit(unnoted=True)
    return _in_session(visit, token)


def _in_session(visit: Visit, token: str | None) -> Response[Any]:
    """On in the new session; to the front page when the old one ended while the button was pressed."""
    if token is None:
        return go(visit)
    answer = go(visit, "borger")
    cookies.keep(answer, visit, visit.wiring.cookie, token)
    return answer


handlers = [page, name_helper, stop, accept, use, myself]
