"""Answers that are safe to give: headers on everything, and a calm page for every error, in the person's language."""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from litestar import Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import HTTPException
from litestar.types import Message, Scope

from portal.domain.errors import ConflictError, DomainError, InvalidError, NotFoundError, RefusedError
from portal.store.database import AlreadyThereError
from portal.text import LANGUAGES, language
from portal.web.access import (
    ForgedError,
    LoginNeededError,
    NotYoursToDoError,
    StrangeHostError,
    TooOftenError,
    WrongDoorError,
    login_address,
)
from portal.web.forms import MalformedError
from portal.web.render import show
from portal.web.visit import Visit, Wiring, visit_of

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
log = structlog.get_logger("portal.web")


async def secure(message: Message, scope: Scope) -> None:
    """Runs before every answer leaves: pages, errors and static files alike."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in HEADERS.items():
        headers[name] = value
    wiring: Wiring = scope["litestar_app"].state.wiring
    if wiring.https:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if str(scope["path"]).startswith("/static/") and message["status"] == 200:
        return
    headers["Cache-Control"] = "no-store"
    headers["Vary"] = "HX-Request, Cookie"
    visit = scope["state"].get("visit")
    if (
        isinstance(visit, Visit) and visit.query.get("lang") in LANGUAGES
    ):  # a language chosen by a click stays chosen
        attributes = "; Secure" if wiring.https else ""
        headers.add(
            "Set-Cookie", f"lang={visit.lang}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{attributes}"
        )


Page = Response[Any]


def _visit(request: Request[Any, Any, Any]) -> Visit:
    """The visit, or a bare one when it went wrong before anybody knew who came where."""
    found = visit_of(request)
    if found is not None:
        return found
    wiring: Wiring = request.app.state.wiring
    wish = request.query_params.get("lang") or request.cookies.get("lang")
    lang = wish if wish in LANGUAGES else "da"
    language.set(lang)
    return Visit(wiring, wiring.clock(), lang, None, None, "", "", None, "", {}, None)


def _note(request: Request[Any, Any, Any], error: Exception) -> Visit:
    """Something was refused: one line of who, where from and where to; never what was sent."""
    visit = _visit(request)
    log.warning(
        "refused",
        kind=type(error).__name__.removesuffix("Error"),
        municipality=visit.place.code if visit.place else None,
        route=request.scope.get("path_template"),
        person=visit.actor.doer_id if visit.actor else None,
        address=visit.address,
    )
    return visit


def not_found(request: Request[Any, Any, Any], _error: Exception) -> Page:
    return show(_visit(request), "errors/not_found.html", status=404)


def login_needed(request: Request[Any, Any, Any], error: LoginNeededError) -> Page:
    visit = _visit(request)
    address = login_address(visit.here.slug, error)
    if request.headers.get("hx-request") == "true":
        return Response("", status_code=401, headers={"HX-Redirect": address})
    if error.typed:
        return show(visit, "errors/logged_out.html", status=401, typed=error.typed, address=address)
    return Response("", status_code=303, headers={"Location": address})


def wrong_door(request: Request[Any, Any, Any], error: WrongDoorError) -> Page:
    return show(_note(request, error), "errors/wrong_door.html", status=403)


def too_often(request: Request[Any, Any, Any], error: TooOftenError) -> Page:
    """Calm, with when to try again and whatever was typed."""
    visit = _note(request, error)
    answer = show(visit, "errors/too_often.html", status=429, until=error.until, typed=error.typed)
    answer.headers["Retry-After"] = str(max(1, int((error.until - visit.now).total_seconds())))
    return answer


def not_yours_to_do(request: Request[Any, Any, Any], error: NotYoursToDoError) -> Page:
    return show(_note(request, error), "errors/not_yours_to_do.html", status=403)


def forged(request: Request[Any, Any, Any], error: ForgedError) -> Page:
    return show(_note(request, error), "errors/forged.html", status=403)


def malformed(request: Request[Any, Any, Any], error: Exception) -> Page:
    return show(_note(request, error), "errors/malformed.html", status=400)


def domain(request: Request[Any, Any, Any], error: DomainError) -> Page:
    """What the domain refused, in words. Missing and not-yours are the same answer."""
    if isinstance(error, NotFoundError):
        return not_found(request, error)
    status = 422 if isinstance(error, InvalidError) else 409
    kind = "conflict" if isinstance(error, ConflictError) else "refused"
    if not isinstance(error, ConflictError | RefusedError | InvalidError):
        return unexpected(request, error)
    return show(_visit(request), f"errors/{kind}.html", status=status, code=error.code, facts=error.facts)


def overtaken(request: Request[Any, Any, Any], _error: AlreadyThereError) -> Page:
    """Two did the same in the same instant, and the database let one of them."""
    return show(_visit(request), "errors/conflict.html", status=409, code="stale", facts={})


def http(request: Request[Any, Any, Any], error: HTTPException) -> Page:
    """Litestar's own refusals: no such page, wrong method, too large."""
    if error.status_code in (404, 405):
        return show(_visit(request), "errors/not_found.html", status=error.status_code)
    if error.status_code >= 500:
        return unexpected(request, error)
    return show(_visit(request), "errors/malformed.html", status=error.status_code)


def unexpected(request: Request[Any, Any, Any], error: Exception) -> Page:
    """A mistake of ours: a reference to quote, and the same reference in the log, without any values."""
    reference = secrets.token_hex(4).upper()
    where = error.__traceback__
    frames = []
    while where is not None:
        frames.append(f"{where.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{where.tb_lineno}")
        where = where.tb_next
    log.error(
        "unexpected",
        reference=reference,
        kind=type(error).__name__,
        at=frames[-4:],
        route=request.scope.get("path_template"),
    )
    return show(_visit(request), "errors/unexpected.html", status=500, reference=reference)


HANDLERS: dict[Any, Any] = {
    LoginNeededError: login_needed,
    WrongDoorError: wrong_door,
    TooOftenError: too_often,
    NotYoursToDoError: not_yours_to_do,
    ForgedError: forged,
    MalformedError: malformed,
    StrangeHostError: malformed,
    DomainError: domain,
    AlreadyThereError: overtaken,
    HTTPException: http,
    Exception: unexpected,
}
