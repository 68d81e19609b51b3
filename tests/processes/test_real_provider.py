"""The login adapter against a certified OpenID provider: real discovery, real signatures, key rotation, logout."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
from sqlalchemy import text

from portal import settings as configuration
from portal.app import create_app
from tests.conftest import Portal, behind
from tests.http.test_login import BASE, HOMES
from tests.keys import FILE as KEYS
from tests.openid import scripted
from tests.openid.provider import Provider, running

SECRET = "a secret with + and % and spaces"
PEOPLE = {
    "ditte": scripted.PEOPLE["borger"],
    "berit": scripted.PEOPLE["virksomhed"],
    "sofie": scripted.PEOPLE["medarbejder"],
    "lars": {**scripted.PEOPLE["borger"], "sub": "lars", "acr": None, "mitid_loa": "LOW"},
}
WHO = {"borger": "ditte", "virksomhed": "berit", "medarbejder": "sofie"}


@contextmanager
def _mailbox() -> Iterator[tuple[str, list[str]]]:
    """A little server that keeps what the provider's back channel posts."""
    kept: list[str] = []

    class Keep(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            kept.append(parse_qs(body)["logout_token"][0])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keep)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ud", kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[str, list[str]]]:
    with _mailbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def provider(mailbox: tuple[str, list[str]]) -> Iterator[Provider]:
    clients = [
        {
            "client_id": f"portal-{door}",
            "client_secret": SECRET,
            "redirect_uris": [f"{BASE}/log-ind/svar"],
            "post_logout_redirect_uris": [f"{BASE}/silkeborg"],
            "backchannel_logout_uri": mailbox[0],
        }
        for door in WHO
    ]
    people = {
        name: {key: value for key, value in said.items() if value is not None}
        for name, said in PEOPLE.items()
    }
    with running(clients, people, {}) as opened:
        yield opened


@pytest.fixture
async def portal(database: str, tmp_path: Path, provider: Provider) -> AsyncIterator[Portal]:
    async with behind(database) as connection:
        await connection.execute(text("UPDATE municipality SET fictional = false"))
    content = scripted.FILE
    for door in WHO:
        content = content.replace(
            f'issuer = "https://login.test/{door}"\nclient_id = "portal"',
            f'issuer = "{provider.issuer}"\nclient_id = "portal-{door}"',
        )
    scripted.write_secret(tmp_path, SECRET)
    (tmp_path / "login.toml").write_text(content, encoding="utf-8")
    environ = {
        "PORTAL_MODE": "production",
        "PORTAL_BASE_URL": BASE,
        "PORTAL_DATABASE_URL": database,
        "PORTAL_KEYS_FILE": str(KEYS),
        "PORTAL_LEDGER_FILE": str(tmp_path / "erasures.jsonl"),
        "PORTAL_LOGIN_FILE": str(tmp_path / "login.toml"),
        "PORTAL_SENDER": "smtp",
        "PORTAL_SMTP_HOST": "mail.example",
        "PORTAL_TRUSTED_PROXY": "10.0.0.1",
    }
    app = create_app(configuration.read(environ))  # on the real clock, as the provider is
    opened = Portal(app, app.state.wiring.store, database=database)
    yield opened
    for browser in opened.browsers:
        await browser.aclose()
    await opened.store.close()


class Visitor:
    """A browser that knows both the portal (in this process) and the provider (over the network)."""

    def __init__(self, portal: Portal) -> None:
        self.here = portal.browser()
        self.here.base_url = httpx.URL(BASE)
        self.there = httpx.AsyncClient(trust_env=False)

    async def log_in(self, door: str, who: str) -> httpx.Response:
        begun = await self.here.get(f"/silkeborg/log-ind/{door}/videre")
        address = begun.headers["location"] + "&" + urlencode({"login_hint": who})
        for _ in range(10):
            answer = await self.there.get(address)
            address = str(answer.url.join(answer.headers["location"]))
            if address.startswith(BASE):
                return await self.here.get(address)
        raise AssertionError(f"the provider did not lead back: {address}")

    async def close(self) -> None:
        await self.there.aclose()


@pytest.mark.parametrize("door", WHO)
async def test_everybody_logs_in_also_after_the_provider_changed_its_keys(
    portal: Portal, provider: Provider, door: str
) -> None:
    for _ in range(2):
        visitor = Visitor(portal)
        answer = await visitor.log_in(door, WHO[door])
        assert answer.headers.get("location") == HOMES[door], answer.text
        assert (await visitor.here.get(HOMES[door])).status_code in (200, 303)
        await visitor.close()
        provider.rotate_keys()


async def test_a_low_assurance_is_refused(portal: Portal) -> None:
    visitor = Visitor(portal)
    answer = await visitor.log_in("borger", "lars")
    assert (answer.status_code, "ikke sikkert nok" in answer.text) == (403, True)
    await visitor.close()


async def test_a_code_is_good_once(portal: Portal) -> None:
    visitor, thief = Visitor(portal), Visitor(portal)
    answer = await visitor.log_in("borger", "ditte")
    assert answer.status_code == 303
    again = await thief.here.get(str(answer.request.url))
    assert again.status_code == 400
    for one in (visitor, thief):
        await one.close()


async def test_logging_out_at_the_provider_ends_the_session_here(
    portal: Portal, mailbox: tuple[str, list[str]]
) -> None:
    visitor = Visitor(portal)
    await visitor.log_in("borger", "ditte")
    assert (await visitor.here.get(HOMES["borger"])).status_code == 200
    mailbox[1].clear()
    there = (await visitor.here.get("/silkeborg/log-ud/borger")).headers["location"]
    asked = await visitor.there.get(there)
    form = dict(_hidden(asked.text))
    answer = await visitor.there.post(_action(asked.text), data={**form, "logout": "yes"})
    assert answer.headers["location"].startswith(f"{BASE}/silkeborg")
    assert len(mailbox[1]) == 1
    told = await visitor.here.post("/log-ind/ud", data={"logout_token": mailbox[1][0]})
    assert told.status_code == 200
    assert (await visitor.here.get(HOMES["borger"])).status_code == 303
    await visitor.close()


def _hidden(html: str) -> list[tuple[str, str]]:
    return re.findall(r'name="(\w+)" value="([^"]*)"', html)


def _action(html: str) -> str:
    return re.search(r'action="([^"]+)"', html).group(1)
