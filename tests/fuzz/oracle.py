"""What must hold of every answer, whatever was asked and by whom."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from portal.web.access import Access
from portal.web.security import CSP
from tests import cast
from tests.fuzz import values
from tests.fuzz.world import LEFT_OPEN, NEXT_DOOR, OWNERS, Spy, Visitor, World
from tests.http.situation import Cell
from tests.http.test_access import FINE, expected

GIVES_BACK = {401, 409, 422, 429}  # pages that give a person's own words back
OWN_HOSTS = {"localhost", "127.0.0.1", "demo-login.invalid"}
POINTERS = ("location", "hx-redirect", "hx-location", "hx-push-url", "hx-replace-url", "content-location")


def of_everything(answer: httpx.Response, asked: str, logged: str) -> list[str]:
    """What is wrong with an answer, whoever asked. `asked` is the request's address."""
    return [
        *([f"status {answer.status_code}"] if answer.status_code >= 500 else []),
        *_headers(answer, asked),
        *_pages(answer),
        *re.findall(f"{LEFT_OPEN}.*?(?= object|$)", logged, re.M),
        *(["a number in the log"] if values.carried(unquote(logged)) or values.carried(logged) else []),
    ]


def _headers(answer: httpx.Response, asked: str) -> list[str]:
    wrong = []
    if answer.headers.get("content-security-policy") != CSP:
        wrong.append("no CSP")
    for name, value in answer.headers.raw:
        if set(name + value) & set(b"\r\n\0"):
            wrong.append(f"a broken line in the header {name!r}")
        if name.lower() == b"set-cookie" and value.lower().startswith(b"fuzz="):
            wrong.append("a cookie of the fuzzer's")
    for name in POINTERS:
        for address in answer.headers.get_list(name):
            wrong += [f"{name}: {trouble}" for trouble in _address(address, asked)]
    return wrong


def _address(address: str, asked: str) -> list[str]:
    """An address the portal sends people to: on this site or the demo's provider, and no number in it of its own."""
    wrong = []
    try:
        parts = urlsplit(address)
        inside = parts.hostname in OWN_HOSTS if parts.netloc or parts.scheme else address.startswith("/")
        if not inside or "\\" in address or address.startswith("//"):
            wrong.append(f"leads away, to {address[:80]}")
    except ValueError:
        wrong.append(f"no address: {address[:80]}")
    if values.carried(unquote(address)) - values.carried(unquote(unquote(asked))):
        wrong.append("a number in an address")
    return wrong


def _pages(answer: httpx.Response) -> list[str]:
    if "html" not in answer.headers.get("content-type", ""):
        return []
    wrong, said = [], answer.text
    title = re.search(r"<title>(.*?)</title>", said, re.S)
    if title and values.carried(title.group(1)):
        wrong.append("a number in a title")
    if answer.status_code >= 400 and answer.status_code not in GIVES_BACK and values.carried(said):
        wrong.append("a number on an error page")
    if values.MARK in said:
        wrong.append("somebody's HTML in a page")
    if values.SUMMED in said:
        wrong.append("somebody's template carried out")
    return wrong


async def of_access(world: World, visitor: Visitor, answer: httpx.Response, spy: Spy) -> list[str]:
    """Nothing is given to, and nothing done for, who may not use the route or whose the object is not."""
    status = answer.status_code
    if spy.scope.get("method") == "OPTIONS" and status < 300:
        return ["something said to OPTIONS"] if answer.content else []
    carried_out = (status < 400 and not to_login(answer)) or status in (409, 422)
    path = str(spy.scope.get("path", ""))
    if not carried_out or path.startswith("/static/"):
        return []
    access = world.declared(str(spy.scope.get("path_template", "")), str(spy.scope.get("method", "")))
    if access is None:
        return [f"{status} where no route is"]
    why = await _not_theirs(world, visitor.name, access, spy.scope)
    return [f"{status} though {why}"] if why else []


def to_login(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and "/log-ind/" in answer.headers.get("location", "")


async def _not_theirs(world: World, name: str, access: Access, scope: Any) -> str:
    """Why somebody may not use what answered; "" when they may."""
    params = scope.get("path_params", {})
    slug = str(params.get("slug", ""))
    if access.place and slug not in cast.SLUGS.values():
        return "there is no such municipality"
    if access.roles is None:
        return ""
    template = scope.get("path_template", "")
    if not may_use(access, template, name, slug):
        return f"{name} may not use {template} in {slug}"
    owned = {key: str(value) for key, value in params.items() if key in OWNERS}
    if access.relation != "own" or not owned:
        return ""
    for key, value in owned.items():
        if not await world.owners(slug, key, value) & identities(name):
            return f"the {key} is not {name}'s"
    return ""


def may_use(access: Access, template: str, name: str, slug: str) -> bool:
    """By role alone, as the access matrix has it; next door those who live or work there."""
    if slug == "silkeborg":
        return _fine(access, template, name)
    return slug == "aarhus" and name in NEXT_DOOR and _fine(access, template, NEXT_DOOR[name])


def _fine(access: Access, template: str, name: str) -> bool:
    return expected(Cell("", "", replace(access, relation="none"), template), name) is FINE


def identities(name: str) -> set[str]:
    """The ids by which the database knows whose something is."""
    person = "amina" if name == "agent" else name
    return {cast.identity(person), cast.identity(f"{person}s-firma")}
