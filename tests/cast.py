"""A fixed cast: Amina and Birger (citizens), Bo and Lise (companies), Clara, Carl, Rikke, Tove, Anders and Ada (staff),
and Dan, who lives and works in the municipality next door and must see nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from portal.demo.provider import issuer
from portal.domain.calendar import local_instant
from portal.domain.people import Actor, Role, system
from portal.store import calendars
from portal.store.database import Store
from portal.store.tables import Citizen, Company, CompanyUser, Municipality, Outlook, Staff, Team

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)  # a Monday, 9 o'clock in Copenhagen
HOME, NEXT_DOOR = "740", "751"
SLUGS = {HOME: "silkeborg", NEXT_DOOR: "aarhus"}
TEAMS = {
    "modtagelse": "citizen",
    "jobteam": "citizen",
    "ungeteam": "citizen",
    "uddannelsesteam": "citizen",
    "helhedsteam": "citizen",
    "sygedagpengeteam": "citizen",
    "virksomhedsteam": "employer",
    "rekrutteringsteam": "employer",
    "fastholdelsesteam": "employer",
    "partnerskabsteam": "employer",
    "offentligt_team": "employer",
    "oversendelse": "employer",
}
STAFF = {
    "clara": ("caseworker", "virksomhedsteam"),
    "carl": ("caseworker", "virksomhedsteam"),
    "rikke": ("caseworker", "modtagelse"),
    "tove": ("team_lead", None),
    "anders": ("auditor", None),
    "ada": ("administrator", None),
}


def identity(name: str) -> str:
    return f"cast{name}".ljust(32, "0")


def home_address(number: int) -> str:
    """The address of somebody's own connection, for tests in which hundreds log in at once."""
    return f"10.1.{number // 250}.{number % 250}"


def citizen(name: str, code: str = HOME) -> Actor:
    return Actor(code, identity(name), Role.CITIZEN, name.capitalize())


def employer(name: str, code: str = HOME) -> Actor:
    return Actor(code, identity(name), Role.EMPLOYER, name.capitalize(), identity(f"{name}s-firma"))


def staff(name: str, code: str = HOME) -> Actor:
    role, team = STAFF[name]
    return Actor(code, identity(name), Role(role), name.capitalize(), team or "")


DOORS = {
    "amina": "borger",
    "birger": "borger",
    "bo": "virksomhed",
    "lise": "virksomhed",
    **dict.fromkeys(STAFF, "medarbejder"),
}


async def settle(store: Store) -> None:
    """Both municipalities with everybody in them; Dan in the second one only, with the same names around him."""
    for code in (HOME, NEXT_DOOR):
        slug = SLUGS[code]
        place = Municipality(
            code=code,
            slug=slug,
            fictional=True,
            name=slug.capitalize(),
            phone="11 22 33 44",
            email=f"job@{slug}.example",
            address=f"Torvet 1, {slug.capitalize()}",
            opening_hours={"da": [["Mandag", "9–15"]], "en": [["Monday", "9–15"]]},
        )
        await store.found_municipality(place, system(code), NOW)
        await _people(store, code)


async def _people(store: Store, code: str) -> None:
    async with store.writing(system(code), NOW) as unit:
        for team, kind in TEAMS.items():
            unit.add(
                Team(municipality=code, id=team, name_da=team.capitalize(), name_en=f"The {team}", kind=kind)
            )
        await unit.flush()
        citizens = (
            {"amina": date(1989, 4, 12), "birger": date(1966, 9, 3)}
            if code == HOME
            else {"dan": date(1980, 1, 1)}
        )
        for name, born in citizens.items():
            unit.add(
                Citizen(
                    municipality=code,
                    id=identity(name),
                    issuer=issuer("borger"),
                    subject=name,
                    name=name.capitalize(),
                    birth_date=born,
                    email=f"{name}@test.example",
                    phone="12345678",
                )
            )
        for name, cvr in (
            {"bo": "88888881", "lise": "88888882"}.items() if code == HOME else {"dans": "88888884"}.items()
        ):
            unit.add(
                Company(
                    municipality=code,
                    id=identity(f"{name}s-firma"),
                    cvr=cvr,
                    name=f"{name.capitalize()}s firma",
                )
            )
            await unit.flush()
            unit.add(
                CompanyUser(
                    municipality=code,
                    id=identity(name),
                    issuer=issuer("virksomhed"),
                    subject=f"{cvr}/{name}",
                    company_id=identity(f"{name}s-firma"),
                    name=name.capitalize(),
                    email=f"{name}@test.example",
                )
            )
        for name, (role, team) in STAFF.items():
            unit.add(
                Staff(
                    municipality=code,
                    id=identity(name),
                    issuer=issuer("medarbejder"),
                    subject=name,
                    name=name.capitalize(),
                    email=f"{name}@test.example",
                    role=role,
                    team_id=team,
                )
            )
        unit.add(
            Outlook(
                municipality=code,
                id="5223",
                outlook="limited",
                occupation="Butiksassistent",
                source="test",
                fictional=True,
                valid_on=date(2026, 7, 1),
            )
        )
        await unit.flush()
        day = date(2026, 11, 24)
        for _ in range(40):
            if day.weekday() < 5:
                for hour in (9, 10):
                    calendars.add_slot(unit, identity("rikke"), "modtagelse", local_instant(day, time(hour)))
            day += timedelta(days=1)
        await unit.commit(unnoted=True)
