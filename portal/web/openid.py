"""OpenID Connect: the authorization code flow with PKCE, and nothing of it taken on trust.

What a login needs on its way (state, nonce, verifier) travels in a sealed cookie of the same browser; the state is good
once. Tokens are taken only when signature, issuer, audience, times and nonce all hold. `portal.web.claims` says who it is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from portal.web.claims import Provider, is_safe_address

MINUTES = timedelta(minutes=10)
LEEWAY = 30
LARGEST = 256 * 1024
LOGOUT_SECONDS = 120
KEYS_GOOD_FOR = timedelta(hours=1)  # a key the provider has withdrawn is trusted no longer than this
NEW_KEYS_AFTER = timedelta(minutes=1)  # how soon tokens nobody asked for may make us fetch keys again
SMALLEST_RSA = 2048 // 8
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class LoginFailedError(Exception):
    """The login did not come about. `code`: `cancelled`, `expired`, `foreign`, `unreachable` or `untrusted`; `detail`
    is for the log and holds nothing of the person."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Journey:
    """A login on its way: kept in the browser, sealed."""

    state: str
    nonce: str
    verifier: str
    issuer: str
    client_id: str
    slug: str
    door: str
    back: str
    until: float


class JourneyBox:
    """Seals journeys into a cookie's value and opens them again."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, journey: Journey) -> str:
        nonce = secrets.token_bytes(12)
        sealed = self._cipher.encrypt(nonce, json.dumps(asdict(journey)).encode(), b"login")
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, value: str | None, now: datetime) -> Journey:
        """The journey; LoginFailedError("expired") when it took too long, or is not one of ours."""
        try:
            raw = base64.urlsafe_b64decode((value or "").encode())
            journey = Journey(**json.loads(self._cipher.decrypt(raw[:12], raw[12:], b"login")))
        except (InvalidTag, ValueError, TypeError):
            raise LoginFailedError("expired", "no journey in this browser") from None
        if now.timestamp() > journey.until:
            raise LoginFailedError("expired", "too late")
        return journey


def challenge(verifier: str) -> str:
    """PKCE, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class OpenId:
    """The adapter for one provider. Discovery and keys are fetched once, keys again when an unknown one signs."""

    def __init__(
        self, provider: Provider, redirect_uri: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.provider = provider
        self.redirect_uri = redirect_uri
        self._transport = transport
        # Reads every certificate: once, not for each login; and not at all where nothing goes over the network.
        self._trust = True if transport else httpx.create_ssl_context()
        self._discovered: dict[str, Any] | None = None
        self._keys: KeySet | None = None
        self._fetched_at = datetime.min.replace(tzinfo=UTC)

    # -------------------------------------------------------------- on the way there

    async def begin(self, slug: str, back: str, lang: str, now: datetime) -> tuple[Journey, str]:
        """A new journey, and the address at the provider that begins it."""
        found = await self._discover()
        journey = Journey(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            issuer=self.provider.issuer,
            client_id=self.provider.client_id,
            slug=slug,
            door=self.provider.door,
            back=back,
            until=(now + MINUTES).timestamp(),
        )
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.provider.scope,
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": challenge(journey.verifier),
            "code_challenge_method": "S256",
            "ui_locales": lang,
            **({"acr_values": self.provider.acr_values} if self.provider.acr_values else {}),
            **{name: value.replace("{slug}", slug) for name, value in self.provider.extra.items()},
        }
        return journey, _with_query(_address(found, "authorization_endpoint"), asked)

    async def end_session(self, back: str) -> str | None:
        """The address that logs out at the provider too and leads `back`; None when it has none."""
        found = await self._discover()
        if not found.get("end_session_endpoint"):
            return None
        asked = {"client_id": self.provider.client_id, "post_logout_redirect_uri": back}
        return _with_query(_address(found, "end_session_endpoint"), asked)

    # -------------------------------------------------------------- on the way back

    async def finish(self, journey: Journey, answer: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """The claims of whoever logged in. LoginFailedError when anything at all does not hold."""
        if not hmac.compare_digest(answer.get("state", "").encode(), journey.state.encode()):
            raise LoginFailedError("foreign", "state")
        promised = (await self._discover()).get("authorization_response_iss_parameter_supported") is True
        if ("iss" in answer or promised) and answer.get("iss") != self.provider.issuer:
            raise LoginFailedError("foreign", "iss of the answer")
        if "error" in answer:
            raise LoginFailedError("cancelled", answer["error"][:40])
        if not answer.get("code"):
            raise LoginFailedError("foreign", "no code")
        tokens = await self._exchange(answer["code"], journey)
        claims = await self._checked(str(tokens.get("id_token", "")), now)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), journey.nonce.encode()):
            raise LoginFailedError("untrusted", "nonce")
        _check_at_hash(claims, tokens)
        if self.provider.userinfo:
            claims = {**await self._userinfo(tokens, claims), **claims}
        return claims

    async def logged_out(self, token: str, now: datetime) -> dict[str, Any]:
        """The claims of a back-channel logout: whose session ended at the provider. `jti` must be new to the caller."""
        claims = await self._checked(token, now, asked=False)
        if now.timestamp() - float(claims["iat"]) > LOGOUT_SECONDS:
            raise LoginFailedError("untrusted", "an old logout")
        events = claims.get("events")
        if not isinstance(events, dict) or LOGOUT_EVENT not in events or "nonce" in claims:
            raise LoginFailedError("untrusted", "no logout token")
        if not (claims.get("sid") or claims.get("sub")) or not claims.get("jti"):
            raise LoginFailedError("untrusted", "nobody named")
        return claims

    async def _exchange(self, code: str, journey: Journey) -> dict[str, Any]:
        found = await self._discover()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": journey.verifier,
        }
        name, secret = (
            quote(part, safe="") for part in (self.provider.client_id, self.provider.client_secret)
        )
        basic = base64.b64encode(f"{name}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        return await self._ask("POST", _address(found, "token_endpoint"), data=form, headers=headers)

    async def _userinfo(self, tokens: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
        found = await self._discover()
        headers = {"Authorization": f"Bearer {tokens.get('access_token', '')}"}
        said = await self._ask("GET", _address(found, "userinfo_endpoint"), headers=headers)
        if said.get("sub") != claims.get("sub"):
            raise LoginFailedError("untrusted", "userinfo of somebody else")
        return said

    async def _checked(self, token: str, now: datetime, *, asked: bool = True) -> dict[str, Any]:
        """The claims of a token signed by the provider, for us, now. `asked`: we fetched it ourselves."""
        try:
            claims = (await self._decoded(token, now, asked=asked)).claims
        except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise LoginFailedError("untrusted", type(error).__name__) from None
        trouble = _trouble(claims, self.provider, now.timestamp())
        if trouble:
            raise LoginFailedError("untrusted", trouble)
        return claims

    async def _decoded(self, token: str, now: datetime, *, asked: bool) -> jwt.Token:
        """Signature checked with the provider's keys. They are fetched again for a key we do not know: at once for a
        token we asked for, else seldom, or anybody could make us ask the provider without end."""
        algorithms = list(self.provider.algorithms)
        if self._keys is not None and now - self._fetched_at < KEYS_GOOD_FOR:
            try:
                return jwt.decode(token, self._keys, algorithms=algorithms)
            except InvalidKeyIdError:
                if not asked and now - self._fetched_at < NEW_KEYS_AFTER:
                    raise
        self._keys = await self._published(now)
        return jwt.decode(token, self._keys, algorithms=algorithms)

    async def _published(self, now: datetime) -> KeySet:
        found = await self._discover()
        self._fetched_at = now
        said = await self._ask("GET", _address(found, "jwks_uri"))
        return KeySet.import_key_set({"keys": [_public(key) for key in said["keys"]]})

    async def _discover(self) -> dict[str, Any]:
        if self._discovered is None:
            found = await self._ask(
                "GET", self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
            )
            if found.get("issuer") != self.provider.issuer:
                raise LoginFailedError("untrusted", "discovery of another issuer")
            self._discovered = found
        return self._discovered

    async def _ask(self, method: str, address: str, **content: Any) -> dict[str, Any]:
        """A JSON object from the provider; never a redirect followed, never more than it may be."""
        try:
            async with (
                httpx.AsyncClient(
                    transport=self._transport, verify=self._trust, timeout=10, trust_env=False
                ) as client,
                client.stream(method, address, **content) as answer,
            ):
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise LoginFailedError("unreachable", "too long an answer")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LoginFailedError("unreachable", type(error).__name__) from None
        if answer.status_code != 200:
            raise LoginFailedError(
                "unreachable" if answer.status_code >= 500 else "untrusted", f"{answer.status_code}"
            )
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            raise LoginFailedError("unreachable", "no JSON") from None
        if not isinstance(said, dict):
            raise LoginFailedError("unreachable", "no JSON object")
        return said


def _with_query(address: str, asked: Mapping[str, str]) -> str:
    return address + ("&" if "?" in address else "?") + urlencode(asked)


def _address(discovered: Mapping[str, Any], name: str) -> str:
    found = discovered.get(name)
    if not isinstance(found, str) or not is_safe_address(found):
        raise LoginFailedError("untrusted", f"discovery names no safe {name}")
    return found


def _public(key: Any) -> dict[str, Any]:
    """A key that may check a signature: never a shared secret, a weak one, or one meant for something else."""
    if not isinstance(key, dict) or key.get("use", "sig") != "sig":
        return {"kty": "unused"}
    strong = (key.get("kty") == "EC" and key.get("crv") == "P-256") or (
        key.get("kty") == "RSA" and len(str(key.get("n", ""))) * 3 // 4 >= SMALLEST_RSA
    )
    return key if strong else {"kty": "unused"}


def _trouble(claims: Mapping[str, Any], provider: Provider, now: float) -> str | None:
    """What is wrong with a token's claims about itself, or None."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp")
    issued, ends, begins = (_time(claims.get(name)) for name in ("iat", "exp", "nbf"))
    wrong = {
        "iss": claims.get("iss") != provider.issuer,
        "aud": provider.client_id not in audiences,
        "azp": party != provider.client_id if party is not None or len(audiences) > 1 else False,
        "exp": ends is None or ends + LEEWAY <= now,
        "iat": issued is None or not now - MINUTES.total_seconds() - LEEWAY <= issued <= now + LEEWAY,
        "nbf": "nbf" in claims and (begins is None or begins - LEEWAY > now),
    }
    return next((name for name, bad in wrong.items() if bad), None)


def _time(value: Any) -> float | None:
    """Seconds since 1970, or None for what is no such thing."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11
    return float(value) if fits else None


def _check_at_hash(claims: Mapping[str, Any], tokens: Mapping[str, Any]) -> None:
    """Where the token binds itself to its access token, that one must have come along."""
    if "at_hash" in claims:
        half = hashlib.sha256(str(tokens.get("access_token", "")).encode()).digest()[:16]
        if claims["at_hash"] != base64.urlsafe_b64encode(half).rstrip(b"=").decode():
            raise LoginFailedError("untrusted", "at_hash")
