"""A login provider that does as it is told: signs what a test wants signed, and answers what a test wants answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jws
from joserfc.jwk import RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
CLIENT, SECRET = "portal", "a client secret that is long enough for every use"
ISSUERS = {door: f"https://login.test/{door}" for door in ("borger", "virksomhed", "medarbejder")}
FILE = """
[[provider]]
name = "MitID"
door = "borger"
issuer = "https://login.test/borger"
client_id = "portal"
client_secret_file = "secret"
[provider.claims]
assurance = ["acr", "mitid_loa"]
name = "name"
birth_date = "birthdate"
cpr = "cprNumberIdentifier"
has_cpr = "mitid_has_cpr"
protected = "mitid_name_and_address_protection"

[[provider]]
name = "MitID Erhverv"
door = "virksomhed"
issuer = "https://login.test/virksomhed"
client_id = "portal"
client_secret_file = "secret"
extra = { idp_values = "mitid_erhverv" }
[provider.claims]
assurance = ["acr", "mitid_loa"]
name = "nemlogin.name"
given_name = "nemlogin.given_name"
family_name = "nemlogin.family_name"
email = "nemlogin.email"
cvr = "nemlogin.cvr"
company = "nemlogin.org_name"
professional_id = "nemlogin.persistent_professional_id"
p_number = "nemlogin.p_number"

[[provider]]
name = "kommunens login"
door = "medarbejder"
municipalities = ["740"]
issuer = "https://login.test/medarbejder"
client_id = "portal"
client_secret_file = "secret"
[provider.claims]
assurance = ["acr", "mitid_loa"]
name = "name"
email = "email"
groups = "groups"
[provider.roles]
Job-Leder = "team_lead"
Job-Sagsbehandler = "caseworker"
[provider.teams]
Job-Virksomhed = "virksomhedsteam"
"""
PEOPLE: dict[str, dict[str, Any]] = {
    "borger": {
        "sub": "{0f9960a0-d28d-4353-a3e2-ea07f8ffa185}",
        "acr": "https://data.gov.dk/concept/core/nsis/loa/Substantial",
        "name": "Ditte Prøvesen",
        "birthdate": "1977-12-22",
        "age": "48",
        "cprNumberIdentifier": "2212770000",
    },
    "virksomhed": {
        "sub": "b0b0",
        "acr": "urn:grn:authn:dk:mitid:substantial",
        "mitid_loa": "HIGH",
        "nemlogin.name": "Berit Prøve",
        "nemlogin.email": "berit@test.example",
        "nemlogin.cvr": "88888885",
        "nemlogin.org_name": "Berits Butik",
        "nemlogin.persistent_professional_id": "UUID:1",
        "nemlogin.p_number": "1000000001",
    },
    "medarbejder": {
        "sub": "s-17",
        "acr": "high",
        "name": "Sofie Prøve",
        "email": "sofie@kommune.example",
        "groups": ["Alle", "Job-Sagsbehandler", "Job-Virksomhed"],
    },
}


def write_file(folder: Path) -> Path:
    """The providers' file with the secret beside it."""
    write_secret(folder, SECRET)
    (folder / "login.toml").write_text(FILE, encoding="utf-8")
    return folder / "login.toml"


def write_secret(folder: Path, secret: str) -> None:
    """The client's secret, for its owner's eyes."""
    (folder / "secret").write_text(secret, encoding="utf-8")
    (folder / "secret").chmod(0o600)


def sign(claims: dict[str, Any], header: dict[str, Any] | None = None, key: Any = KEY) -> str:
    """A compact token over the claims, with any header at all."""
    head = {"alg": "RS256", "kid": "one", "typ": "JWT", **(header or {})}
    head = {name: value for name, value in head.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
    return jws.serialize_compact(head, json.dumps(claims), key, registry=registry)


@dataclass
class Scripted:
    """The provider at one door. Everything it says can be bent: claims, token, key set, discovery, answers."""

    door: str
    clock: Callable[[], datetime]
    claims: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    token: Callable[[dict[str, Any]], str] = sign
    keys: list[dict[str, Any]] = field(default_factory=lambda: [KEY.as_dict(private=False)])
    discovery: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, httpx.Response] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    @property
    def issuer(self) -> str:
        return ISSUERS[self.door]

    def said(self) -> dict[str, Any]:
        """The ID token's claims as they should be, with what the test changed; None takes a claim out."""
        now = int(self.clock().timestamp())
        right = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": self.nonce}
        bent = {**right, **PEOPLE[self.door], "sid": "there-1", **self.claims}
        return {name: value for name, value in bent.items() if value is not None}

    def begin(self, address: str) -> dict[str, str]:
        """What the portal asked for, and remembers its nonce."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.nonce = asked["nonce"]
        return asked

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        what = request.url.path.removeprefix(f"/{self.door}/")
        if what in self.answers:
            return self.answers[what]
        if what == ".well-known/openid-configuration":
            there = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "end_session_endpoint": f"{self.issuer}/end",
            }
            return httpx.Response(200, json={**there, **self.discovery})
        if what == "jwks":
            return httpx.Response(200, json={"keys": self.keys})
        if what == "token":
            return httpx.Response(200, json={"access_token": "a", "id_token": self.token(self.said())})
        return httpx.Response(404)
