"""Why: the row that decided, what it read, which rows were near and on what alone they failed, and the smallest change of
facts that would have led elsewhere. Exact, over the cells a table can tell apart, and worked out once for each cell.

`told` puts it into words for three readers: the citizen or company (no office words), the caseworker (ids and version), the
auditor (everything).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.triage.facts import Value
from portal.triage.people import condition_said, fact_said, phrases
from portal.triage.rulebook import LANGUAGES, Rulebook
from portal.triage.table import Box, Row, Table

CITIZEN, CASEWORKER, AUDITOR = "citizen", "caseworker", "auditor"
READERS = (CITIZEN, CASEWORKER, AUDITOR)
NEAREST = 4
Decision = Callable[[Row], Any]  # what a row comes to: rows with equal decisions lead to the same place


@dataclass(frozen=True)
class Near:
    """A row before the one that decided that would have, but for one condition."""

    row: Row
    fact: str


@dataclass(frozen=True)
class Elsewhere:
    """The fewest facts that would have to be otherwise for another decision, each with the nearest value that does it."""

    row: Row
    change: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Explanation:
    """`rows` can still decide (more than one when they all come to the same); `read` are the facts known of those the table
    reads up to there."""

    rows: tuple[Row, ...]
    read: tuple[str, ...]
    near: tuple[Near, ...]
    elsewhere: tuple[Elsewhere, ...]


class Explainer:
    """Explains one table's decisions. `decision` says which rows come to the same."""

    def __init__(
        self, table: Table, decision: Decision, never: Sequence[str] = (), *, others: bool = True
    ) -> None:
        self.table, self.decision = table, decision
        self.never = {table.facts.index(name) for name in never if name in table.facts}
        self._others = others
        self._found: dict[Box, Explanation] = {}
        self._regions: list[tuple[Row, list[Box]]] | None = None

    def explain(self, known: Mapping[str, Value]) -> Explanation:
        """Why `known` comes to what it does, settled or not. Nearest values are those of whoever comes by first in a cell."""
        start = self.table.start(known)
        found = self._found.get(start)
        if found is None:
            found = self._found[start] = self._explained(start, known)
        return found

    def _explained(self, start: Box, known: Mapping[str, Value]) -> Explanation:
        rows = tuple(row for row, boxes in self.table.split(start)[0] if boxes)
        if not rows:
            return Explanation((), (), (), ())
        upto = self.table.rows[: self.table.rows.index(rows[-1]) + 1]
        read = tuple(
            name
            for i, name in enumerate(self.table.facts)
            if name in known and i not in self.never and any(name in row.when for row in upto)
        )
        return Explanation(rows, read, self._near(rows, known), self._elsewhere(rows, start, known))

    def _near(self, rows: Sequence[Row], known: Mapping[str, Value]) -> tuple[Near, ...]:
        """Rows before the first that can decide, all of whose conditions are known to hold but one; another decision."""
        found = []
        mine = {self.decision(row) for row in rows}
        for row in self.table.rows[: self.table.rows.index(rows[0])]:
            missed = [name for name in row.when if not Row("", {name: row.when[name]}, {}).matches(known)]
            if len(missed) != 1 or missed[0] not in known or self.table.facts.index(missed[0]) in self.never:
                continue
            if self.decision(row) not in mine:
                found.append(Near(row, missed[0]))
        return tuple(found[-NEAREST:][::-1])

    def _elsewhere(
        self, rows: Sequence[Row], start: Box, known: Mapping[str, Value]
    ) -> tuple[Elsewhere, ...]:
        if not self._others:
            return ()
        mine = {self.decision(row) for row in rows}
        best: dict[Any, tuple[tuple[int, int], Row, tuple[tuple[str, Value], ...]]] = {}
        for place, (row, boxes) in enumerate(self._decided()):
            decision = self.decision(row)
            for box in boxes if decision not in mine else ():
                apart = [
                    i for i, (here, there) in enumerate(zip(start, box, strict=True)) if not here & there
                ]
                rank = (len(apart), place)
                if self.never & set(apart) or (decision in best and best[decision][0] <= rank):
                    continue
                change = self._change(apart, box, known)
                if self._leads(known, change, decision):
                    best[decision] = rank, row, change
        return tuple(
            Elsewhere(row, change) for _, row, change in sorted(best.values(), key=lambda one: one[0])
        )

    def _decided(self) -> list[tuple[Row, list[Box]]]:
        if self._regions is None:
            self._regions = self.table.split(self.table.start({}))[0]
        return self._regions

    def _change(
        self, apart: Sequence[int], box: Box, known: Mapping[str, Value]
    ) -> tuple[tuple[str, Value], ...]:
        return tuple(
            (self.table.facts[i], self.table.cells[i].nearest(box[i], known[self.table.facts[i]]))
            for i in apart
        )

    def _leads(self, known: Mapping[str, Value], change: Sequence[tuple[str, Value]], decision: Any) -> bool:
        """Whether the change alone settles it, whatever is not known."""
        return bool(change) and {
            self.decision(row) for row in self.table.possible({**known, **dict(change)})
        } == {decision}


# ------------------------------------------------------------------ in words


def as_facts(
    book: Rulebook, found: Explanation, known: Mapping[str, Value], titles: Mapping[str, Any]
) -> dict[str, Any]:
    """The explanation as plain data, to be stored with the case: words in every language, ids, version and all figures.

    `titles` maps a row's id to what people call where it leads.
    """
    return {
        "rulebook": book.stamp,
        "rows": [
            {
                "rule": row.id,
                "law": row.law,
                "confidence": row.confidence,
                "why": book.fill(row.texts["why"]) if "why" in row.texts else {},
                "figures": {name: str(value) for name, value in row.figures.items()},
                "origin": row.origin,
            }
            for row in found.rows
        ],
        "read": [
            {
                "fact": name,
                "value": _plain(known[name]),
                "said": _each(fact_said, name, known[name], book.words),
            }
            for name in found.read
        ],
        "near": [
            {
                "rule": near.row.id,
                "fact": near.fact,
                "title": titles.get(near.row.id, {}),
                "condition": _each(condition_said, near.fact, near.row.when[near.fact], book.words),
            }
            for near in found.near
        ],
        "elsewhere": [
            {
                "rule": other.row.id,
                "change": {name: _plain(value) for name, value in other.change},
                "title": titles.get(other.row.id, {}),
                "said": {
                    lang: phrases()[lang]["and"].join(
                        fact_said(name, value, book.words, lang) for name, value in other.change
                    )
                    for lang in LANGUAGES
                },
            }
            for other in found.elsewhere
        ],
    }


def told(stored: Mapping[str, Any], reader: str, lang: str) -> list[str]:
    """What is stored, as sentences for that reader."""
    phrase = phrases()[lang]
    said = list(dict.fromkeys(row["why"][lang] for row in stored["rows"] if row["why"]))
    if stored["read"]:
        said.append(phrase["read"].format(facts="; ".join(one["said"][lang] for one in stored["read"])))
    said += told_of_others(stored, reader, lang)
    if any(row["confidence"] == "unverified" for row in stored["rows"]):
        said.append(phrase["unverified"])
    return [*said, *(_told_of_rules(stored, reader, lang) if reader != CITIZEN else [])]


def told_of_others(stored: Mapping[str, Any], reader: str, lang: str) -> list[str]:
    """The rows that were near, and what would have led elsewhere. To the citizen by name, to staff by the row's id; what has
    no name is not told to the citizen."""
    phrase = phrases()[lang]
    said = []
    for one in stored["near"]:
        name = _name(one, reader, lang)
        if name:
            said.append(
                phrase["near"].format(title=name[:1].upper() + name[1:], condition=one["condition"][lang])
            )
    for one in stored["elsewhere"]:
        name = _name(one, reader, lang)
        if name:
            said.append(
                phrase["elsewhere"].format(change=one["said"][lang], title=name[:1].lower() + name[1:])
            )
    return list(dict.fromkeys(said))


def _name(one: Mapping[str, Any], reader: str, lang: str) -> str:
    return str(one["title"].get(lang, "")) if reader == CITIZEN else str(one["rule"])


def _told_of_rules(stored: Mapping[str, Any], reader: str, lang: str) -> list[str]:
    phrase, book = phrases()[lang], stored["rulebook"]
    stamp = book["hash"] if reader == AUDITOR else book["hash"][:12]
    rules = ", ".join(row["rule"] for row in stored["rows"])
    said = [
        phrase["rule"].format(rule=rules, book=f"{book['id']} {book['version']} ({stamp})"),
        phrase["law"].format(law="; ".join(dict.fromkeys(row["law"] for row in stored["rows"]))),
    ]
    if reader == AUDITOR:
        for row in stored["rows"]:
            said += [f"{name} = {value}" for name, value in row["figures"].items()]
        said += [f"{one['fact']} = {one['value']}" for one in stored["read"]]
    return said


def _each(say: Callable[..., str], *given: Any) -> dict[str, str]:
    return {lang: say(*given, lang) for lang in LANGUAGES}


def _plain(value: Value) -> Any:
    return value if isinstance(value, bool | int | str) else str(value)
