"""Brokers' claims as they really are, mapped by configuration; and a configuration's mistakes, each named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from portal.domain.identity import CitizenIdentity, EmployerIdentity, assurance, cpr_number
from portal.web.claims import ProvidersError, RefusedLoginError, identity, read_providers
from tests.openid.scripted import FILE, SECRET, write_secret

PROVIDER = """
[[provider]]
name = "{name}"
door = "{door}"
issuer = "https://{name}.example"
client_id = "portal"
client_secret_file = "secret"
[provider.claims]
{claims}
"""
BROKERS = {
    "idura": ("borger", {"assurance": "acr", "name": "name", "birth_date": "birthdate", "cpr": "cprNumberIdentifier"}),
    "signicat": (
        "borger",
        {"assurance": "mitid_loa", "name": "name", "given_name": "given_name", "family_name": "family_name", "birth_date": "birthdate",
         "cpr": "nin", "has_cpr": "mitid_has_cpr", "protected": "mitid_name_and_address_protection"},
    ),
    "oiosaml": (
        "virksomhed",
        {"assurance": "https://data.gov.dk/concept/core/nsis/loa", "name": "https://data.gov.dk/model/core/eid/fullName",
         "given_name": "https://data.gov.dk/model/core/eid/firstName", "family_name": "https://data.gov.dk/model/core/eid/lastName",
         "cvr": "https://data.gov.dk/model/core/eid/professional/cvr", "company": "https://data.gov.dk/model/core/eid/professional/orgName",
         "professional_id": "https://data.gov.dk/model/core/eid/cprUuid"},
    ),
}  # fmt: skip


def _provider(folder: Path, broker: str) -> Any:
    door, claims = BROKERS[broker]
    write_secret(folder, SECRET)
    said = "\n".join(f'{ours} = "{theirs}"' for ours, theirs in claims.items())
    (folder / "login.toml").write_text(PROVIDER.format(name=broker, door=door, claims=said), encoding="utf-8")
    return read_providers(folder / "login.toml")[0]


def _real(shared: Path) -> dict[str, Any]:
    found = json.loads((shared / "login" / "claims_og_testpersoner.json").read_text(encoding="utf-8"))
    signicat = found["signicat_oidc"]
    return {
        "idura": {
            **found["idura_verify_oidc (tidl. Criipto)"]["borger"],
            "acr": "urn:grn:authn:dk:mitid:substantial",
        },
        "signicat": {**signicat["scope openid profile nin"], **signicat["scope mitid-extra"], "sub": "s"},
        "oiosaml": {**found["oiosaml_3 (NemLog-in, attributnavne er URI'er)"]["attributter"], "sub": "o"},
    }


@pytest.mark.parametrize("broker", BROKERS)
def test_three_brokers_real_claims_are_understood(shared: Path, tmp_path: Path, broker: str) -> None:
    claims = _real(shared)[broker]
    who = identity(_provider(tmp_path, broker), claims)
    if broker == "idura":
        assert who == CitizenIdentity(
            "https://idura.example",
            claims["sub"],
            claims["name"],
            who.birth_date,
            claims["cprNumberIdentifier"],
            False,
        )
        assert who.birth_date.isoformat() == claims["birthdate"]
    elif broker == "signicat":
        assert (who.cpr, who.protected, who.name) == (claims["nin"], True, claims["name"])
    else:
        assert isinstance(who, EmployerIdentity)
        assert (who.cvr, "0111111111" in repr(who)) == ("12345678", False)


def test_the_odd_cases_of_the_sources(shared: Path, tmp_path: Path) -> None:
    real = _real(shared)
    oiosaml = _provider(tmp_path, "oiosaml")
    prefix = "https://data.gov.dk/model/core/eid/"
    without = {name: value for name, value in real["oiosaml"].items() if not name.endswith("/cvr")}
    with pytest.raises(RefusedLoginError, match="no_cvr"):
        identity(oiosaml, without)
    bare = {**real["oiosaml"], f"{prefix}lastName": ""}
    del bare[f"{prefix}fullName"]
    assert identity(oiosaml, bare).name == bare[f"{prefix}firstName"]
    signicat = _provider(tmp_path, "signicat")
    nameless = {
        name: value for name, value in real["signicat"].items() if "name" not in name or "protection" in name
    }
    assert identity(signicat, nameless).name == ""
    with pytest.raises(RefusedLoginError, match="missing"):
        identity(signicat, {**nameless, "mitid_name_and_address_protection": "false"})


def test_the_public_test_numbers_are_numbers_and_the_wrong_one_is_not(shared: Path) -> None:
    lines = (shared / "cpr" / "cpr_regler_og_testtal.csv").read_text(encoding="utf-8").splitlines()
    said = [line.split(";") for line in lines]
    numbers = [row[1] for row in said if row[0].startswith("testnummer")]
    assert len(numbers) >= 7
    assert all(cpr_number(number) == number for number in numbers)
    assert [cpr_number(row[1]) for row in said if row[0] == "ugyldig dato"] == [None]


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ("Substantial", "substantial"),
        ("HIGH", "high"),
        ("http://eidas.europa.eu/LoA/low", "low"),
        ("https://data.gov.dk/concept/core/nsis/Substantial", "substantial"),
        ("urn:grn:authn:dk:mitid:high", "high"),
        ("", None),
        ("3", None),
        ("substantial2", None),
        ("high-ish", None),
    ],
)
def test_a_level_is_known_by_its_last_word(said: str, level: str | None) -> None:
    assert assurance(said) == level


WRONG = {
    "an unknown key": ('name = "MitID"', 'name = "MitID"\ncolour = "red"', "colour is not known"),
    "an unknown claim": ('name = "name"', 'shoe_size = "x"', "claims.shoe_size is not known"),
    "no assurance": ('assurance = ["acr", "mitid_loa"]\nname = "name"\nbirth', 'name = "name"\nbirth', "claims.assurance must"),
    "an unknown door": ('door = "borger"', 'door = "kælder"', "door must be one of"),
    "an issuer over http": ('"https://login.test/borger"', '"http://login.test/borger"', "issuer must be an https"),
    "no client": ('client_id = "portal"', "", "client_id is missing"),
    "no secret": ('client_secret_file = "secret"', 'client_secret_file = "none"', "cannot be read, or is empty"),
    "a role that is none": ('"team_lead"', '"boss"', "boss is not a role"),
    "no CVR": ('cvr = "nemlogin.cvr"', "", "claims.cvr is missing"),
    "a company's CPR number": ('cvr = "nemlogin.cvr"', 'cvr = "nemlogin.cvr"\ncpr = "nemlogin.cpr"', "claims.cpr is not known"),
    "an algorithm nobody should use": ('name = "MitID"', 'name = "MitID"\nalgorithms = ["HS256"]', "algorithms must be"),
    "a word for a list": ('name = "MitID"', 'name = "MitID"\nmunicipalities = "740"', "municipalities must be"),
    "staff of everywhere": ('municipalities = ["740"]\n', "", "municipalities is missing"),
    "no TOML": ("[[provider]]", "[[provider", "cannot be read as TOML"),
    "nothing": (FILE, "", "must hold"),
}  # fmt: skip


@pytest.mark.parametrize("how", WRONG)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, how: str) -> None:
    old, new, said = WRONG[how]
    assert old in FILE
    write_secret(tmp_path, SECRET)
    (tmp_path / "login.toml").write_text(FILE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProvidersError, match=said):
        read_providers(tmp_path / "login.toml")


def test_a_secret_others_can_read_is_refused(tmp_path: Path) -> None:
    write_secret(tmp_path, SECRET)
    (tmp_path / "secret").chmod(0o644)
    (tmp_path / "login.toml").write_text(FILE, encoding="utf-8")
    with pytest.raises(ProvidersError, match="can be read by others"):
        read_providers(tmp_path / "login.toml")


def test_every_mistake_is_named_not_just_the_first(tmp_path: Path) -> None:
    content = FILE.replace('client_id = "portal"', "").replace('"team_lead"', '"boss"')
    (tmp_path / "login.toml").write_text(content, encoding="utf-8")
    with pytest.raises(ProvidersError) as error:
        read_providers(tmp_path / "login.toml")
    assert str(error.value).count("client_id is missing") == 3
