"""The demo's login provider: OpenID Connect as the real ones speak it, except that anybody may choose who to be.

It serves fictional municipalities only, and `create_app` builds it in demo mode alone. Its keys come from the demo's key
ring and its codes are sealed notes, so that any number of processes may serve one login.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.jwk import ECKey
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from portal.domain.errors import NotFoundError
from portal.store import directory
from portal.store.database import Store
from portal.store.keys import KeyRing
from portal.web.access import NOWHERE
from portal.web.claims import DOORS, Provider
from portal.web.openid import challenge
from portal.web.render import go_to, show
from portal.web.visit import Visit

HOST = "https://demo-login.invalid"  # a name that leads nowhere: its answers come from this very process
PATH = "demo-login"
CLIENT, SECRET = "portal", "demo"
CODE_SECONDS, TOKEN_SECONDS = 60, 300
_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def issuer(door: str) -> str:
    return f"{HOST}/{door}"


def providers() -> list[Provider]:
    """The demo's providers, one for each door, configured as real ones are."""
    claims = {
        "borger": {"name": ["name"], "birth_date": ["birthdate"], "cpr": ["cpr"], "protected": ["protected"]},
        "virksomhed": {
            "name": ["name"],
            "email": ["email"],
            "company": ["org_name"],
            "cvr": ["cvr"],
            "professional_id": ["rid"],
        },
        "medarbejder": {"name": ["name"], "email": ["email"], "groups": ["groups"]},
    }
    roles = {name: name for name in ("caseworker", "team_lead", "auditor", "administrator")}
    return [
        Provider(
            name="Demo-login",
            door=door,
            issuer=issuer(door),
            client_id=CLIENT,
            client_secret=SECRET,
            claims={"assurance": ["acr"], **claims[door]},
            extra={"kommune": "{slug}"},
            algorithms=("ES256",),
            roles=roles if door == "medarbejder" else {},
        )
        for door in DOORS
    ]


@dataclass(frozen=True)
class DemoProvider:
    """What the pages and the back channel share. `base_url` is where the browser is, `clock` the app's own."""

    store: Store
    base_url: str
    clock: Callable[[], datetime]
    key: ECKey
    codes: AESGCM

    @property
    def redirect_uri(self) -> str:
        return f"{self.base_url}/log-ind/svar"

    def transport(self) -> httpx.MockTransport:
        """The back channel: discovery, keys and tokens, answered without leaving the process."""
        return httpx.MockTransport(self.answer)

    def code(self, door: str, person: str, slug: str, asked: Mapping[str, str]) -> str:
        note = {
            "door": door,
            "person": person,
            "slug": slug,
            "nonce": asked.get("nonce", ""),
            "challenge": asked.get("code_challenge", ""),
            "until": self.clock().timestamp() + CODE_SECONDS,
        }
        nonce = secrets.token_bytes(12)
        return base64.urlsafe_b64encode(
            nonce + self.codes.encrypt(nonce, json.dumps(note).encode(), b"code")
        ).decode()

    async def answer(self, request: httpx.Request) -> httpx.Response:
        door, _, what = request.url.path.strip("/").partition("/")
        if door not in DOORS:
            return httpx.Response(404)
        if what == ".well-known/openid-configuration":
            return httpx.Response(200, json=self._discovery(door))
        if what == "jwks":
            return httpx.Response(
                200, json={"keys": [self.key.as_dict(private=False, use="sig", alg="ES256")]}
            )
        if what == "token" and request.method == "POST":
            return await self._token(door, request)
        return httpx.Response(404)

    def _discovery(self, door: str) -> dict[str, Any]:
        there = f"{self.base_url}/{PATH}/{door}"
        return {
            "issuer": issuer(door),
            "authorization_endpoint": f"{there}/vaelg",
            "token_endpoint": f"{issuer(door)}/token",
            "jwks_uri": f"{issuer(door)}/jwks",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    async def _token(self, door: str, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        note = self._note(form.get("code", ""))
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        right = (
            request.headers.get("authorization") == f"Basic {basic}"
            and note.get("door") == door
            and note.get("until", 0) > self.clock().timestamp()
            and form.get("redirect_uri") == self.redirect_uri
            and hmac.compare_digest(challenge(form.get("code_verifier", "")), note.get("challenge", ""))
        )
        place = await self.store.municipality_at(note["slug"]) if right else None
        if place is None or not place.fictional:
            return httpx.Response(400, json={"error": "invalid_grant"})
        async with self.store.reading(place.code) as reader:
            claims = await directory.demo_claims(reader, issuer(door), note["person"])
        if claims is None:
            return httpx.Response(400, json={"error": "invalid_grant"})
        began = int(self.clock().timestamp())
        content = {
            **claims,
            "iss": issuer(door),
            "sub": note["person"],
            "aud": CLIENT,
            "iat": began,
            "exp": began + TOKEN_SECONDS,
            "nonce": note["nonce"],
            "acr": "substantial",
            "sid": secrets.token_hex(16),
        }
        token = jwt.encode({"alg": "ES256", "kid": self.key.kid}, content, self.key, algorithms=["ES256"])
        return httpx.Response(200, json={"access_token": "none", "token_type": "Bearer", "id_token": token})

    def _note(self, code: str) -> dict[str, Any]:
        try:
            raw = base64.urlsafe_b64decode(code.encode())
            found = json.loads(self.codes.decrypt(raw[:12], raw[12:], b"code"))
        except (InvalidTag, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def demo_provider(store: Store, ring: KeyRing, base_url: str, clock: Callable[[], datetime]) -> DemoProvider:
    number = int.from_bytes(ring.derived("demo signing key"), "big") % (_P256 - 1) + 1
    private = ec.derive_private_key(number, ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key = ECKey.import_key(pem)
    key.ensure_kid()
    return DemoProvider(store, base_url, clock, key, AESGCM(ring.derived("demo codes")))


def router(provider: DemoProvider) -> Router:
    """The page where a fictional person is chosen: what the browser sees of the provider."""

    @get("/{door:str}/vaelg", access=NOWHERE)
    async def choose(visit: NamedDependency[Visit], door: FromPath[str]) -> Response[Any]:
        asked = visit.query
        place = await provider.store.municipality_at(asked.get("kommune", ""))
        known = asked.get("client_id") == CLIENT and asked.get("redirect_uri") == provider.redirect_uri
        if door not in DOORS or place is None or not place.fictional or not known:
            raise NotFoundError("demo login")
        if asked.get("person"):
            code = provider.code(door, asked["person"][:80], place.slug, asked)
            answer = {"code": code, "state": asked.get("state", ""), "iss": issuer(door)}
            return go_to(f"{provider.redirect_uri}?{urlencode(answer)}")
        async with provider.store.reading(place.code) as reader:
            people = await directory.demo_people(reader, issuer(door))
        links = [(subject, name, "?" + urlencode({**asked, "person": subject})) for subject, name in people]
        cancel = f"{provider.redirect_uri}?" + urlencode(
            {"error": "access_denied", "state": asked.get("state", ""), "iss": issuer(door)}
        )
        return show(visit, "demo/choose.html", door=door, people=links, cancel=cancel)

    return Router(f"/{PATH}", route_handlers=[choose])
