"""The small parts every rulebook row is made of: conditions, limits, figures, texts. Mistakes are collected, never raised."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from portal.domain.errors import InvalidError
from portal.triage import facts
from portal.triage.facts import CONFIDENCES, Fact
from portal.triage.lines import AT, At
from portal.triage.rulebook import LANGUAGES, Fault, Figure
from portal.triage.table import OPERATORS

FORBIDDEN = {
    "sex": "sex", "gender": "sex", "koen": "sex", "ethnic_origin": "ethnic origin", "nationality": "ethnic origin",
    "religion": "religion", "name": "name", "cpr": "CPR digits", "address": "address", "postcode": "address",
}  # fmt: skip


def nearest(word: str, among: Collection[str]) -> str:
    """What was probably meant, as the end of a sentence."""
    found = get_close_matches(str(word), [str(one) for one in among], n=1)
    return f"; write {found[0]}" if found else f"; write one of: {', '.join(sorted(map(str, among)))}"


DECIMALS = 4  # as finely as tables tell numbers apart


class Phrases:
    """Reads conditions and figures of the table at `here`, whose file and line each fault gets."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []
        self.figures: Mapping[str, Figure] = {}
        self.here: Mapping[str, Any] = {}
        self.from_figure = ""  # the figure the limit being read is taken from, if it is from one

    def fault(self, table: str, row: str, kind: str, message: str, key: str = "") -> None:
        at = self.here.get(AT)
        file, line = (at.file, at.of(key)) if isinstance(at, At) else (self.file, 0)
        self.faults.append(Fault(table, row, kind, message, file=file, line=line))

    def _both(self, raw: Mapping[str, Any], table: str, keys: Sequence[str]) -> None:
        name = str(raw.get("id") or raw.get("route") or raw.get("fact") or raw.get("name"))
        for key in keys:
            for lang in LANGUAGES:
                texts = raw.get(key)
                if not isinstance(texts, dict) or not isinstance(texts.get(lang), str) or not texts[lang]:
                    self.fault(table, name, "missing_text", f"write {key}.{lang}", key)

    def _confidence(self, table: str, row: str, given: Any) -> None:
        if given not in CONFIDENCES:
            message = f"{given!r} is no confidence{nearest(str(given), CONFIDENCES)}"
            self.fault(table, row, "rail.confidence", message, "confidence")

    def _figure(self, wanted: Any, table: str, row: str, used: dict[str, Any]) -> Any:
        if isinstance(wanted, list):
            return [self._figure(one, table, row, used) for one in wanted]
        if not isinstance(wanted, str) or not wanted.startswith("@"):
            return wanted
        figure = self.figures.get(wanted[1:])
        if figure is None:
            self.fault(
                table,
                row,
                "unknown_figure",
                f"no figure {wanted[1:]} applies here{nearest(wanted[1:], self.figures)}",
            )
            return None
        if not figure.known:
            self.fault(table, row, "unknown_figure", f"{figure.name} is not known, so no rule may rest on it")
            return None
        used[figure.name] = figure
        return figure.value

    def _when(
        self,
        raw: Mapping[str, Any],
        vocabulary: Mapping[str, Fact],
        table: str,
        row: str,
        used: dict[str, Any],
    ) -> dict[str, dict[str, Any]]:
        when = {}
        for name, condition in raw.items():
            if name not in vocabulary:
                for kind, message in _not_read(name, vocabulary):
                    self.fault(table, row, kind, message, f"when.{name}")
            else:
                when[name] = self._condition(condition, vocabulary[name], table, row, used)
        return when

    def _condition(self, raw: Any, fact: Fact, table: str, row: str, used: dict[str, Any]) -> dict[str, Any]:
        parsed: dict[str, Any] = {}
        key = f"when.{fact.name}"
        if not isinstance(raw, dict) or not raw:
            self.fault(
                table, row, "syntax", f"write {fact.name} as a condition, e.g. {fact.name}.equal = ...", key
            )
            return parsed
        for operator, wanted in raw.items():
            if operator not in OPERATORS:
                self.fault(
                    table, row, "syntax", f"{operator} is no condition{nearest(operator, OPERATORS)}", key
                )
            elif operator == "not":
                parsed["not"] = self._condition(wanted, fact, table, row, used)
            else:
                self.from_figure = wanted[1:] if isinstance(wanted, str) and wanted.startswith("@") else ""
                parsed[operator] = self._limit(
                    operator, self._figure(wanted, table, row, used), fact, table, row
                )
        return parsed

    def _limit(self, operator: str, limit: Any, fact: Fact, table: str, row: str) -> Any:
        key = f"when.{fact.name}"
        many = operator in ("one_of", "between")
        if many != isinstance(limit, list) or (operator == "between" and len(limit) != 2):
            takes = "a list of two" if operator == "between" else "a list" if many else "one value"
            self.fault(table, row, "syntax", f"{fact.name}.{operator} takes {takes}", key)
            limit = limit if isinstance(limit, list) else [limit]
            limit = (
                [*limit, *limit][:2] if operator == "between" else limit if many else (limit or [fact.low])[0]
            )
        if fact.kind in ("flag", "choice") and operator not in ("equal", "one_of"):
            self.fault(table, row, "syntax", f"{fact.name} has no order; write equal, one_of or not", key)
        read = [self._value(value, fact, table, row) for value in (limit if many else [limit])]
        return read if many else read[0]

    def _value(self, value: Any, fact: Fact, table: str, row: str) -> Any:
        """The value; where it is none of the fact's, one that is, so that the rest can be read too. None: told already."""
        if value is None:
            return {"flag": False, "choice": (fact.values or ("",))[0]}.get(fact.kind, fact.low)
        try:
            if isinstance(value, str) and fact.kind in ("whole", "decimal"):
                raise InvalidError("fact.value")  # a number in quotes is a text
            if isinstance(value, Decimal) and value != round(value, DECIMALS):
                raise InvalidError("fact.value")  # nothing is told apart that finely
            return fact.parse(value)
        except InvalidError:
            shown = f'"{value}"' if isinstance(value, str) else str(value)
            message = (
                f"{shown} is no value of {fact.name} ({fact.domain()}, with at most {DECIMALS} decimals)"
            )
            if fact.kind != "decimal":
                message = f"{shown} is no value of {fact.name} ({fact.domain()})"
            if self.from_figure:
                message += f"; it is what the figure {self.from_figure} says"
            if fact.kind == "choice":
                message += nearest(str(value), fact.values)
            self._fault_of_figure(table, row, message, f"when.{fact.name}")
            return {"flag": False, "choice": (fact.values or ("",))[0]}.get(fact.kind, fact.low)

    def _fault_of_figure(self, table: str, row: str, message: str, key: str) -> None:
        """The fault where it can be mended: at the figure, where the value is one."""
        here = self.here
        figure = self.figures.get(self.from_figure)
        if figure is not None and isinstance(figure.at, At):
            self.here = {AT: figure.at}
            key = "value"
        self.fault(table, row, "unknown_value", message, key)
        self.here = here


def _not_read(name: str, vocabulary: Mapping[str, Fact]) -> Iterator[tuple[str, str]]:
    """What is wrong with a fact this table may not read."""
    if name in FORBIDDEN:
        yield (
            "rail.facts",
            f"{name} ({FORBIDDEN[name]}) is protected: no rule may read it; take the condition out",
        )
    elif name in facts.EVERY:
        yield "rail.facts", f"{name} may not be read by this table; take the condition out"
    yield "unknown_fact", f"{name} is no fact this table may read{nearest(name, vocabulary)}"
