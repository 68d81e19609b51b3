"""Sessions, forms and answers: nothing adopted, nothing forged, nothing let out."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import structlog
from litestar.datastructures import Headers
from sqlalchemy import func, select

from portal import settings as configuration
from portal.citizen import actions
from portal.store.tables import LoginSession
from portal.web.access import address_of
from tests import cast, page
from tests.conftest import Person, Portal
from tests.http.situation import token

BEGIN = "/silkeborg/log-ind/borger/videre"


async def _sessions(portal: Portal) -> int:
    async with portal.store.reading(cast.HOME) as reader:
        return (await reader.one(select(func.count()).select_from(LoginSession)))[0]


async def test_an_id_the_browser_brings_is_never_adopted(portal: Portal) -> None:
    browser = portal.browser()
    browser.cookies.set("portal", "attackerchosen", domain="localhost.local")
    await browser.get("/silkeborg")
    assert await _sessions(portal) == 0
    await Person(browser, "silkeborg").choose("amina", BEGIN)
    attacker = portal.browser()
    attacker.cookies.set("portal", "attackerchosen")
    assert (await attacker.get("/silkeborg/borger")).status_code == 303


async def test_a_new_login_gets_a_new_id_and_ends_the_old_one(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    old = amina.browser.cookies["portal"]
    await amina.choose("amina", BEGIN)
    assert amina.browser.cookies["portal"] != old
    thief = portal.browser()
    thief.cookies.set("portal", old)
    assert (await thief.get("/silkeborg/borger")).status_code == 303


async def test_logging_out_ends_the_session_for_good(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    kept = amina.browser.cookies["portal"]
    answer = await amina.fill("/borger", "/log-ud")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    thief = portal.browser()
    thief.cookies.set("portal", kept)
    assert (await thief.get("/silkeborg/borger")).status_code == 303


@pytest.mark.parametrize(("name", "hours"), [("amina", 12), ("clara", 8)])
async def test_a_session_ends_when_idle_and_at_the_longest(portal: Portal, name: str, hours: int) -> None:
    idle = await portal.log_in(name)
    home = "/borger" if name == "amina" else "/medarbejder/telefon"
    portal.later(minutes=31)
    assert (await idle.browser.get(f"/silkeborg{home}")).status_code == 303
    busy = await portal.log_in(name)
    for _ in range(hours * 3 - 1):
        portal.later(minutes=20)
        assert (await busy.browser.get(f"/silkeborg{home}")).status_code == 200
    portal.later(minutes=21)
    assert (await busy.browser.get(f"/silkeborg{home}")).status_code == 303


async def test_the_cookie_is_kept_from_scripts_and_other_sites(portal: Portal) -> None:
    answer = await Person(portal.browser(), "silkeborg").choose("amina", BEGIN)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert (
        configuration.read({"PORTAL_MODE": "demo", "PORTAL_BASE_URL": "https://job.example"}).cookie
        == "__Host-portal"
    )


async def test_a_form_needs_the_sessions_own_token(portal: Portal) -> None:
    amina, birger = await portal.log_in("amina"), await portal.log_in("birger")
    details = {"channel": "phone", "phone": "11223344", "email": "", "address": "", "lang": "da", "key": "k1"}
    for forged in ("", "x" * 43, await token(birger, "silkeborg"), "é"):
        answer = await amina.browser.post("/silkeborg/borger/oplysninger", data={**details, "csrf": forged})
        assert answer.status_code == 403
    mine = await amina.browser.post(
        "/silkeborg/borger/oplysninger", data={**details, "csrf": await token(amina, "silkeborg")}
    )
    assert mine.status_code == 303


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}],
)
async def test_a_request_from_another_site_is_refused(portal: Portal, headers: dict[str, str]) -> None:
    amina = await portal.log_in("amina")
    data = {"csrf": await token(amina, "silkeborg"), "key": "k"}
    assert (await amina.browser.post("/silkeborg/borger/vej", data=data, headers=headers)).status_code == 403
    del amina.browser.headers["sec-fetch-site"]


async def test_unknown_and_repeated_fields_are_refused(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    csrf = await token(amina, "silkeborg")
    base = {"csrf": csrf, "key": "k", "channel": "phone", "phone": "11223344", "lang": "da"}
    assert (
        await amina.browser.post("/silkeborg/borger/oplysninger", data={**base, "benefit": "none"})
    ).status_code == 400
    body = f"csrf={csrf}&key=k&lang=da&lang=en"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert (
        await amina.browser.post("/silkeborg/borger/oplysninger", content=body, headers=headers)
    ).status_code == 400


async def test_odd_bodies_never_break_it(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    form = {"content-type": "application/x-www-form-urlencoded"}
    for content, headers in (
        (b"\xff\xfe=1", form),
        (b"a" * 70_000, form),
        (b"[" * 50_000, {"content-type": "application/json"}),
        (b"--x\r\n\r\n", {"content-type": "multipart/form-data; boundary=x"}),
        (b"csrf=%ED%A0%80", form),
        (b"csrf=%00", form),
    ):
        answer = await amina.browser.post("/silkeborg/borger/oplysninger", content=content, headers=headers)
        assert answer.status_code in (400, 403, 413), (content[:20], answer.status_code)
    for path in (
        "/virksomhed/sag/x/trin/" + "9" * 40,
        "/borger/samtale/%00",
        "/borger/samtale/%ED%A0%80",
        "/borger/vej/x/ret/%0a",
        "?lang=%00",
        "/borger/samtale/" + "a" * 500,
        "/%ff",
    ):
        answer = await amina.browser.get(f"/silkeborg{path}")
        assert answer.status_code in (303, 400, 403, 404), (path, answer.status_code)


async def test_what_is_refused_leaves_a_line_without_what_was_sent(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    with structlog.testing.capture_logs() as logged:
        await amina.browser.get("/silkeborg/medarbejder/tavle")
        await amina.browser.post("/silkeborg/borger/vej", data={"csrf": "0101701234"})
        assert (await amina.browser.options("/silkeborg/borger")).status_code == 405
    assert [line["kind"] for line in logged] == ["WrongDoor", "Forged"]
    assert {line["person"] for line in logged} == {cast.identity("amina")}
    assert "0101701234" not in repr(logged)


def test_only_the_trusted_proxy_says_where_a_request_comes_from() -> None:
    class Connection:
        def __init__(self, host: str, forwarded: str) -> None:
            self.client = type("Client", (), {"host": host})()
            self.headers = Headers({"x-forwarded-for": forwarded})

    assert address_of(Connection("10.0.0.1", "1.1.1.1, 2.2.2.2"), "10.0.0.1") == "2.2.2.2"
    assert address_of(Connection("9.9.9.9", "1.1.1.1"), "10.0.0.1") == "9.9.9.9"
    assert address_of(Connection("9.9.9.9", "1.1.1.1"), "") == "9.9.9.9"


async def test_a_strange_host_is_refused(portal: Portal) -> None:
    assert (await portal.browser().get("/silkeborg", headers={"host": "evil.example"})).status_code == 400


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/aarhus/borger",
        "/silkeborg//evil.example",
    ],
)
async def test_the_way_back_after_login_never_leads_out(portal: Portal, back: str) -> None:
    begin = f"{BEGIN}?{urlencode({'tilbage': back})}"
    answer = await Person(portal.browser(), "silkeborg").choose("amina", begin)
    assert answer.headers["location"] == "/silkeborg/borger"


async def test_an_address_with_what_no_address_holds_is_not_found(portal: Portal) -> None:
    assert (await portal.browser().get(f"{BEGIN}?tilbage=%2Fsilkeborg%2F%0A")).status_code == 404


async def test_login_brings_people_to_the_page_they_asked_for(portal: Portal) -> None:
    browser = portal.browser()
    asked = await browser.get("/silkeborg/borger/samtale/ny")
    opened = await browser.get(asked.headers["location"])
    begin = html.unescape(re.search(r'href="([^"]+/videre[^"]*)"', opened.text).group(1))
    answer = await Person(browser, "silkeborg").choose("amina", begin)
    assert answer.headers["location"] == "/silkeborg/borger/samtale/ny"


async def test_failed_logins_are_limited_in_the_database(portal: Portal) -> None:
    browser = portal.browser()
    for _ in range(10):
        there = (await browser.get(BEGIN)).headers["location"]
        state = parse_qs(urlsplit(there).query)["state"][0]
        assert (await browser.get(f"/log-ind/svar?code=x&state={state}")).status_code == 400
    assert (await Person(browser, "silkeborg").choose("amina", BEGIN)).status_code == 429
    portal.later(minutes=16)
    assert (await Person(browser, "silkeborg").choose("amina", BEGIN)).status_code == 303


@pytest.mark.parametrize(
    "path", ["/silkeborg", "/silkeborg/borger", "/silkeborg/findes-ikke", "/nowhere", "/healthz", "/static/x"]
)
async def test_every_answer_carries_the_headers(portal: Portal, path: str) -> None:
    answer = await portal.browser().get(path)
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    if not path.startswith("/static"):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["vary"] == "HX-Request, Cookie"


async def test_an_expired_session_on_an_htmx_request_goes_to_login(portal: Portal) -> None:
    answer = await portal.browser().get("/silkeborg/borger", headers={"hx-request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/silkeborg/log-ind/borger?tilbage=%2Fsilkeborg%2Fborger"


async def test_an_error_is_calm_and_tells_nothing(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_visit: object) -> None:
        raise ValueError("0101011234 is a secret")

    amina = await portal.log_in("amina")
    monkeypatch.setattr(actions, "my_page", broken)
    with structlog.testing.capture_logs() as logged:
        answer = await amina.browser.get("/silkeborg/borger")
    assert answer.status_code == 500
    assert "Det er vores fejl, ikke din" in page.text(answer.text)
    reference = page.text(answer.text).split("nævn dette nummer: ")[1][:8]
    assert logged[0]["reference"] == reference
    assert "0101011234" not in repr(logged) + answer.text


async def test_in_english_the_whole_way(portal: Portal) -> None:
    browser = portal.browser()
    front = await browser.get("/silkeborg?lang=en")
    assert "What do you need?" in page.text(front.text) or 'lang="en"' in front.text
    await Person(browser, "silkeborg").choose("amina", BEGIN)
    assert "Ask for a conversation" in page.text((await browser.get("/silkeborg/borger")).text)


PRODUCTION = {
    "PORTAL_MODE": "production",
    "PORTAL_BASE_URL": "https://job.example",
    "PORTAL_DATABASE_URL": "postgresql+asyncpg://portal@db.example/portal",
    "PORTAL_KEYS_FILE": "/keys.json",
    "PORTAL_LEDGER_FILE": "/erasures.jsonl",
    "PORTAL_LOGIN_FILE": "/login.toml",
    "PORTAL_SENDER": "smtp",
    "PORTAL_SMTP_HOST": "mail.example",
    "PORTAL_TRUSTED_PROXY": "10.0.0.1",
}
WRONG = {
    "no mode": ({}, "neither production nor demo"),
    "a misspelt setting": ({"PORTAL_MODE": "demo", "PORTAL_PROT": "1"}, "PORTAL_PROT is not a setting"),
    "two processes on SQLite": ({"PORTAL_MODE": "demo", "PORTAL_WORKERS": "2"}, "needs PostgreSQL"),
    "real login in the demo": ({"PORTAL_MODE": "demo", "PORTAL_LOGIN_FILE": "x"}, "belongs to production"),
    "production without login": ({**PRODUCTION, "PORTAL_LOGIN_FILE": ""}, "needs PORTAL_LOGIN_FILE"),
    "production without keys": ({**PRODUCTION, "PORTAL_KEYS_FILE": ""}, "needs PORTAL_KEYS_FILE"),
    "production without its proxy": (
        {**PRODUCTION, "PORTAL_TRUSTED_PROXY": ""},
        "needs PORTAL_TRUSTED_PROXY",
    ),
    "production over http": ({**PRODUCTION, "PORTAL_BASE_URL": "http://localhost:1"}, "needs an https"),
    "production on the console": ({**PRODUCTION, "PORTAL_SENDER": ""}, "needs PORTAL_SENDER=smtp"),
}


@pytest.mark.parametrize("how", WRONG)
def test_it_refuses_to_start_half_configured(how: str) -> None:
    environ, said = WRONG[how]
    with pytest.raises(configuration.SettingsError, match=said):
        configuration.read(environ)
    assert configuration.read(PRODUCTION).demo is False


# ------------------------------------------------------------------ found by the fuzzer, each once answered 500


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://["}, {"origin": "null"}, {"host": "localhost:x"}, {"host": "localhost:99999"}],
)
async def test_headers_that_are_no_addresses_are_refused(portal: Portal, headers: dict[str, str]) -> None:
    amina = await portal.log_in("amina")
    data = {"csrf": await token(amina, "silkeborg"), "key": "k"}
    assert (await amina.browser.post("/silkeborg/borger/vej", data=data, headers=headers)).status_code in (
        400,
        403,
    )
    assert (await portal.browser().get("/silkeborg/borger", headers=headers)).status_code in (303, 400)


async def test_a_part_of_the_frame_is_never_swapped_alone(portal: Portal) -> None:
    ada = await portal.log_in("ada")
    for target in ("content", "title", "menu", "language", "theme"):
        answer = await ada.browser.get(
            "/silkeborg/medarbejder/kommune", headers={"hx-request": "true", "hx-target": target}
        )
        assert answer.status_code == 200
        assert answer.text.startswith("<!DOCTYPE html>")


async def test_an_address_longer_than_any_of_ours_is_not_found(portal: Portal) -> None:
    for path in ("/static/x/", "/silkeborg/", "/"):
        assert (await portal.browser().get(path + "a" * 300)).status_code == 404


async def test_files_are_never_taken(portal: Portal) -> None:
    amina = await portal.log_in("amina")
    files = {"about": ("x", b"x"), "words": (None, b"\xff\xfe")}
    assert (await amina.browser.post("/silkeborg/borger/samtale/ny", files=files)).status_code == 400
    assert (await portal.browser().post("/silkeborg/borger/samtale/ny", files=files)).status_code == 303
