"""Login providers as configuration: which doors they serve, and what their claims are called.

Brokers name the same facts differently, write booleans and ages as strings, and leave names out; that is mapped here,
once. Whoever cannot be recognised beyond doubt is refused with a reason the page can explain.
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal.domain.identity import (
    CitizenIdentity,
    EmployerIdentity,
    Identity,
    StaffIdentity,
    cpr_number,
    is_enough,
)

DOORS = ("borger", "virksomhed", "medarbejder")
ROLES = ("caseworker", "team_lead", "auditor", "administrator")
CLAIMS = {
    "borger": ("assurance", "name", "given_name", "family_name", "birth_date", "cpr", "has_cpr", "protected"),
    "virksomhed": (
        *("assurance", "name", "given_name", "family_name", "email"),
        *("cvr", "company", "professional_id", "p_number"),
    ),
    "medarbejder": ("assurance", "name", "given_name", "family_name", "email", "groups"),
}
LONGEST = 200
ALGORITHMS = ("RS256", "PS256", "ES256")


class ProvidersError(Exception):
    """What is wrong with the file of login providers, every mistake a sentence."""


class RefusedLoginError(Exception):
    """Somebody was recognised, but may not come in this way; `code` says why, for the page that says what to do."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Provider:
    """One login provider at one door. `claims` maps our words to the provider's claim names."""

    name: str
    door: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    claims: Mapping[str, Sequence[str]]
    municipalities: Sequence[str] = ()
    scope: str = "openid profile"
    acr_values: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    algorithms: Sequence[str] = ALGORITHMS
    userinfo: bool = False
    require_cpr: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)

    def serves(self, door: str, municipality: str) -> bool:
        return self.door == door and (not self.municipalities or municipality in self.municipalities)


# ------------------------------------------------------------------ the file


def read_providers(path: Path) -> list[Provider]:
    """The providers in the file; ProvidersError names every mistake."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ProvidersError(f"{path} cannot be read as TOML: {error}") from None
    tables = content.get("provider")
    if not isinstance(tables, list) or not tables or set(content) != {"provider"}:
        raise ProvidersError(f"{path} must hold [[provider]] tables and nothing else.")
    wrong: list[str] = []
    found = [
        _provider(table, f"{path.name}, provider {number}", path, wrong)
        for number, table in enumerate(tables, 1)
    ]
    if wrong:
        raise ProvidersError("\n".join(wrong))
    return [one for one in found if one is not None]


_TEXTS = ("name", "door", "issuer", "client_id")
_KNOWN = {one.name for one in fields(Provider)} - {"client_secret"} | {"client_secret_file"}


def _provider(table: Mapping[str, Any], where: str, path: Path, wrong: list[str]) -> Provider | None:
    before = len(wrong)
    wrong += [f"{where}: {name} is not known here." for name in sorted(set(table) - _KNOWN)]
    wrong += [f"{where}: {name} is missing." for name in _TEXTS if not isinstance(table.get(name), str)]
    if len(wrong) > before:
        return None
    if table["door"] not in DOORS:
        wrong.append(f"{where}: door must be one of {', '.join(DOORS)}.")
        return None
    if not is_safe_address(table["issuer"]):
        wrong.append(f"{where}: issuer must be an https:// address (http:// only on this machine).")
    if table["door"] == "medarbejder" and not table.get("municipalities"):
        wrong.append(f"{where}: municipalities is missing: whose staff does this provider know?")
    claims = _claims(table, where, wrong)
    wrong += _wrong_groups(table, where)
    wrong += _wrong_kinds(table, where)
    secret = _secret(table, where, path, wrong)
    if len(wrong) > before:
        return None
    plain = {key: value for key, value in table.items() if key not in ("claims", "client_secret_file")}
    return Provider(**plain, claims=claims, client_secret=secret)


def is_safe_address(address: str) -> bool:
    """https, or http to this very machine (tests and development)."""
    parts = urlsplit(address)
    local = parts.hostname in ("localhost", "127.0.0.1")
    return bool(parts.netloc) and (parts.scheme == "https" or (parts.scheme == "http" and local))


def _claims(table: Mapping[str, Any], where: str, wrong: list[str]) -> dict[str, list[str]]:
    given = table.get("claims", {})
    known = CLAIMS[table["door"]]
    wrong += [
        f"{where}: claims.{name} is not known at this door." for name in sorted(set(given) - set(known))
    ]
    if not given.get("assurance"):
        wrong.append(f"{where}: claims.assurance must name the claims that say how sure the login is.")
    needed = {"virksomhed": ("cvr", "professional_id"), "medarbejder": ("groups",)}.get(table["door"], ())
    wrong += [f"{where}: claims.{name} is missing." for name in needed if not given.get(name)]
    return {name: [said] if isinstance(said, str) else list(said) for name, said in given.items()}


def _wrong_groups(table: Mapping[str, Any], where: str) -> list[str]:
    roles = table.get("roles", {})
    if table["door"] != "medarbejder":
        return (
            [f"{where}: roles and teams belong to the door medarbejder."]
            if roles or table.get("teams")
            else []
        )
    if not roles:
        return [f"{where}: roles must say which group has which role."]
    return [
        f"{where}: {role} is not a role ({', '.join(ROLES)})." for role in roles.values() if role not in ROLES
    ]


def _wrong_kinds(table: Mapping[str, Any], where: str) -> list[str]:
    """Values of another kind than they must be; and algorithms that prove nothing, or that we do not know."""
    kinds = {
        "scope": str,
        "acr_values": str,
        "userinfo": bool,
        "require_cpr": bool,
        "extra": dict,
        "municipalities": list,
    }
    words = {str: "a text", bool: "true or false", dict: "a table", list: "a list"}
    wrong = [
        f"{where}: {name} must be {words[kind]}."
        for name, kind in kinds.items()
        if name in table and not isinstance(table[name], kind)
    ]
    if not set(table.get("algorithms", ALGORITHMS)) <= set(ALGORITHMS):
        wrong.append(f"{where}: algorithms must be among {', '.join(ALGORITHMS)}.")
    return wrong


def _secret(table: Mapping[str, Any], where: str, path: Path, wrong: list[str]) -> str:
    name = table.get("client_secret_file")
    if not isinstance(name, str):
        wrong.append(f"{where}: client_secret_file must name the file that holds the client's secret.")
        return ""
    try:
        secret = (path.parent / name).read_text(encoding="utf-8").strip()
        if (path.parent / name).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            wrong.append(f"{where}: client_secret_file {name} can be read by others. Run: chmod 600")
    except (OSError, UnicodeDecodeError):
        secret = ""
    if not secret:
        wrong.append(f"{where}: client_secret_file {name} cannot be read, or is empty.")
    return secret


# ------------------------------------------------------------------ from claims to a person


def identity(provider: Provider, claims: Mapping[str, Any]) -> Identity:
    """Who this is. RefusedLoginError: `assurance`, `private_login`, `no_cvr`, `no_group`, or `missing`."""
    read = _Claims(provider, claims)
    levels = read.all("assurance")
    if not levels or not all(is_enough(level) for level in levels):
        raise RefusedLoginError("assurance")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST:
        raise RefusedLoginError("missing")
    if provider.door == "borger":
        return _citizen(read, subject)
    return _employer(read, subject) if provider.door == "virksomhed" else _staff(read, subject)


class _Claims:
    """Claims under our own names. A value of an unexpected kind counts as not said."""

    def __init__(self, provider: Provider, claims: Mapping[str, Any]) -> None:
        self.provider = provider
        self._claims = claims

    def all(self, name: str) -> list[str]:
        """Every claim that is there for `name`; a broker may say the same thing in several vocabularies."""
        found = (self._find(claim) for claim in self.provider.claims.get(name, ()))
        return [said if isinstance(said, str) else "" for said in found if said is not None]

    def text(self, name: str) -> str:
        said = next((value for value in self.all(name) if value.strip()), "").strip()
        return "".join(letter for letter in said if letter.isprintable())[:LONGEST]

    def flag(self, name: str) -> bool | None:
        """True and false, also as the strings brokers send; None when nothing, or nonsense, is said."""
        found = [self._find(claim) for claim in self.provider.claims.get(name, ())]
        said = next((value for value in found if value is not None), None)
        return {"true": True, "1": True, "false": False, "0": False}.get(str(said).strip().lower())

    def words(self, name: str) -> list[str]:
        """A list of texts: as a list, or one text with commas."""
        found: list[str] = []
        for claim in self.provider.claims.get(name, ()):
            said = self._find(claim)
            found += said.split(",") if isinstance(said, str) else said if isinstance(said, list) else []
        return [word.strip() for word in found if isinstance(word, str) and word.strip()]

    def _find(self, claim: str) -> Any:
        """The claim as it is named, dots and all; else along the dots into what is nested."""
        if claim in self._claims:
            return self._claims[claim]
        found: Any = self._claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def full_name(self) -> str:
        """The name, or first and last put together; a last name may be empty."""
        return self.text("name") or " ".join(
            filter(None, (self.text("given_name"), self.text("family_name")))
        )


def _citizen(read: _Claims, subject: str) -> CitizenIdentity:
    name, protected = read.full_name(), read.flag("protected")
    if not name and not protected:
        raise RefusedLoginError("missing")
    said = read.text("cpr")
    cpr = cpr_number(said) if said else None
    without_number = read.flag("has_cpr") is False and not said
    if (said and cpr is None) or (cpr is None and read.provider.require_cpr and not without_number):
        raise RefusedLoginError("missing")
    return CitizenIdentity(
        issuer=read.provider.issuer,
        subject=subject,
        name=name,
        birth_date=_day(read.text("birth_date")),
        cpr=cpr,
        protected=bool(protected),
    )


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def _employer(read: _Claims, subject: str) -> EmployerIdentity:
    cvr, professional = read.text("cvr"), read.text("professional_id")
    if not cvr and not professional:
        raise RefusedLoginError("private_login")
    if not _digits(cvr, 8):
        raise RefusedLoginError("no_cvr")
    name = read.full_name()
    if not professional or not name:
        raise RefusedLoginError("missing")
    p_number = read.text("p_number")
    return EmployerIdentity(
        issuer=read.provider.issuer,
        subject=subject,
        cvr=cvr,
        company=read.text("company") or f"CVR {cvr}",
        professional_id=professional,
        p_number=p_number if _digits(p_number, 10) else "",
        name=name,
        email=_mail(read.text("email")),
    )


def _digits(said: str, count: int) -> bool:
    return len(said) == count and said.isascii() and said.isdecimal()


def _mail(said: str) -> str:
    return said if said.isascii() and said.count("@") == 1 and " " not in said else ""


def _staff(read: _Claims, subject: str) -> StaffIdentity:
    """The first group in the configuration's order decides the role, and the first with a team the team."""
    groups, name = set(read.words("groups")), read.full_name()
    role = next((role for group, role in read.provider.roles.items() if group in groups), None)
    if role is None:
        raise RefusedLoginError("no_group")
    if not name:
        raise RefusedLoginError("missing")
    team = next((team for group, team in read.provider.teams.items() if group in groups), None)
    return StaffIdentity(read.provider.issuer, subject, name, _mail(read.text("email")), role, team)
