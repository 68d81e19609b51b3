"""Municipal layers: a national rulebook with some figures changed and some rows inserted, replaced or switched off.

A layer is a file of its own with a municipality, a period and a note. What it may touch is closed: figures and the rows of
tables and conditions, never questions, texts about complaints or the words of facts. The result is a whole rulebook again,
and is read and proved like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from portal.triage.lines import AT, At
from portal.triage.phrases import nearest
from portal.triage.rulebook import LANGUAGES, TABLES, Fault, Laid
from portal.triage.source import Source, is_day

VERBS = ("insert", "replace", "switch_off")
KEYS = {
    "language",
    "id",
    "municipality",
    "version",
    "valid_from",
    "valid_to",
    "note",
    "law",
    "figure",
    *VERBS,
    AT,
}
KEPT = "complaint."  # figures of the complaint guidance are law, and no municipality's
LAW = ("talks",)  # tables that are the law's own
VERB_KEYS = {
    "insert": {"table", "before", "after", "row", AT},
    "replace": {"table", "id", "row", AT},
    "switch_off": {"table", "id", "note", AT},
}


def lay(national: Source, layers: Sequence[Source], on: date) -> tuple[Source, list[Fault]]:
    """`national` with the layers that hold on `on` laid over it, in their order; and every mistake in them.

    Without a layer it is `national` itself, with its own hash.
    """
    holding = [layer for layer in layers if layer.holds_on(on)]
    if not holding:
        return national, []
    content = _copied(national.content)
    faults: list[Fault] = []
    for layer in holding:
        faults += Laying(content, layer).faults
    names = [national.name, *(layer.name for layer in holding)]
    content["id"] = "+".join([str(content.get("id")), *(layer.municipality for layer in holding)])
    content["version"] = "+".join([national.version, *(layer.version for layer in holding)])
    return Source(" + ".join(names), content, hash_of(national, holding)), faults


def _copied(content: Mapping[str, Any]) -> dict[str, Any]:
    """A copy whose lists of figures, rows and conditions may be changed; the rows themselves never are."""
    copied = {key: list(value) if isinstance(value, list) else value for key, value in content.items()}
    copied["condition"] = [{**one, "row": list(one.get("row", []))} for one in copied.get("condition", [])]
    return copied


def hash_of(national: Source, layers: Sequence[Source]) -> str:
    """What pins a rulebook: the edition's own hash, or that of the edition and its layers together."""
    return _joined([one.hash for one in (national, *layers)])


def old_hash_of(national: Source, layers: Sequence[Source]) -> str:
    """The same as it stood in stamps before values were told apart by kind."""
    return _joined([one.old_hash for one in (national, *layers)])


def _joined(hashes: Sequence[str]) -> str:
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("+".join(hashes).encode()).hexdigest()


def laid(layer: Source) -> Laid:
    """What a layer is and does, for people. The layer must have been read without faults."""
    content = layer.content
    changes = [("figure", "figure", str(raw.get("name"))) for raw in content.get("figure", [])]
    for verb in VERBS:
        for raw in content.get(verb, []):
            row = raw.get("row", {}).get("id") if verb == "insert" else raw.get("id")
            changes.append((verb, str(raw.get("table")), str(row)))
    until = content.get("valid_to")
    return Laid(
        layer.municipality,
        layer.version,
        layer.valid_from,
        until if is_day(until) else None,
        content.get("note", {}),
        str(content.get("law", "")),
        tuple(changes),
    )


class Laying:
    """Lays one layer over `content`, in place, collecting faults."""

    def __init__(self, content: dict[str, Any], layer: Source) -> None:
        self.content, self.layer = content, layer
        self.faults: list[Fault] = []
        self._own_figures: set[int] = set()
        self._head()
        for raw in self._tables("figure"):
            self._change_figure(raw)
        for verb in VERBS:
            for raw in self._tables(verb):
                self._change_row(verb, raw)

    def _fault(self, raw: Mapping[str, Any], table: str, row: str, kind: str, message: str) -> None:
        at = raw.get(AT)
        line = at.line if isinstance(at, At) else 0
        self.faults.append(Fault(table, row, kind, message, file=self.layer.name, line=line))

    def _head(self) -> None:
        content = self.layer.content
        for key in content:
            if key not in KEYS:
                message = f"{key} means nothing in a municipal layer{nearest(key, KEYS - {AT})}"
                self._fault(content, "rulebook", "", "rail.effect", message)
        for key in ("version", "valid_from", "law"):
            if key not in content:
                self._fault(content, "rulebook", "", "missing", f"write {key} at the top of the file")
        if "+" in self.layer.version:
            self._fault(
                content, "rulebook", "", "syntax", "write the version without +, which joins versions"
            )
        note = content.get("note")
        for lang in LANGUAGES:
            if not isinstance(note, dict) or not note.get(lang):
                self._fault(
                    content, "rulebook", "", "missing_text", f"write note.{lang}: why it is otherwise"
                )

    def _tables(self, name: str) -> Iterator[Mapping[str, Any]]:
        found = self.layer.content.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self._fault(self.layer.content, name, "", "syntax", f"write {name} as [[{name}]]")
            return
        yield from found

    def _change_figure(self, raw: Mapping[str, Any]) -> None:
        name = str(raw.get("name", "?"))
        figures = self.content.get("figure", [])
        before = [one for one in figures if one.get("name") == name]
        if not before:
            names = {str(one.get("name")) for one in figures}
            self._fault(
                raw, "figure", name, "unknown_figure", f"there is no figure {name}{nearest(name, names)}"
            )
            return
        if name.startswith(KEPT):
            message = f"{name} is law and no municipality's to change; take it out"
            self._fault(raw, "figure", name, "rail.complaint", message)
            return
        label = {"label": before[0].get("label", {})}
        mine = {**label, **raw, "origin": self.layer.municipality}
        if not is_day(mine.setdefault("valid_from", self.layer.valid_from)):
            return  # told by the proof, for every date in the file
        where = figures.index(before[-1]) + 1
        own = self._own_figures
        others = [
            one
            for one in before
            if id(one) not in own and one.get("valid_from", date.min) >= mine["valid_from"]
        ]
        own.add(id(mine))
        self.content["figure"] = [
            one for one in [*figures[:where], mine, *figures[where:]] if one not in others or one is mine
        ]

    def _change_row(self, verb: str, raw: Mapping[str, Any]) -> None:
        table = str(raw.get("table", "?"))
        for key in sorted(set(raw) - VERB_KEYS[verb]):
            message = f"{key} means nothing in [[{verb}]]{nearest(key, VERB_KEYS[verb] - {AT})}"
            self._fault(raw, table, "", "syntax", message)
        if verb == "insert" and ("before" in raw) == ("after" in raw):
            self._fault(raw, table, "", "syntax", "write either before or after: where the new row goes")
            return
        if table in LAW:
            self._fault(
                raw, table, "", "rail.effect", f"{table} is the law's own table and no municipality's"
            )
            return
        rows = self._rows(table)
        if rows is None:
            names = [*TABLES, *(str(one.get("id")) for one in self.content.get("condition", []))]
            self._fault(raw, table, "", "unknown_table", f"there is no table {table}{nearest(table, names)}")
            return
        ids = [str(row.get("id")) for row in rows]
        target = str(raw.get("id") or raw.get("before") or raw.get("after") or "")
        if target not in ids:
            self._fault(
                raw, table, target, "missing_row", f"there is no row {target or '(none named)'}{nearest(target, ids)}"
            )  # fmt: skip
            return
        place = ids.index(target)
        if verb == "switch_off":
            del rows[place]
            return
        row = raw.get("row")
        if not isinstance(row, dict):
            self._fault(raw, table, target, "missing", f"write the new row under [{verb}.row]")
            return
        mine = {**row, "origin": self.layer.municipality}
        if verb == "replace":
            mine.setdefault("id", target)
            rows[place] = mine
        else:
            rows.insert(place + ("after" in raw), mine)

    def _rows(self, table: str) -> list[Any] | None:
        """The rows of that table or condition, to be changed in place."""
        if table in TABLES:
            found = self.content.get(table)
        else:
            conditions = [one for one in self.content.get("condition", []) if one.get("id") == table]
            found = conditions[0].get("row") if conditions else None
        return found if isinstance(found, list) else None
