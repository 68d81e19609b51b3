"""The access matrix, generated from the routes: route × method × identity × relation, each cell as declared."""

from __future__ import annotations

import hashlib
import re

import pytest
from litestar import get
from sqlalchemy import text
from sqlmodel import SQLModel

from portal import app as wiring
from portal.app import create_app
from portal.web import access
from tests.conftest import Portal, behind, test_settings
from tests.http.situation import IDENTITIES, ROLES, Cell, arrange, cells, token, visitor

FINE = {200, 204, 303, 409, 422}
# Where nobody comes with nothing: a login's answer, a provider's word, the demo's choice of person.
MAY_CHANGE = {"loginsession", "attempt", "usedlogin", "ratewindow", "accessline", "accessalarm"}
NEED_MORE = {"/log-ind/svar": {400}, "/log-ind/ud": {400}, "/demo-login/{door}/vaelg": {404}}


def expected(cell: Cell, name: str) -> set[int] | str:
    """What the declaration says: fine, to the login page, 403 for the wrong door, 404 for what is not theirs."""
    if cell.access.roles is None:
        return NEED_MORE.get(cell.template, FINE)
    role = ROLES.get(name)
    if role is None:
        return "login"
    if role not in {each.value for each in cell.access.roles}:
        return {403}
    if cell.access.relation == "own" and name != cell.owner():
        return {404}
    return FINE


async def test_every_cell_is_as_declared(portal: Portal, engine: str) -> None:
    objects = await arrange(portal)
    tried = 0
    wrong = []
    for name in IDENTITIES:
        person = await visitor(portal, name)
        slug = "aarhus" if name == "dan" else "silkeborg"
        for cell in cells(portal, objects):
            if cell.method == "GET":
                answer = await person.browser.get(cell.path)
            else:
                data = {"csrf": await token(person, slug), "key": f"{name}{tried}"}
                answer = await person.browser.post(cell.path, data=data)
            tried += 1
            wanted = expected(cell, name)
            to_login = answer.status_code == 303 and "/log-ind/" in answer.headers["location"]
            if not (
                to_login
                if wanted == "login"
                else answer.status_code in wanted and not (to_login and wanted is FINE and cell.access.roles)
            ):
                wrong.append((name, cell.method, cell.template, answer.status_code, wanted))
            if cell.path.endswith(("log-ud", "brug")):
                person = await visitor(portal, name)
    assert wrong == []
    assert tried >= 600
    print(f"{tried} cells on {engine}")


async def test_dan_sees_nothing_of_next_door(portal: Portal) -> None:
    objects = await arrange(portal)
    dan = await visitor(portal, "dan")
    for cell in cells(portal, objects):
        answer = await dan.browser.get(cell.path)
        assert "Amina" not in answer.text or "/log-ind" in cell.path
        assert "Bos firma" not in answer.text or "/log-ind" in cell.path
        if cell.access.roles is not None and cell.access.relation == "own":
            at_home = await dan.browser.get(cell.path.replace("/silkeborg/", "/aarhus/"))
            assert at_home.status_code in (403, 404, 405)


async def test_unknown_and_not_yours_are_the_same_answer(portal: Portal) -> None:
    objects = await arrange(portal)
    birger = await portal.log_in("birger")
    theirs = await birger.browser.get(f"/silkeborg/borger/samtale/{objects['talk']}")
    nobodys = await birger.browser.get("/silkeborg/borger/samtale/" + "0" * 32)
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    strip = {objects["talk"]: "", "0" * 32: ""}
    bodies = [answer.text for answer in (theirs, nobodys)]
    for mark in strip:
        bodies = [body.replace(mark, "") for body in bodies]
    keys = [re.sub(r'name="key" value="\w+"', "", body) for body in bodies]
    assert keys[0] == keys[1]


async def test_no_get_changes_the_state_of_any_case(portal: Portal) -> None:
    objects = await arrange(portal)
    people = {name: await visitor(portal, name) for name in IDENTITIES}
    before = await _state(portal)
    for name, person in people.items():
        for cell in cells(portal, objects):
            if cell.method == "GET":
                await person.browser.get(cell.path, headers={"x-who": name})
    assert await _state(portal) == before


async def _state(portal: Portal) -> dict[str, str]:
    """A fingerprint of every table but sessions, counters and the access log."""
    seen = {}
    async with behind(portal.database) as connection:
        for table in SQLModel.metadata.sorted_tables:
            if table.name not in MAY_CHANGE:
                rows = (await connection.execute(text(f"SELECT * FROM {table.name} ORDER BY 1, 2"))).all()
                seen[table.name] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return seen


def test_the_app_refuses_to_start_with_a_route_that_declares_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    @get("/{slug:str}/hemmeligt")
    async def undeclared() -> str:
        return "for everybody"

    real = wiring.Litestar
    monkeypatch.setattr(
        wiring,
        "Litestar",
        lambda route_handlers, **rest: real(route_handlers=[*route_handlers, undeclared], **rest),
    )
    with pytest.raises(access.UndeclaredError, match="hemmeligt"):
        create_app(test_settings(f"sqlite+aiosqlite:///{tmp_path / 'none.db'}"))
