"""The machine interface: one JSON object a line in, one a line out, over the same functions as the pages (DOMAIN 9).

A bad line is answered in its place, and the next one is read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from portal.domain.errors import DomainError, InvalidError
from portal.triage.conditions import Judged, PlacementFacts, judge, municipality_code
from portal.triage.dialogue import as_answer, standing
from portal.triage.facts import BENEFITS, CITIZEN, parse_facts
from portal.triage.guarantee import promise
from portal.triage.shelf import rulebook_on
from portal.triage.understanding import understand
from portal.triage.workdays import ClosedDays

LONGEST_TEXT = 2000  # signs of a message that are read
Given = dict[str, Any]
Answer = Callable[[Given], Given]


@dataclass(frozen=True)
class Reply:
    line: str
    bad: bool


def replies(lines: Iterable[str], answer: Answer) -> Iterator[Reply]:
    """A reply for each line, in order, as it comes."""
    for line in _without_blank_end(lines):
        yield _reply(line, answer)


def _reply(line: str, answer: Answer) -> Reply:
    try:
        given = json.loads(line, parse_float=Decimal)
        if not isinstance(given, dict):
            raise InvalidError("line.object", value=line.strip()[:80])
        return Reply(_line(answer(given)), bad=False)
    except DomainError as error:
        facts = ", ".join(f"{key}: {value}" for key, value in error.facts.items())
        return _refusal(error.code, f"{error.code} ({facts})" if facts else error.code)
    except (ValueError, RecursionError) as error:
        return _refusal("line.json", f"this line cannot be read as JSON: {str(error)[:120]}")
    except (OverflowError, TypeError, ArithmeticError) as error:
        return _refusal("line.value", f"a value of this line cannot be worked with: {str(error)[:120]}")


def _refusal(code: str, message: str) -> Reply:
    return Reply(_line({"error": {"code": code, "message": message}}), bad=True)


def _line(answer: Given) -> str:
    """JSON with exact decimals as numbers and days as ISO dates; half characters are written out as escapes."""

    def plain(value: Any) -> Any:
        return float(value) if isinstance(value, Decimal) else str(value)

    return json.dumps(answer, ensure_ascii=False, default=plain).encode("utf-8", "backslashreplace").decode()


def _without_blank_end(lines: Iterable[str]) -> Iterator[str]:
    """The lines as they come; blank ones only once something follows them, so that a file may end with some."""
    blank: list[str] = []
    for line in lines:
        if line.strip():
            yield from blank
            blank.clear()
            yield line
        else:
            blank.append(line)


def triage_outcome(given: Given, today: date, municipality: str = "") -> Given:
    """Outcome with rules, reasons and law; or what is possible and worth asking."""
    declined = given.get("declined") or []
    if not isinstance(declined, list) or not all(
        isinstance(name, str) and name in CITIZEN for name in declined
    ):
        raise InvalidError("line.declined", value=str(declined)[:80])
    book = rulebook_on(_day(given, today), municipality)
    known = parse_facts(CITIZEN, _object(given, "facts"))
    return as_answer(book, standing(book, known, declined), known)


def triage_understand(given: Given, today: date, _municipality: str = "") -> Given:
    """What a text says in answer to a question, or to none ("open"): facts to be confirmed, and what may have been meant."""
    question, text, lang = (given.get(name) for name in ("question", "text", "lang"))
    if not isinstance(question, str) or not isinstance(text, str):
        raise InvalidError("line.text", question=str(question)[:40], text=str(text)[:40])
    if lang not in (None, "da", "en"):
        raise InvalidError("line.lang", value=str(lang)[:40])
    found = understand(question, text[:LONGEST_TEXT], lang or "da", _day(given, today))
    named = found.occupation
    return {
        "facts": dict(found.facts),
        "occupation": {"code": named.code, "label": named.titles[lang or "da"]} if named else None,
        "candidates": [
            {"fact": one.fact, "value": one.value, "label": one.label, "score": one.score}
            for one in found.candidates
        ],
        "wants_person": found.wants_person,
        "sure": found.sure,
    }


def guarantee(given: Given, today: date, municipality: str = "") -> Given:
    """The promise's days, due date and last bookable day."""
    due = promise(
        _instant(given.get("asked_at")),
        book=rulebook_on(_day(given, today), municipality),
        benefit=_benefit(given.get("benefit")),
        first_conversation=_flag(given.get("first_conversation")),
        closed=ClosedDays(),
    ).due
    return {
        "guarantee_days": due.guarantee_days,
        "due_on": due.due_on.isoformat(),
        "latest_bookable": due.latest_bookable.isoformat() if due.latest_bookable else None,
    }


def employer_check(given: Given, today: date, municipality: str) -> Given:
    """Every condition of a company's request, the desk it goes to and the earliest start."""
    day = _day(given, today)
    where = municipality_code(given.get("municipality") or municipality)
    request = PlacementFacts.parse(_object(given, "request"), where)
    found = judge(rulebook_on(day, where), request, day, ClosedDays())
    return {
        "conditions": {name: _condition(one) for name, one in found.conditions.items()},
        "desk": {"id": found.desk.id, "team": found.desk.team, "forward_to": found.desk.forward_to},
        "earliest_start": found.earliest_start.isoformat(),
    }


def _condition(one: Judged) -> Given:
    answer = {
        "result": one.result,
        "figures": one.figures,
        "law": one.law,
        "confidence": one.confidence,
        "why": one.why,
    }
    return answer | ({"missing": list(one.missing)} if one.missing else {})


def _day(given: Given, today: date) -> date:
    """The line's own `today`, else the one asked for."""
    own = given.get("today")
    if own is None:
        return today
    try:
        return date.fromisoformat(own)
    except (TypeError, ValueError):
        raise InvalidError("line.today", value=str(own)[:40]) from None


def _object(given: Given, name: str) -> Given:
    value = given.get(name)
    if not isinstance(value, dict):
        raise InvalidError("line.missing", field=name)
    return value


def _instant(raw: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(raw)
        if instant.tzinfo is None:
            raise ValueError
        return instant.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise InvalidError("guarantee.asked_at", value=str(raw)[:40]) from None


def _benefit(raw: Any) -> str | None:
    if raw is None or (isinstance(raw, str) and raw in BENEFITS):
        return raw
    raise InvalidError("fact.value", fact="benefit", value=str(raw)[:40], domain=", ".join(BENEFITS))


def _flag(raw: Any) -> bool:
    if raw is None or isinstance(raw, bool):
        return bool(raw)
    raise InvalidError("fact.value", fact="first_conversation", value=str(raw)[:40], domain="true, false")
