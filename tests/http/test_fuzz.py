"""Bytes and forms over all routes and identities, by fixed seeds; and faults put in, which must be found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from portal import app as wiring
from portal.store import times
from portal.store.database import Reader
from portal.store.times import Booked
from portal.web import forms, security
from portal.web.access import WrongDoorError, guard
from portal.web.forms import Form, MalformedError
from portal.web.visit import Visit
from tests import cast
from tests.conftest import ENGINES
from tests.fuzz import oracle, values
from tests.fuzz.fuzzer import Figures, copies, fuzz

pytestmark = pytest.mark.long

SEEDS = (1, 2)
EACH = 1250
SEED_OF_FAULTS = 4
AT_MOST = 3000  # requests a fault that was put in may hide for


@pytest.fixture
async def run(templates: dict[str, str], tmp_path: Path) -> Any:
    async def go(engine: str, seed: int, requests: int, until: str = "") -> Figures:
        return await fuzz(copies(engine, templates[engine], tmp_path), seed, requests, until=until)

    return go


@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_sent_in_breaks_tells_or_opens_anything(run: Any, engine: str, seed: int) -> None:
    """No 5xx, no number in logs, errors or addresses, nothing for who may not; and it was no empty run."""
    assert len(SEEDS) * len(ENGINES) * EACH >= 5_000
    figures = await run(engine, seed, EACH)
    assert not figures.found, figures.report()
    assert figures.requests == EACH
    assert not figures.gone
    for status, least in {200: 250, 303: 200, 422: 50, 409: 15, 403: 50, 404: 50, 400: 40, 429: 5}.items():
        assert figures.statuses[status] >= least, figures.report()


async def test_a_seed_asks_the_same_again(run: Any) -> None:
    """What is found can be had again."""
    one, again = await run("sqlite", 5, 120), await run("sqlite", 5, 120)
    assert (one.statuses, one.kinds, one.asked) == (again.statuses, again.kinds, again.asked)


# ------------------------------------------------------------------ faults put in


class PutInError(Exception):
    """A mistake of ours, put in."""


def _everybody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async def open_door(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        try:
            await guard(connection, handler)
        except WrongDoorError:
            return

    monkeypatch.setattr(wiring, "guard", open_door)


def _anybodys_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    async def whoever(reader: Reader, talk: str, _citizen: str) -> Booked:
        return await real(reader, talk, cast.identity("amina"))

    real = times.own
    monkeypatch.setattr(times, "own", whoever)


def _breaks_on_long_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def text(form: Form, name: str, **rest: Any) -> str:
        if len(form[name]) > 80:
            raise PutInError(name)
        return real(form, name, **rest)

    real = Form.text
    monkeypatch.setattr(Form, "text", text)


def _logs_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(form: Form, name: str, message: str) -> None:
        structlog.get_logger("portal.web").warning("wrong", field=name, value=form[name])
        real(form, name, message)

    real = Form.wrong
    monkeypatch.setattr(Form, "wrong", wrong)


def _logs_what_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(request: Request[Any, Any, Any], visit: Visit, fields: Any) -> Form:
        try:
            return await real(request, visit, fields)
        except MalformedError:
            said = (await request.body()).decode(errors="replace")
            structlog.get_logger("portal.web").warning("malformed", body=said)
            raise

    real = forms.read
    monkeypatch.setattr(forms, "read", read)


def _no_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(security.HEADERS, "Content-Security-Policy")


FAULTS = {
    _everybody_in: "may not use",
    _anybodys_conversation: "is not",
    _breaks_on_long_words: "status 500 | PutInError",
    _logs_mistakes: "a number in the log",
    _logs_what_it_refuses: "a number in the log",
    _no_policy: "no CSP",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__.strip("_"))
async def test_the_control_a_fault_put_in_is_found(
    run: Any, monkeypatch: pytest.MonkeyPatch, fault: Any
) -> None:
    fault(monkeypatch)
    figures = await run("sqlite", SEED_OF_FAULTS, AT_MOST, until=FAULTS[fault])
    assert figures.has(FAULTS[fault]), figures.report()


NUMBER = values.NUMBERS[0]
HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("status", "headers", "text", "wanted"),
    [
        (200, HTML, f'<title>x</title><input value="{NUMBER}">', ""),
        (422, HTML, f'<title>x</title><input value="{NUMBER}">', ""),
        (404, HTML, f"<title>x</title><p>{NUMBER}</p>", "a number on an error page"),
        (200, HTML, f"<title>{NUMBER}</title>", "a number in a title"),
        (200, HTML, values.MARK, "somebody's HTML in a page"),
        (200, HTML, f"1 {values.SUMMED}", "somebody's template carried out"),
        (303, {"location": "/silkeborg/borger?x=1"}, "", ""),
        (303, {"location": "http://localhost:8000/log-ind/svar?code=1"}, "", ""),
        (303, {"location": "//evil.example"}, "", "location: leads away"),
        (303, {"location": "https://evil.example/"}, "", "location: leads away"),
        (303, {"location": "/\\evil.example"}, "", "location: leads away"),
        (303, {"location": "javascript:alert(1)"}, "", "location: leads away"),
        (303, {"location": f"/silkeborg?soeg={NUMBER[:6]}%2D{NUMBER[6:]}"}, "", "location: a number"),
        (401, {"hx-redirect": "https://evil.example/"}, "", "hx-redirect: leads away"),
        (200, {"x-said": "a\r\nset-cookie: fuzz=1"}, "", "a broken line in the header"),
        (200, {"set-cookie": "fuzz=1"}, "", "a cookie of the fuzzer's"),
        (503, {}, "", "status 503"),
    ],
)  # fmt: skip
def test_the_control_an_answer_that_tells_is_found(
    status: int, headers: dict[str, str], text: str, wanted: str
) -> None:
    answer = httpx.Response(status, headers={"content-security-policy": security.CSP, **headers}, text=text)
    answer.headers.update(headers)
    found = oracle.of_everything(answer, "http://localhost/silkeborg", "")
    assert len(found) == (1 if wanted else 0), found
    assert not wanted or found[0].startswith(wanted)


@pytest.mark.parametrize("number", values.NUMBERS)
def test_the_control_a_number_in_a_log_is_found(number: str) -> None:
    answer = httpx.Response(200, headers={"content-security-policy": security.CSP})
    assert oracle.of_everything(answer, "http://localhost/", f"[parameters: ('{number}',)]")
