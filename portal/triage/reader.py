"""Reading a rulebook's content for a day: every mistake is collected, each naming file, line, table, row, what is wrong
and what to write instead.

`language = 2` at the top of a file asks for all that a row has to say for itself: id, law, confidence and reasons in every
language. Files without it are of the first edition, which asked for less, and are read as they were published.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from portal.triage import facts
from portal.triage.kinds import kinds, not_of_kind
from portal.triage.lines import AT
from portal.triage.phrases import Phrases, nearest
from portal.triage.rulebook import TABLES, Condition, Fault, Figure, Question, Rulebook, Words
from portal.triage.source import Source, is_day
from portal.triage.table import Row, Table

OWN_PROMISES = ("team", "contact")  # tables of the first edition whose rows stated neither law nor confidence
EXPLAINED = ("route", "offer", "guarantee", "desk")
KNOWN_KEYS = {"id", "when", "then", "law", "confidence", "why", "remedy", "text", "valid_from", "valid_to", "note", "rank",
              "exemption", "origin", "route", AT}  # fmt: skip
FIGURE_KEYS = {
    "name",
    "label",
    "value",
    "not_known",
    "law",
    "confidence",
    "note",
    "valid_from",
    "valid_to",
    "origin",
    AT,
}
QUESTION_KEYS = {
    "fact",
    "text",
    "help",
    "options",
    "asked_when",
    "weights",
    "asks",
    "sensitive",
    "after_outcome",
    AT,
}
CONDITION_KEYS = {"id", "schemes", "figures", "title", "law", "confidence", "row", AT}
HEAD_KEYS = {"language", "id", "version", "valid_from", "valid_to", "note", "figure", *TABLES, "unclear", "complaint",
             "condition", "question", "way", "not_judged", "fact", AT}  # fmt: skip


def open_rulebook(source: Source, on: date) -> tuple[Rulebook | None, list[Fault]]:
    """The rulebook as it applies on `on`, or every fault that keeps it from being read."""
    reader = Reader(source, on)
    book = reader.rulebook()
    return (None if reader.faults else book), reader.faults


def in_force(raw: Mapping[str, Any], on: date) -> bool:
    """Whether a row or figure holds on that day."""
    since, until = raw.get("valid_from"), raw.get("valid_to")
    return not (is_day(since) and since > on) and not (is_day(until) and until < on)


class Reader(Phrases):
    """Reads one source for one day, collecting every fault instead of stopping at the first."""

    def __init__(self, source: Source, on: date) -> None:
        super().__init__(source.name)
        self.content = source.content
        self.hash = source.hash
        self.on = on
        self.strict = source.content.get("language", 1) == 2
        self.figures = dict(self._figures())

    def rulebook(self) -> Rulebook:
        self._head()
        tables = {
            name: self._table(name, vocabulary)
            for name, vocabulary in TABLES.items()
            if self.strict or name in self.content or name != "talks"
        }
        return Rulebook(
            id=str(self.content.get("id")),
            version=str(self.content.get("version")),
            hash=self.hash,
            tables=tables,
            conditions=tuple(self._conditions()),
            questions=dict(self._questions()),
            ways=dict(self._ways()),
            figures=self.figures,
            unclear=self._row("unclear", self.content.get("unclear", {}), {}, "route.unclear"),
            complaint=self._row("complaint", self.content.get("complaint", {}), {}, "complaint"),
            not_judged=self._not_judged(),
            words=dict(self._words()),
            on=self.on,
        )

    def _keys(self, table: str, name: str, raw: Mapping[str, Any], known: Collection[str]) -> None:
        """Nothing in it that means nothing: a word spelt wrong would be passed over in silence."""
        for key in sorted(set(raw) - set(known)):
            self.fault(
                table, name, "syntax", f"{key} means nothing here{nearest(key, set(known) - {AT})}", key
            )

    def _periods(self, content: Any, name: str = "rulebook") -> None:
        """Every valid_from and valid_to in the file is a date, and nothing ends before it begins."""
        if isinstance(content, list):
            for one in content:
                self._periods(one, name)
            return
        if not isinstance(content, Mapping):
            return
        self.here = content
        row = str(content.get("id") or content.get("name") or "")
        for key in ("valid_from", "valid_to"):
            if key in content and not is_day(content[key]):
                self.fault(name, row, "syntax", f"write {key} as a date without quotes, e.g. 2027-01-01", key)
        begins, ends = content.get("valid_from"), content.get("valid_to")
        if is_day(begins) and is_day(ends) and ends < begins:
            self.fault(name, row, "syntax", f"it ends on {ends}, before it begins on {begins}", "valid_to")
        for key, one in content.items():
            if key != AT:
                self._periods(one, key)

    def _head(self) -> None:
        self._periods(self.content)
        self.here = self.content
        if self.strict:
            self._keys("rulebook", "", self.content, HEAD_KEYS)
        if self.content.get("language", 1) not in (1, 2):
            self.fault("rulebook", "", "syntax", "write language = 2", "language")
        for key in ("id", "version", "valid_from"):
            if key not in self.content:
                self.fault("rulebook", "", "missing", f"write {key} at the top of the file")
        if "text" not in self.content.get("complaint", {}):
            self.fault(
                "complaint", "complaint", "rail.complaint", "the complaint guidance may not be left out"
            )

    def _not_judged(self) -> Mapping[str, Mapping[str, str]]:
        texts: Mapping[str, Mapping[str, str]] = self.content.get("not_judged", {})
        self._both({"id": "not_judged", **texts}, "not_judged", ("candidate", "figure"))
        return texts

    def _ways(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for raw in self._list("way"):
            self._both(raw, "way", ("title", "about"))
            yield str(raw.get("route")), raw

    def _words(self) -> Iterator[tuple[str, Words]]:
        for raw in self._list("fact") if self.strict else []:
            name = str(raw.get("name", "?"))
            self._both(raw, "fact", ("label",))
            values = raw.get("values", {})
            for value in values:
                self._both({"id": name, **values}, "fact", (value,))
            yield name, Words(raw.get("label", {}), raw.get("unit", {}), values)

    def _list(self, name: str) -> Sequence[Mapping[str, Any]]:
        found = self.content.get(name, [])
        if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
            self.here = self.content
            self.fault(name, "", "missing", f"the table {name} is empty or not a list of [[{name}]]", name)
            return []
        return found

    # -------------------------------------------------------------- figures

    def _figures(self) -> Iterator[tuple[str, Figure]]:
        chosen: dict[str, Mapping[str, Any]] = {}
        starts: set[tuple[str, date]] = set()
        for raw in self.content.get("figure", []):
            self.here = raw
            name = str(raw.get("name", "?"))
            self._figure_is_whole(name, raw)
            since = raw.get("valid_from", date.min)
            if not is_day(since) or not is_day(raw.get("valid_to", date.max)):
                continue  # told by `_periods`
            if (name, since) in starts:
                self.fault("figure", name, "figure_twice", "two values begin on one day; keep one of them")
            starts.add((name, since))
            if since <= self.on and (name not in chosen or since >= chosen[name].get("valid_from", date.min)):
                chosen[name] = raw
        for name, raw in chosen.items():
            ended = raw.get("valid_to", date.max) < self.on
            yield (
                name,
                Figure(
                    name,
                    None if raw.get("not_known") else raw.get("value"),
                    str(raw.get("law")),
                    "unverified" if ended else str(raw.get("confidence")),
                    raw.get("label", {}),
                    raw.get("note", {}),
                    raw.get("valid_from"),
                    raw.get("valid_to"),
                    str(raw.get("origin", "")),
                    raw.get(AT),
                ),
            )

    def _figure_is_whole(self, name: str, raw: Mapping[str, Any]) -> None:
        self._confidence("figure", name, raw.get("confidence"))
        if self.strict:
            self._keys("figure", name, raw, FIGURE_KEYS)
        if name not in kinds()["figure"]:
            self.fault(
                "figure",
                name,
                "unknown_figure",
                f"there is no figure {name}{nearest(name, kinds()['figure'])}",
            )
        elif "value" in raw and (wrong := not_of_kind(raw["value"], kinds()["figure"][name])):
            self.fault("figure", name, "unknown_value", f"{name} {wrong}", "value")
        if ("value" in raw) == bool(raw.get("not_known")) or not raw.get("law"):
            self.fault("figure", name, "missing", "a figure needs law, and value or not_known = true")
        if self.strict:
            self._both(raw, "figure", ("label",))

    # -------------------------------------------------------------- rows

    def _row(self, table: str, raw: Mapping[str, Any], vocabulary: Mapping[str, Any], name: str) -> Row:
        self.here = raw
        used: dict[str, Any] = {}
        if self.strict:
            self._keys(table, name, raw, KNOWN_KEYS)
        if not isinstance(raw.get("exemption", False), bool):
            self.fault(table, name, "syntax", "write exemption = true or false, without quotes", "exemption")
        when = self._when(raw.get("when", {}), vocabulary, table, name, used)
        then = {key: self._figure(value, table, name, used) for key, value in raw.get("then", {}).items()}
        if (table not in OWN_PROMISES or self.strict) and "confidence" not in raw:
            self.fault(table, name, "rail.confidence", "a row needs law and confidence")
        confidence = str(raw.get("confidence", "policy"))
        self._confidence(table, name, confidence)
        texts = {key: raw[key] for key in ("why", "remedy", "text") if key in raw}
        if texts:
            self._both(raw, table, list(texts))
        if any(figure.confidence == "unverified" for figure in used.values()):
            confidence = "unverified"
        return Row(
            id=name,
            when=when,
            then=then or {"route": raw.get("route")},
            law=str(raw.get("law", "")),
            confidence=confidence,
            texts=texts,
            figures={figure_name: figure.value for figure_name, figure in used.items()},
            exemption=bool(raw.get("exemption", False)),
            note=raw.get("note", {}),
            valid_from=raw.get("valid_from"),
            valid_to=raw.get("valid_to"),
            rank=raw.get("rank"),
            origin=str(raw.get("origin", "")),
            at=raw.get(AT),
        )

    def _table(self, name: str, vocabulary: Mapping[str, Any]) -> Table:
        rows: list[Row] = []
        seen: set[str] = set()
        for position, raw in enumerate(self._list(name), start=1):
            self.here = raw
            row_id = str(raw.get("id") or f"row {position}")
            if "id" not in raw or row_id in seen:
                self.fault(name, row_id, "syntax", "every row needs an id of its own", "id")
            seen.add(row_id)
            if not in_force(raw, self.on):
                continue
            rows.append(self._row(name, raw, vocabulary, row_id))
            if (name in EXPLAINED or self.strict) and not (raw.get("why") and raw.get("law")):
                self.fault(name, row_id, "missing_text", "write why.da, why.en and law")
        return Table(rows, vocabulary)

    def _conditions(self) -> Iterator[Condition]:
        for raw in self._list("condition"):
            self.here = raw
            name = str(raw.get("id", "?"))
            if self.strict:
                self._keys("condition", name, raw, CONDITION_KEYS)
            self._both(raw, "condition", ("title",))
            rows = list(self._condition_rows(raw, name))
            yield Condition(
                id=name,
                schemes=tuple(raw.get("schemes", ())),
                title=raw.get("title", {}),
                law=str(raw.get("law", "")),
                confidence=str(raw.get("confidence")),
                table=Table(rows, facts.EMPLOYER),
                without_exemptions=Table([row for row in rows if not row.exemption], facts.EMPLOYER),
                figures=tuple(raw.get("figures", ())),
            )

    def _condition_rows(self, raw: Mapping[str, Any], name: str) -> Iterator[Row]:
        inherited = {"law": raw.get("law", ""), "confidence": raw.get("confidence", "policy")}
        seen: set[str] = set()
        for position, given in enumerate(raw.get("row", []), start=1):
            self.here = given
            row_id = str(given.get("id") or f"{name}.{position}")
            if row_id in seen or (self.strict and "id" not in given):
                self.fault("condition", row_id, "syntax", "every row needs an id of its own", "id")
            seen.add(row_id)
            if not in_force(given, self.on):
                continue
            row = self._row("condition", {**inherited, **given}, facts.EMPLOYER, row_id)
            if row.then.get("result") not in facts.RESULTS or "why" not in row.texts:
                self.fault("condition", row.id, "missing", "a row needs then.result, why.da and why.en")
            yield row

    def _questions(self) -> Iterator[tuple[str, Question]]:
        for raw in self._list("question"):
            self.here = raw
            name = str(raw.get("fact", "?"))
            if self.strict:
                self._keys("question", name, raw, QUESTION_KEYS)
            self._both(raw, "question", ("text", "help"))
            if name not in facts.CITIZEN:
                self.fault("question", name, "unknown_fact", f"{name} is no fact of the triage", "fact")
                continue
            yield (
                name,
                Question(
                    fact=name,
                    asked_when=self._when(raw.get("asked_when", {}), facts.CITIZEN, "question", name, {}),
                    texts={"text": raw.get("text", {}), "help": raw.get("help", {})},
                    options=raw.get("options", {}),
                    weights=raw.get("weights", {}),
                    asks=str(raw.get("asks", name)),
                    sensitive=bool(raw.get("sensitive", False)),
                    after_outcome=bool(raw.get("after_outcome", False)),
                ),
            )
