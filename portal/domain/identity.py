"""Who a login provider says somebody is: three kinds of identity, and how sure the provider must be.

Plain facts after every check of their form; nothing here knows how they came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

ASSURANCE = ("low", "substantial", "high")
NEEDED = "substantial"
_LAST_WORD = re.compile(r"[^A-Za-z]+")


def assurance(said: str) -> str | None:
    """The level a provider's word means: the last word of `Substantial`, `HIGH`, `http://eidas.europa.eu/LoA/high`,
    `urn:...:mitid:substantial`. None for a word that is none of the three."""
    word = _LAST_WORD.split(said.strip())[-1].lower()
    return word if word in ASSURANCE else None


def is_enough(said: str) -> bool:
    """Whether the level is at least the one needed; a word we do not know is not."""
    level = assurance(said)
    return level is not None and ASSURANCE.index(level) >= ASSURANCE.index(NEEDED)


def cpr_number(said: str) -> str | None:
    """Ten digits whose first six are a date that is one, written with or without the dash; the seventh digit tells the
    century. No modulus 11: numbers given since October 2007 may fail it. None for anything else."""
    digits = said.strip().replace("-", "").replace(" ", "")
    if len(digits) != 10 or not digits.isascii() or not digits.isdecimal():
        return None
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    return digits if _is_date(_century(int(digits[6]), year) + year, month, day) else None


def _century(seventh: int, year: int) -> int:
    """https://www.cpr.dk/cpr-systemet/opbygning-af-cpr-nummeret/"""
    if seventh <= 3:
        return 1900
    if seventh in (4, 9):
        return 2000 if year <= 36 else 1900
    return 2000 if year <= 57 else 1800


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class CitizenIdentity:
    """`name` is empty when the provider withholds it (address protection)."""

    issuer: str
    subject: str
    name: str
    birth_date: date | None
    cpr: str | None
    protected: bool


@dataclass(frozen=True)
class EmployerIdentity:
    """Somebody acting for a company: known by CVR and professional id, never by a CPR number."""

    issuer: str
    subject: str
    cvr: str
    company: str
    professional_id: str
    p_number: str
    name: str
    email: str

    @property
    def key(self) -> str:
        """The same person at two companies is two company users."""
        return f"{self.cvr}/{self.professional_id}"


@dataclass(frozen=True)
class StaffIdentity:
    issuer: str
    subject: str
    name: str
    email: str
    role: str
    team: str | None


Identity = CitizenIdentity | EmployerIdentity | StaffIdentity
