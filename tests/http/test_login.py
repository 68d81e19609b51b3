"""Logging in through a provider: what is taken, and the many things that are not, for each kind of identity."""

from __future__ import annotations

import base64
import hmac
import json
import warnings
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import RSAKey
from sqlalchemy import func, select, text

from portal import settings as configuration
from portal.app import create_app
from portal.store.sessions import hashed
from portal.store.tables import Citizen, CompanyUser, Journal, LoginSession, Staff
from portal.web import claims as claims_module
from portal.web import openid
from tests import cast, page
from tests.conftest import Portal, behind
from tests.keys import FILE as KEYS
from tests.openid.scripted import CLIENT, KEY, OTHER, PEOPLE, SECRET, Scripted, sign, write_file

DOORS = ("borger", "virksomhed", "medarbejder")
HOMES = {
    "borger": "/silkeborg/borger",
    "virksomhed": "/silkeborg/virksomhed",
    "medarbejder": "/silkeborg/medarbejder",
}
BASE = "https://job.example"


@dataclass
class Real:
    """The portal as in production, with a scripted provider at each door."""

    portal: Portal
    providers: dict[str, Scripted] = field(default_factory=dict)

    def browser(self) -> httpx.AsyncClient:
        browser = self.portal.browser()
        browser.base_url = httpx.URL(BASE)
        return browser

    def fresh(self, door: str) -> Scripted:
        """A provider that behaves, in the place of the one that was there."""
        adapter = next(one for one in self.portal.app.state.wiring.logins if one.provider.door == door)
        provider = Scripted(door, lambda: self.portal.now)
        adapter._transport, adapter._discovered, adapter._keys = provider.transport(), None, None
        self.providers[door] = provider
        return provider

    async def sessions(self) -> int:
        async with self.portal.store.reading(cast.HOME) as reader:
            return (await reader.one(select(func.count()).select_from(LoginSession)))[0]


@pytest.fixture
async def real(database: str, tmp_path: Path) -> AsyncIterator[Real]:
    """Outside demo mode; Silkeborg is no demo any more."""
    async with behind(database) as connection:
        await connection.execute(text("UPDATE municipality SET fictional = false"))
    environ = {
        "PORTAL_MODE": "production",
        "PORTAL_BASE_URL": BASE,
        "PORTAL_DATABASE_URL": database,
        "PORTAL_KEYS_FILE": str(KEYS),
        "PORTAL_LEDGER_FILE": str(tmp_path / "erasures.jsonl"),
        "PORTAL_LOGIN_FILE": str(write_file(tmp_path)),
        "PORTAL_SENDER": "smtp",
        "PORTAL_SMTP_HOST": "mail.example",
        "PORTAL_TRUSTED_PROXY": "10.0.0.1",
    }
    holder: dict[str, Portal] = {}
    app = create_app(configuration.read(environ), clock=lambda: holder["portal"].now)
    opened = holder["portal"] = Portal(app, app.state.wiring.store, database=database)
    yield Real(opened)
    for browser in opened.browsers:
        await browser.aclose()
    await opened.store.close()


# ------------------------------------------------------------------ what is taken


@dataclass
class Try:
    """One login, step by step, each of which a test may bend."""

    real: Real
    door: str
    provider: Scripted
    browser: httpx.AsyncClient
    query: dict[str, str] = field(default_factory=dict)

    async def begin(self, back: str = "") -> dict[str, str]:
        answer = await self.browser.get(
            f"/silkeborg/log-ind/{self.door}/videre", params={"tilbage": back} if back else {}
        )
        asked = self.provider.begin(answer.headers["location"])
        self.query = {"code": "c", "state": asked["state"], "iss": self.provider.issuer}
        return asked

    async def come_back(self) -> httpx.Response:
        return await self.browser.get("/log-ind/svar", params=self.query)


def _try(real: Real, door: str) -> Try:
    return Try(real, door, real.fresh(door), real.browser())


@pytest.mark.parametrize("door", DOORS)
async def test_a_login_that_holds_is_taken_and_the_person_is_known_again(real: Real, door: str) -> None:
    for _ in range(2):
        attempt = _try(real, door)
        asked = await attempt.begin()
        assert asked["code_challenge_method"] == "S256"
        assert asked["redirect_uri"] == f"{BASE}/log-ind/svar"
        answer = await attempt.come_back()
        assert (answer.status_code, answer.headers["location"]) == (303, HOMES[door])
        cookies = answer.headers.get_list("set-cookie")
        assert any("__Host-portal=" in one and "Secure" in one and "HttpOnly" in one for one in cookies)
        gone = next(one for one in cookies if "__Host-portal-login=" in one)
        assert all(mark in gone for mark in ("Max-Age=0", "Secure", "HttpOnly", "Path=/"))
        home = await attempt.browser.get(HOMES[door], follow_redirects=True)
        assert home.status_code == 200
    posted = next(one for one in attempt.provider.asked if one.url.path.endswith("/token"))
    assert posted.headers["authorization"].startswith("Basic ")
    assert SECRET not in posted.content.decode()
    table, subject = {
        "borger": (Citizen, PEOPLE["borger"]["sub"]),
        "virksomhed": (CompanyUser, "88888885/UUID:1"),
        "medarbejder": (Staff, "s-17"),
    }[door]
    async with real.portal.store.reading(cast.HOME) as reader:
        rows = await reader.rows(select(table).where(table.subject == subject))
    assert len(rows) == 1


async def test_what_the_provider_said_stands_in_the_right_place(real: Real) -> None:
    for door in DOORS:
        attempt = _try(real, door)
        await attempt.begin()
        await attempt.come_back()
    async with real.portal.store.reading(cast.HOME) as reader:
        citizen = (await reader.rows(select(Citizen).where(Citizen.name == "Ditte Prøvesen")))[0]
        user = (await reader.rows(select(CompanyUser).where(CompanyUser.name == "Berit Prøve")))[0]
        member = (await reader.rows(select(Staff).where(Staff.name == "Sofie Prøve")))[0]
        lines = [
            row[0]
            for row in await reader.all(select(Journal.code).where(Journal.code == "person.registered"))
        ]
    assert (citizen.cpr, citizen.birth_date.isoformat()) == ("2212770000", "1977-12-22")
    assert (user.p_number, user.email) == ("1000000001", "berit@test.example")
    assert (member.role, member.team_id) == ("caseworker", "virksomhedsteam")
    assert len(lines) == 4  # the company too


async def test_the_same_number_under_a_new_login_is_the_same_person(real: Real) -> None:
    first = _try(real, "borger")
    await first.begin()
    await first.come_back()
    second = _try(real, "borger")
    second.provider.claims = {"sub": "another"}
    await second.begin()
    await second.come_back()
    async with real.portal.store.reading(cast.HOME) as reader:
        rows = await reader.rows(select(Citizen).where(Citizen.name == "Ditte Prøvesen"))
    assert [row.subject for row in rows] == ["another"]
    assert (await first.browser.get(HOMES["borger"])).status_code == 303  # the old login's session has ended


TAKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "booleans as strings": ("borger", {"mitid_has_cpr": "true", "mitid_name_and_address_protection": "false"}),
    "no name under address protection": ("borger", {"name": None, "mitid_name_and_address_protection": "true"}),
    "no number, and said so": ("borger", {"cprNumberIdentifier": None, "mitid_has_cpr": "false"}),
    "an age as a string and no birth date": ("borger", {"age": "93", "birthdate": None}),
    "assurance in the other vocabulary alone": ("borger", {"acr": None, "mitid_loa": "HIGH"}),
    "assurance of eIDAS": ("borger", {"acr": "http://eidas.europa.eu/LoA/high"}),
    "an audience of two with azp": ("borger", {"aud": [CLIENT, "other"], "azp": CLIENT}),
    "a number with a dash that fails modulus 11": ("borger", {"cprNumberIdentifier": "010107-1234"}),
    "an empty last name": ("virksomhed", {"nemlogin.name": None, "nemlogin.given_name": "Anders", "nemlogin.family_name": ""}),
    "no P-number": ("virksomhed", {"nemlogin.p_number": None}),
    "no company name": ("virksomhed", {"nemlogin.org_name": None}),
    "groups as one text": ("medarbejder", {"groups": "Alle,Job-Leder"}),
}  # fmt: skip


@pytest.mark.parametrize("how", TAKEN)
async def test_odd_but_right_logins_are_taken(real: Real, how: str) -> None:
    door, claims = TAKEN[how]
    attempt = _try(real, door)
    attempt.provider.claims = claims
    await attempt.begin()
    assert (await attempt.come_back()).headers.get("location") == HOMES[door]


async def test_an_employers_number_is_never_kept(real: Real, database: str) -> None:
    attempt = _try(real, "virksomhed")
    attempt.provider.claims = {"nemlogin.cpr": "2212770000", "cprNumberIdentifier": "2212770000"}
    await attempt.begin()
    await attempt.come_back()
    async with real.portal.store.reading(cast.HOME) as reader:
        user = (await reader.rows(select(CompanyUser).where(CompanyUser.name == "Berit Prøve")))[0]
    assert "2212770000" not in repr(user)


# ------------------------------------------------------------------ what is not taken

Bend = Callable[[Try], Any]


def _claims(**changes: Any) -> Bend:
    def bend(attempt: Try) -> None:
        attempt.provider.claims = changes

    return bend


def _time(name: str, seconds: float) -> Bend:
    def bend(attempt: Try) -> None:
        attempt.provider.claims = {name: int(attempt.real.portal.now.timestamp() + seconds)}

    return bend


def _token(make: Callable[[dict[str, Any]], str]) -> Bend:
    def bend(attempt: Try) -> None:
        attempt.provider.token = make

    return bend


def _query(**changes: str | None) -> Bend:
    def bend(attempt: Try) -> None:
        bent = {**attempt.query, **changes}
        attempt.query = {name: value for name, value in bent.items() if value is not None}

    return bend


def _answer(what: str, answer: httpx.Response) -> Bend:
    def bend(attempt: Try) -> None:
        attempt.provider.answers[what] = answer

    return bend


def _keys(*keys: dict[str, Any]) -> Bend:
    def bend(attempt: Try) -> None:
        attempt.provider.keys = list(keys)

    return bend


def _cookie(value: Callable[[str], str]) -> Bend:
    def bend(attempt: Try) -> None:
        kept = attempt.browser.cookies.get("__Host-portal-login")
        attempt.browser.cookies.clear()
        bent = value(kept or "")
        if bent:
            attempt.browser.cookies.set("__Host-portal-login", bent)

    return bend


def _discovery(**changes: Any) -> Bend:
    def bend(attempt: Try) -> None:
        attempt.provider.discovery = changes
        adapter = next(
            one for one in attempt.real.portal.app.state.wiring.logins if one.provider.door == attempt.door
        )
        adapter._discovered = None

    return bend


def _unsigned(claims: dict[str, Any]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
        + "."
    )


def _with_secret(secret: bytes) -> Callable[[dict[str, Any]], str]:
    def make(claims: dict[str, Any]) -> str:
        parts = ({"alg": "HS256", "kid": "one"}, claims)
        said = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
        signature = hmac.digest(secret, said, "sha256")
        return f"{said.decode()}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"

    return make


def _swapped(claims: dict[str, Any]) -> str:
    head, _, signature = sign({**claims, "sub": "somebody"}).split(".")
    body = sign(claims).split(".")[1]
    return f"{head}.{body}.{signature}"


def _self_signed(claims: dict[str, Any]) -> str:
    return sign(claims, {"jwk": OTHER.as_dict(private=False), "kid": "own"}, OTHER)


def _foreign_registry(header: dict[str, Any]) -> Callable[[dict[str, Any]], str]:
    def make(claims: dict[str, Any]) -> str:
        head = {"alg": "RS256", "kid": "one", **header}
        raw = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)]
        right = jws.serialize_compact({"alg": "RS256", "kid": "one"}, json.dumps(claims), KEY)
        return b".".join(raw).decode() + "." + right.rsplit(".", 1)[1]

    return make


def _short_key(attempt: Try) -> None:
    attempt.provider.keys = [_SHORT.as_dict(private=False)]
    attempt.provider.token = lambda claims: sign(claims, None, _SHORT)


def _no_promised_issuer(attempt: Try) -> None:
    _discovery(authorization_response_iss_parameter_supported=True)(attempt)
    del attempt.query["iss"]


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    _SHORT = RSAKey.generate_key(1024, {"kid": "one", "alg": "RS256", "use": "sig"})
_TWO = RSAKey.generate_key(2048, {"kid": "two", "alg": "RS256", "use": "sig"})
_ANY = RSAKey.import_key({name: value for name, value in KEY.as_dict(private=True).items() if name != "alg"})
_PUBLIC = KEY.as_pem(private=False)
BAD: dict[str, Bend] = {
    # the token's claims about itself
    "another issuer": _claims(iss="https://evil.test"),
    "no issuer": _claims(iss=None),
    "the issuer with a slash": _claims(iss="https://login.test/borger/"),
    "the issuer as a list": _claims(iss=["https://login.test/borger"]),
    "another audience": _claims(aud="somebody-else"),
    "no audience": _claims(aud=None),
    "audiences without us": _claims(aud=["a", "b"], azp=CLIENT),
    "two audiences and no azp": _claims(aud=[CLIENT, "other"]),
    "two audiences, azp another": _claims(aud=[CLIENT, "other"], azp="other"),
    "one audience, azp another": _claims(azp="other"),
    "ended": _time("exp", -31),
    "no end": _claims(exp=None),
    "an end as text": _claims(exp="2999999999"),
    "an end that is true": _claims(exp=True),
    "an end beyond numbers": _claims(exp=1e300),
    "never issued": _claims(iat=None),
    "issued tomorrow": _time("iat", 86_400),
    "issued an hour ago": _time("iat", -3_600),
    "issued in words": _claims(iat="now"),
    "not valid yet": _time("nbf", 3_600),
    "not valid before nonsense": _claims(nbf="soon"),
    "no nonce": _claims(nonce=None),
    "another nonce": _claims(nonce="n" * 43),
    "a nonce that is a list": _claims(nonce=["n"]),
    "no subject": _claims(sub=None),
    "an empty subject": _claims(sub=""),
    "a subject that is a number": _claims(sub=17),
    "a subject without end": _claims(sub="s" * 5_000),
    "no assurance": _claims(acr=None, mitid_loa=None),
    "low assurance": _claims(acr="https://data.gov.dk/concept/core/nsis/loa/Low"),
    "low in one of two vocabularies": _claims(acr="substantial", mitid_loa="LOW"),
    "an unknown assurance": _claims(acr="quite sure"),
    "assurance as a list": _claims(acr=["high"]),
    "assurance that only begins well": _claims(acr="substantial-ish"),
    "bound to another access token": _claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    # the token itself
    "not signed": _token(_unsigned),
    "signed with the client's secret": _token(_with_secret(SECRET.encode())),
    "signed with the public key as a secret": _token(_with_secret(_PUBLIC)),
    "signed with a stronger algorithm nobody allowed": _token(lambda c: sign(c, {"alg": "RS512"}, _ANY)),
    "signed by somebody else under our key's name": _token(lambda c: sign(c, None, OTHER)),
    "signed with a key nobody published": _token(lambda c: sign(c, {"kid": "nine"}, OTHER)),
    "a key brought along": _token(_self_signed),
    "a key's address brought along": _token(lambda c: sign(c, {"jku": "https://evil.test/jwks", "kid": "own"}, OTHER)),
    "another body under the signature": _token(_swapped),
    "a signature cut short": _token(lambda c: sign(c)[:-20]),
    "no signature": _token(lambda c: sign(c).rsplit(".", 1)[0] + "."),
    "two parts": _token(lambda c: sign(c).rsplit(".", 1)[0]),
    "five parts": _token(lambda c: sign(c) + ".a.b"),
    "no token": _token(lambda c: ""),
    "words": _token(lambda c: "let me in"),
    "a critical header nobody knows": _token(_foreign_registry({"crit": ["x"], "x": 1})),
    "a body that is not encoded": _token(_foreign_registry({"b64": False, "crit": ["b64"]})),
    "a list for a body": _token(lambda c: sign([c])),  # type: ignore[arg-type]
    # the way back
    "no state": _query(state=None),
    "another state": _query(state="s" * 43),
    "an answer of another issuer": _query(iss="https://evil.test"),
    "no code": _query(code=None),
    "an error": _query(error="access_denied", code=None),
    "no cookie": _cookie(lambda kept: ""),
    "a cookie cut short": _cookie(lambda kept: kept[:-8]),
    "a cookie of our own making": _cookie(lambda kept: base64.urlsafe_b64encode(b"{}" * 40).decode()),
    # the provider's answers
    "the token address broken": _answer("token", httpx.Response(500)),
    "the code refused": _answer("token", httpx.Response(400, json={"error": "invalid_grant"})),
    "tokens without an ID token": _answer("token", httpx.Response(200, json={"access_token": "a"})),
    "a list for tokens": _answer("token", httpx.Response(200, json=[1])),
    "tokens elsewhere": _answer("token", httpx.Response(302, headers={"location": "https://evil.test"})),
    "tokens without end": _answer("token", httpx.Response(200, content=b" " * 300_000)),
    "no keys": _keys(),
    "keys for something else": _keys({**KEY.as_dict(private=False), "use": "enc"}),
    "a key too short to trust": _short_key,
    "an answer without the issuer that was promised": _no_promised_issuer,
    "a shared secret among the keys": _keys({"kty": "oct", "k": "AAAA", "kid": "one"}),
    "discovery of another issuer": _discovery(issuer="https://evil.test"),
    "tokens over plain http": _discovery(token_endpoint="http://login.test/token"),
    "keys over plain http": _discovery(jwks_uri="http://login.test/jwks"),
}  # fmt: skip
OF_A_DOOR: dict[str, dict[str, Bend]] = {
    "borger": {
        "no name and no protection": _claims(name=None),
        "a name of blanks": _claims(name="   "),
        "a number that is no date": _claims(cprNumberIdentifier="3113770000"),
        "a number too short": _claims(cprNumberIdentifier="22127700"),
        "a company's login": _claims(**{**dict.fromkeys(PEOPLE["borger"]), **PEOPLE["virksomhed"]}),
    },
    "virksomhed": {
        "a private login": _claims(**{"nemlogin.cvr": None, "nemlogin.persistent_professional_id": None}),
        "an employee without CVR": _claims(**{"nemlogin.cvr": None}),
        "a CVR too short": _claims(**{"nemlogin.cvr": "8888888"}),
        "a CVR of letters": _claims(**{"nemlogin.cvr": "DK888888"}),
        "a CVR as a number": _claims(**{"nemlogin.cvr": 88888885}),
        "no professional id": _claims(**{"nemlogin.persistent_professional_id": ""}),
        "no name": _claims(**{"nemlogin.name": None}),
        "a citizen's login": _claims(**{**dict.fromkeys(PEOPLE["virksomhed"]), **PEOPLE["borger"]}),
    },
    "medarbejder": {
        "no groups": _claims(groups=None),
        "groups that mean nothing here": _claims(groups=["Alle", "Bibliotek"]),
        "groups as a number": _claims(groups=17),
        "a role for a group": _claims(groups=["administrator"]),
        "no name": _claims(name=None),
        "a citizen's login": _claims(**{**dict.fromkeys(PEOPLE["medarbejder"]), **PEOPLE["borger"]}),
    },
}  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
async def test_no_bent_login_is_taken(real: Real, door: str) -> None:
    cases = {**BAD, **OF_A_DOOR[door]}
    assert len(cases) >= 70
    taken, unclear = [], []
    for name, bend in cases.items():
        attempt = _try(real, door)
        await attempt.begin()
        bend(attempt)
        answer = await attempt.come_back()
        if answer.status_code not in (400, 403, 502):
            taken.append((name, answer.status_code))
        if not page.text(answer.text):
            unclear.append(name)
        real.portal.later(minutes=16)  # or the limit on failed logins would answer for them
    assert taken == []
    assert unclear == []
    assert await real.sessions() == 0
    control = _try(real, door)
    await control.begin()
    assert (await control.come_back()).status_code == 303


async def test_the_control_with_the_checks_taken_out_bent_logins_get_in(
    real: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openid, "_trouble", lambda *_: None)
    monkeypatch.setattr(openid.hmac, "compare_digest", lambda *_: True)
    monkeypatch.setattr(claims_module, "is_enough", lambda _: True)
    taken = []
    for name in (
        "another issuer",
        "ended",
        "another audience",
        "another nonce",
        "another state",
        "low assurance",
    ):
        attempt = _try(real, "borger")
        await attempt.begin()
        BAD[name](attempt)
        if (await attempt.come_back()).status_code == 303:
            taken.append(name)
    assert len(taken) == 6


@pytest.mark.parametrize("door", DOORS)
async def test_a_state_is_good_once_in_its_own_browser_and_for_a_while(real: Real, door: str) -> None:
    attempt = _try(real, door)
    await attempt.begin()
    kept = attempt.browser.cookies.get("__Host-portal-login")
    assert (await attempt.come_back()).status_code == 303
    attempt.browser.cookies.set("__Host-portal-login", kept, domain="job.example")
    again = await attempt.come_back()
    assert (again.status_code, "Begynd forfra" in again.text) == (400, True)

    burnt = _try(real, door)  # used up also by an answer that failed
    await burnt.begin()
    kept = burnt.browser.cookies.get("__Host-portal-login")
    right = dict(burnt.query)
    burnt.query["code"] = ""
    assert (await burnt.come_back()).status_code == 400
    burnt.browser.cookies.set("__Host-portal-login", kept, domain="job.example")
    burnt.query = right
    assert (await burnt.come_back()).status_code == 400

    mine, theirs = _try(real, door), _try(real, door)
    await mine.begin()
    await theirs.begin()
    mine.query = theirs.query
    assert (await mine.come_back()).status_code == 400

    slow = _try(real, door)
    await slow.begin()
    real.portal.later(minutes=11)
    assert (await slow.come_back()).status_code == 400


async def test_a_login_begun_at_one_door_does_not_open_another(real: Real) -> None:
    attempt = _try(real, "borger")
    await attempt.begin()
    staff = real.fresh("medarbejder")
    attempt.query["iss"] = staff.issuer
    assert (await attempt.come_back()).status_code == 400


async def test_a_refusal_says_what_to_do(real: Real) -> None:
    attempt = _try(real, "virksomhed")
    attempt.provider.claims = {"nemlogin.cvr": None, "nemlogin.persistent_professional_id": None}
    await attempt.begin()
    answer = await attempt.come_back()
    assert answer.status_code == 403
    assert "vælg MitID Erhverv" in page.text(answer.text)
    assert "/silkeborg/log-ind/virksomhed" in answer.text


async def test_staff_whose_access_was_ended_stay_out_and_roles_follow_the_groups(real: Real) -> None:
    attempt = _try(real, "medarbejder")
    await attempt.begin()
    await attempt.come_back()
    again = _try(real, "medarbejder")
    again.provider.claims = {"groups": ["Job-Leder"]}
    await again.begin()
    await again.come_back()
    assert (
        await attempt.browser.get("/silkeborg/medarbejder")
    ).status_code == 303  # a new role ends the old session
    assert (await again.browser.get("/silkeborg/medarbejder/tavle")).status_code == 200
    async with real.portal.store.writing(cast.staff("ada"), real.portal.now) as unit:
        row = (await unit.rows(select(Staff).where(Staff.subject == "s-17")))[0]
        assert row.role == "team_lead"
        row.active = False
        await unit.commit(unnoted=True)
    last = _try(real, "medarbejder")
    await last.begin()
    answer = await last.come_back()
    assert (answer.status_code, "Din adgang til portalen er ophørt" in answer.text) == (403, True)


async def test_there_is_no_demo_login_in_production(real: Real) -> None:
    paths = {route.path for route in real.portal.app.routes}
    assert not any("demo" in path for path in paths)
    answer = await real.browser().get(
        "/demo-login/borger/vaelg?kommune=silkeborg&client_id=portal&person=amina"
    )
    assert answer.status_code == 404
    front = await real.browser().get("/silkeborg")
    assert "opdigtede" not in front.text


# ------------------------------------------------------------------ out again


async def _logged_in(real: Real, door: str = "borger") -> Try:
    attempt = _try(real, door)
    await attempt.begin()
    await attempt.come_back()
    return attempt


def _logout_claims(real: Real, provider: Scripted, **changes: Any) -> dict[str, Any]:
    now = int(real.portal.now.timestamp())
    event = {"http://schemas.openid.net/event/backchannel-logout": {}}
    right = {
        "iss": provider.issuer,
        "aud": CLIENT,
        "iat": now,
        "exp": now + 120,
        "jti": "j1",
        "sid": "there-1",
        "events": event,
    }
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


async def _tell(real: Real, token: str) -> int:
    answer = await real.browser().post(
        "/log-ind/ud", data={"logout_token": token}, headers={"sec-fetch-site": ""}
    )
    return answer.status_code


@pytest.mark.parametrize("named", ["sid", "sub"])
@pytest.mark.parametrize("door", ["borger", "virksomhed"])
async def test_a_session_ended_at_the_provider_ends_here(real: Real, named: str, door: str) -> None:
    mine = await _logged_in(real, door)
    other = await _logged_in(real, "medarbejder")
    changes = {} if named == "sid" else {"sid": None, "sub": PEOPLE[door]["sub"]}
    claims = _logout_claims(real, mine.provider, **changes)
    assert (await mine.browser.get(HOMES[door])).status_code == 200
    assert await _tell(real, sign(claims, {"typ": "logout+jwt"})) == 200
    assert (await mine.browser.get(HOMES[door])).status_code == 303
    assert (await other.browser.get("/silkeborg/medarbejder/telefon")).status_code == 200


async def test_a_logout_that_is_not_right_ends_nothing(real: Real) -> None:
    mine = await _logged_in(real)
    login = mine.provider.said()
    for claims in (
        login,  # an ID token is no logout token
        _logout_claims(real, mine.provider, events=None),
        _logout_claims(real, mine.provider, nonce="n"),
        _logout_claims(real, mine.provider, jti=None),
        _logout_claims(real, mine.provider, sid=None),
        _logout_claims(real, mine.provider, aud="other"),
        _logout_claims(real, mine.provider, iss="https://evil.test"),
        _logout_claims(real, mine.provider, iat=1),
    ):
        assert await _tell(real, sign(claims)) == 400
    assert await _tell(real, sign(_logout_claims(real, mine.provider), None, OTHER)) == 400
    assert await _tell(real, "") == 400
    assert (await mine.browser.get(HOMES["borger"])).status_code == 200


async def test_tokens_nobody_asked_for_do_not_make_us_ask_the_provider_again_and_again(real: Real) -> None:
    mine = await _logged_in(real)
    asked = len(mine.provider.asked)
    for number in range(20):
        claims = _logout_claims(real, mine.provider, jti=f"x{number}")
        assert await _tell(real, sign(claims, {"kid": f"unknown{number}"}, OTHER)) == 400
    assert len(mine.provider.asked) <= asked + 1
    old = _logout_claims(real, mine.provider, iat=int(real.portal.now.timestamp()) - 121)
    assert await _tell(real, sign(old)) == 400


async def test_another_site_cannot_begin_a_login_for_somebody(real: Real) -> None:
    real.fresh("borger")
    browser = real.browser()
    answer = await browser.get("/silkeborg/log-ind/borger/videre", headers={"sec-fetch-site": "cross-site"})
    assert answer.headers["location"] == "/silkeborg/log-ind/borger"


async def test_everything_over_https_says_so(real: Real) -> None:
    for path in ("/silkeborg", "/static/none/x.css", "/nowhere"):
        answer = await real.browser().get(path)
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        assert answer.headers["cache-control"] == "no-store"


async def test_logging_out_leads_on_to_the_provider(real: Real) -> None:
    mine = await _logged_in(real)
    opened = await mine.browser.get(HOMES["borger"])
    found = page.form(opened.text, "/log-ud")
    kept = mine.browser.cookies["__Host-portal"]
    answer = await mine.browser.post(found.action, data=found.fields)
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    after = await mine.browser.get(answer.headers["location"])
    assert "/silkeborg/log-ud/borger" in after.text
    there = await mine.browser.get("/silkeborg/log-ud/borger")
    assert there.headers["location"].startswith(
        "https://login.test/borger/end?client_id=portal&post_logout_redirect_uri="
    )
    async with real.portal.store.reading(cast.HOME) as reader:
        row = await reader.find(LoginSession, hashed(kept))
    assert row.revoked_at is not None
