"""Logging in and out: through a login provider, and for good. What may go wrong is said in words that help."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.domain.errors import NotFoundError, RefusedError
from portal.domain.identity import Identity
from portal.domain.people import STAFF, Actor, Role, system
from portal.public import forms
from portal.store import identities, sessions
from portal.store.database import AlreadyThereError
from portal.store.sessions import Vouched
from portal.store.tables import Municipality
from portal.web import cookies
from portal.web.access import ANYONE_IN, LOGIN, MACHINE, NOWHERE, PUBLIC, place_of, safe_back
from portal.web.claims import DOORS, RefusedLoginError, identity
from portal.web.openid import MINUTES, Journey, LoginFailedError, OpenId
from portal.web.render import go, go_to, show
from portal.web.visit import Visit

HOMES = {Role.CITIZEN: "borger", Role.EMPLOYER: "virksomhed"}
log = structlog.get_logger("portal.login")


def _adapter(visit: Visit, door: str) -> OpenId:
    """The login that serves this door here; NotFoundError when none does."""
    for adapter in visit.wiring.logins:
        if adapter.provider.serves(door, visit.here.code):
            return adapter
    raise NotFoundError("door")


@get("/{slug:str}/log-ind/{door:str}", access=PUBLIC)
async def log_in_page(visit: NamedDependency[Visit], door: FromPath[str]) -> Response[str]:
    """What the login is, and the link that begins it."""
    if door not in DOORS:
        raise NotFoundError("door")
    adapter = _adapter(visit, door)
    back = safe_back(visit.query.get("tilbage", ""), visit.here.slug) or ""
    return show(visit, "public/log_in.html", door=door, provider=adapter.provider.name, back=back)


@get("/{slug:str}/log-ind/{door:str}/videre", access=LOGIN)
async def begin(
    request: Request[Any, Any, Any], visit: NamedDependency[Visit], door: FromPath[str]
) -> Response[Any]:
    """On to the provider. A link and not a form: the browser lets no form lead to another site. Another site cannot
    begin a login for somebody: it only gets as far as our own page."""
    if door not in DOORS:
        raise NotFoundError("door")
    if request.headers.get("sec-fetch-site") == "cross-site":
        return go(visit, "log-ind", door)
    back = safe_back(visit.query.get("tilbage", ""), visit.here.slug) or ""
    try:
        journey, address = await _adapter(visit, door).begin(visit.here.slug, back, visit.lang, visit.now)
    except LoginFailedError as error:
        log.warning("login cannot begin", code=error.code, detail=error.detail, municipality=visit.here.code)
        return _failed(visit, error)
    answer = go_to(address)
    sealed = visit.wiring.journeys.close(journey)
    cookies.keep(answer, visit, visit.wiring.login_cookie, sealed, int(MINUTES.total_seconds()))
    return answer


@get("/log-ind/svar", access=NOWHERE)
async def come_back(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    """The provider's answer: a new session for whoever it vouches for; an earlier one in this browser ends."""
    try:
        answer = await _come_back(request, visit)
    except LoginFailedError as error:
        log.warning("login failed", code=error.code, detail=error.detail, address=visit.address)
        answer = _failed(visit, error)
    cookies.drop(answer, visit, visit.wiring.login_cookie)
    return answer


async def _come_back(request: Request[Any, Any, Any], visit: Visit) -> Response[Any]:
    journey = visit.wiring.journeys.open(request.cookies.get(visit.wiring.login_cookie), visit.now)
    row = await visit.store.municipality_at(journey.slug)
    adapter = next(
        (
            one
            for one in visit.wiring.logins
            if row is not None
            and one.provider.serves(journey.door, row.code)
            and (one.provider.issuer, one.provider.client_id) == (journey.issuer, journey.client_id)
        ),
        None,
    )
    if row is None or adapter is None:
        raise LoginFailedError("expired", "no such login any more")
    visit = visit.at(place_of(row))
    await _burn(visit, row, journey)
    try:
        claims = await adapter.finish(journey, visit.query, visit.now)
        who = identity(adapter.provider, claims)
        vouched = Vouched(who.issuer, str(claims["sub"]), str(claims.get("sid", ""))[:200])
        actor, token = await _let_in(request, visit, who, vouched)
    except (LoginFailedError, RefusedLoginError, RefusedError) as error:
        if error.code != "cancelled":
            await _count_failure(visit, row)
        if isinstance(error, LoginFailedError):
            raise
        code = error.code.removeprefix("login.")
        log.warning(
            "login refused", code=code, door=journey.door, municipality=row.code, address=visit.address
        )
        return show(visit, "public/login_refused.html", status=403, code=code, door=journey.door)
    answer = go_to(journey.back) if journey.back else go(visit, HOMES.get(actor.role, "medarbejder"))
    cookies.keep(answer, visit, visit.wiring.cookie, token)
    log.info("logged in", door=journey.door, municipality=row.code, person=actor.id, address=visit.address)
    return answer


async def _burn(visit: Visit, row: Municipality, journey: Journey) -> None:
    """The state is good once, whatever comes of it; and nobody tries without end."""
    async with visit.store.writing(system(row.code), visit.now) as unit:
        if await sessions.too_many(unit, "login", visit.address, visit.now):
            raise LoginFailedError("too_many")
        if not await sessions.use_once(unit, journey.state):
            raise LoginFailedError("expired", "state used before")
        await unit.commit(unnoted=True)


async def _count_failure(visit: Visit, row: Municipality) -> None:
    async with visit.store.writing(system(row.code), visit.now) as unit:
        sessions.failed(unit, "login", visit.address)
        await unit.commit(unnoted=True)


async def _let_in(
    request: Request[Any, Any, Any], visit: Visit, who: Identity, vouched: Vouched
) -> tuple[Actor, str]:
    """The person and the new session's token; an earlier session of this browser ends, wherever it was. Two first logins at
    once: the second finds what the first made."""
    earlier = request.cookies.get(visit.wiring.cookie)
    if earlier:
        await _end_elsewhere(visit, sessions.hashed(earlier))
    for attempt in (1, 2):
        async with visit.store.writing(system(visit.here.code), visit.now) as unit:
            try:
                actor = await identities.recognise(unit, who)
                if earlier:
                    await sessions.log_out(unit, sessions.hashed(earlier))
                token = sessions.log_in(unit, actor, visit.lang, vouched)
                await unit.commit(unnoted=True)
                return actor, token
            except AlreadyThereError:
                if attempt == 2:
                    raise
    raise AssertionError("unreachable")


async def _end_elsewhere(visit: Visit, session_id: str) -> None:
    """A session belongs to one municipality, and a browser has one session: the one in another municipality ends."""
    for row in await visit.store.municipalities():
        async with visit.store.reading(row.code) as reader:
            known = row.code != visit.here.code and await sessions.is_known(reader, session_id)
        if known:
            async with visit.store.writing(system(row.code), visit.now) as unit:
                await sessions.log_out(unit, session_id)
                await unit.commit(unnoted=True)


def _failed(visit: Visit, error: LoginFailedError) -> Response[str]:
    status = {"unreachable": 502, "too_many": 429}.get(error.code, 400)
    return show(visit, "public/login_failed.html", status=status, code=error.code)


# ------------------------------------------------------------------ out again


@post("/{slug:str}/log-ud", access=ANYONE_IN)
async def log_out(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[Any]:
    """The session ends here; the page that follows leads on to the provider's own logout."""
    await forms.read_nothing(request, visit)
    async with visit.store.writing(visit.me, visit.now) as unit:
        await sessions.log_out(unit, visit.session_id)
        await unit.commit(unnoted=True)
    door = "medarbejder" if visit.me.role in STAFF else HOMES[visit.me.role]
    answer = go(visit, besked="log-ud", fra=door)
    cookies.drop(answer, visit, visit.wiring.cookie)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@get("/{slug:str}/log-ud/{door:str}", access=PUBLIC)
async def log_out_there(visit: NamedDependency[Visit], door: FromPath[str]) -> Response[Any]:
    """On to the provider, to end the session there too; it leads back to the front page."""
    if door not in DOORS:
        raise NotFoundError("door")
    try:
        address = await _adapter(visit, door).end_session(visit.wiring.base_url + visit.path())
    except LoginFailedError as error:
        return _failed(visit, error)
    return go_to(address) if address else go(visit, besked="log-ud")


@post("/log-ind/ud", access=MACHINE)
async def logged_out_there(request: Request[Any, Any, Any], visit: NamedDependency[Visit]) -> Response[str]:
    """The provider says that somebody's session ended there: it ends here too, wherever it was."""
    form = await forms.read_logout(request, visit)
    for adapter in visit.wiring.logins:
        try:
            claims = await adapter.logged_out(form["logout_token"], visit.now)
        except LoginFailedError:
            continue
        vouched = Vouched(
            adapter.provider.issuer, str(claims.get("sub", "")), str(claims.get("sid", ""))[:200]
        )
        for row in await visit.store.municipalities():
            async with visit.store.writing(system(row.code), visit.now) as unit:
                if await sessions.use_once(unit, f"logout {vouched.issuer} {claims['jti']}"):
                    await sessions.end_vouched(unit, vouched)
                    await unit.commit(unnoted=True)
        return Response("", status_code=200)
    log.warning("logout token refused", address=visit.address)
    return Response("", status_code=400)


@get("/{slug:str}/bliv", access=ANYONE_IN)
async def stay() -> Response[str]:
    """Keeps a session alive when the person says so; the guard has already touched it."""
    return Response("", status_code=204)


handlers = [log_in_page, begin, come_back, log_out, log_out_there, logged_out_there, stay]
