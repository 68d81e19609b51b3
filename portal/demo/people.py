"""Who lives and works in the demo municipality. Everybody is fictional; the CVR numbers are official test numbers."""

from __future__ import annotations

from datetime import date

from portal.domain.people import Actor, Role

TEAMS = (
    ("modtagelse", "Modtagelsen", "Reception", "citizen"),
    ("jobteam", "Jobteamet", "Job team", "citizen"),
    ("ungeteam", "Ungeteamet", "Youth team", "citizen"),
    ("uddannelsesteam", "Uddannelsesteamet", "Education team", "citizen"),
    ("helhedsteam", "Helhedsteamet", "Holistic team", "citizen"),
    ("sygedagpengeteam", "Sygedagpengeteamet", "Sickness benefit team", "citizen"),
    ("virksomhedsteam", "Virksomhedsteamet", "Company team", "employer"),
    ("rekrutteringsteam", "Rekrutteringsteamet", "Recruitment team", "employer"),
    ("fastholdelsesteam", "Fastholdelsesteamet", "Retention team", "employer"),
    ("partnerskabsteam", "Partnerskabsteamet", "Partnership team", "employer"),
    ("offentligt_team", "Det offentlige team", "Public sector team", "employer"),
    ("oversendelse", "Oversendelse til andre kommuner", "Forwarding to other municipalities", "employer"),
)
TEAM_NAMES = {code: (da, en) for code, da, en, _kind in TEAMS}
STAFF = (
    ("clara", "Clara Holm", "caseworker", "virksomhedsteam"),
    ("carl", "Carl Vinther", "caseworker", "virksomhedsteam"),
    ("rikke", "Rikke Damgaard", "caseworker", "modtagelse"),
    ("jonas", "Jonas Bech", "caseworker", "jobteam"),
    ("helle", "Helle Friis", "caseworker", "helhedsteam"),
    ("sanne", "Sanne Lund", "caseworker", "sygedagpengeteam"),
    ("ulla", "Ulla Kjær", "caseworker", "uddannelsesteam"),
    ("yasin", "Yasin Demir", "caseworker", "ungeteam"),
    ("tove", "Tove Mikkelsen", "team_lead", None),
    ("anders", "Anders Toft", "auditor", None),
    ("ada", "Ada Skov", "administrator", None),
    ("axel", "Axel Bruun", "administrator", None),
)
CITIZENS = (
    ("amina", "Amina Yusuf", date(1989, 4, 12)),
    ("birger", "Birger Olsen", date(1966, 9, 3)),
    ("camilla", "Camilla Testmann", date(2003, 1, 30)),
    ("dan", "Dan Udenfor", date(1978, 6, 18)),
    ("erik", "Erik Prøvesen", date(1958, 11, 2)),
    ("fatima", "Fatima Testsen", date(1995, 7, 7)),
    ("gustav", "Gustav Demosen", date(1982, 2, 14)),
    ("hanne", "Hanne Prøve", date(1971, 12, 1)),
)
COMPANIES = (
    ("bo", "Bo Bager", "Bos Bageri ApS", "88888881"),
    ("lise", "Lise Lager", "Lises Lager A/S", "88888882"),
    ("mads", "Mads Murer", "Mads Mur og Tag", "88888883"),
)


def demo_id(name: str) -> str:
    """Demo people keep their ids from one loading to the next."""
    return f"demo{name}".ljust(32, "0")


def staff_actor(municipality: str, subject: str) -> Actor:
    _, name, role, team = next(row for row in STAFF if row[0] == subject)
    return Actor(municipality, demo_id(subject), Role(role), name, team or "")
