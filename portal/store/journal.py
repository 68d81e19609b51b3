"""What happened, as lines that are never changed: a code, facts without personal data, and the words apart.

Every kind of line is listed here with the sentence people read; writing an unknown kind raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.store.database import Reader, Unit
from portal.store.tables import Journal, JournalDetail


def _(message: str) -> str:
    """Marks a sentence for translation; the page that shows it translates."""
    return message


KINDS = {
    "conversation.requested": _("bad om en samtale"),
    "conversation.requested_for": _("bad om en samtale på borgerens vegne"),
    "conversation.booked": _("bookede en tid"),
    "conversation.moved": _("flyttede samtalen"),
    "conversation.waived": _("valgte selv en tid efter fristen"),
    "conversation.cancelled": _("aflyste samtalen"),
    "conversation.time_lost": _("måtte trække tiden tilbage"),
    "conversation.held": _("holdt samtalen"),
    "conversation.missed": _("noterede, at borgeren ikke kom"),
    "conversation.claimed": _("tog samtalen"),
    "conversation.handed_over": _("gav samtalen videre"),
    "promise.broken": _("løftet blev ikke holdt"),
    "promise.kept": _("så, at løftet var holdt i tide"),
    "triage.started": _("begyndte på Find din vej"),
    "triage.finished": _("fik en vej foreslået"),
    "citizen.changed": _("rettede sine kontaktoplysninger"),
    "message.read": _("læste en besked"),
    "placement.started": _("begyndte på en henvendelse"),
    "placement.saved": _("gemte kladden"),
    "placement.sent": _("sendte henvendelsen"),
    "placement.withdrawn": _("trak henvendelsen tilbage"),
    "placement.informed": _("tilføjede oplysninger"),
    "placement.answered": _("svarede på spørgsmålet"),
    "placement.read": _("læste henvendelsen"),
    "placement.claimed": _("tog sagen"),
    "placement.released": _("lagde sagen tilbage i køen"),
    "placement.handed_over": _("gav sagen videre"),
    "placement.asked": _("spurgte virksomheden"),
    "placement.candidate_noted": _("noterede oplysninger om kandidaten"),
    "placement.candidate_accepted": _("sikrede sig, at det er den rigtige kandidat"),
    "placement.candidate_confirmed": _("bekræftede at være kandidat"),
    "placement.candidate_declined": _("sagde nej til at være kandidat"),
    "placement.routed": _("blev sendt til et andet team af reglerne"),
    "placement.granted": _("godkendte henvendelsen"),
    "placement.refused": _("gav afslag på henvendelsen"),
    "placement.closed": _("afsluttede sagen"),
    "letter.sent": _("sendte en besked om, at der er nyt"),
    "letter.uncertain": _("ved ikke, om beskeden nåede frem"),
    "letter.resolved": _("afgjorde, hvad der skete med beskeden"),
    "place.changed": _("ændrede kommunens indstillinger"),
    "place.closing_day": _("ændrede lukkedagene"),
    "staff.changed": _("ændrede en medarbejder"),
    "team.changed": _("ændrede et team"),
    "rules.drafted": _("skrev en kladde til kommunens regler"),
    "rules.published": _("udgav kommunens regler"),
    "rules.dropped": _("kasserede en kladde til kommunens regler"),
    "rules.withdrawn": _("trak kommunens regler tilbage, før de begyndte"),
    "outlook.loaded": _("lagde listen over jobmuligheder ind"),
    "names.loaded": _("lagde en liste over stillinger eller brancher ind"),
    "demo.loaded": _("lagde demoen ind"),
    "keys.rotated": _("tog en ny nøgle i brug"),
    "keys.dropped": _("lagde en gammel nøgle bort"),
    "person.erased": _("slettede en persons oplysninger"),
    "retention.applied": _("slettede det, der ikke længere må gemmes"),
    "relation.recorded": _("noterede en fuldmagt eller bisidder"),
    "relation.accepted": _("tog imod en fuldmagt"),
    "relation.ended": _("stoppede en fuldmagt eller bisidder"),
    "access.signed": _("gennemgik et opslag"),
    "access.alarm_seen": _("så på en alarm om opslag"),
    "person.registered": _("var her for første gang"),
    "login.linked": _("fik et nyt login knyttet til sig"),
    "person.exported": _("hentede sine oplysninger"),
}


@dataclass(frozen=True)
class Line:
    """A journal line as people read it."""

    at: datetime
    who: str
    role: str
    code: str
    sentence: str
    facts: dict[str, Any]
    words: str


def note(
    unit: Unit,
    code: str,
    subject_kind: str,
    subject_id: str,
    words: str = "",
    personal: dict[str, Any] | None = None,
    **facts: Any,
) -> None:
    """A line in the unit's transaction. `facts` hold no personal data; `words` and `personal` may, and are sealed."""
    if code not in KINDS:
        raise KeyError(f"no such journal kind: {code}")
    unit.record(code, subject_kind, subject_id, facts, words, personal or {})


async def timeline(reader: Reader, subject_id: str) -> list[Line]:
    """Everything that happened to one case, newest first; the saving of drafts is the company's own affair. Lines whose
    personal part was shredded stay, without a name."""
    rows = await reader.all(
        select(
            Journal.at,
            JournalDetail.actor_name,
            Journal.actor_role,
            Journal.code,
            Journal.facts,
            JournalDetail.words,
            JournalDetail.facts,
            JournalDetail.id,
        )
        .outerjoin(JournalDetail, JournalDetail.id == Journal.id)
        .where(Journal.subject_id == subject_id, Journal.code != "placement.saved")
        .order_by(Journal.number.desc())
    )
    return [
        Line(at, who or "", role, code, KINDS[code], {**facts, **(personal or {})}, words or "")
        for at, who, role, code, facts, words, personal, _id in rows
    ]
