"""Decision tables turned into Python for one case at a time: which row decides, as plain comparisons and set look-ups.

The source is generated from rows that have been read and proved, never from text somebody typed: facts are names of the
vocabulary, limits are values that were parsed, and everything else is a number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from portal.triage.facts import EVERY, Value
from portal.triage.table import Cells, Row, Table

Decide = Callable[[Mapping[str, Value]], int]


def decider(table: Table) -> Decide:
    """A function from complete facts to the position of the row that decides, or -1 where none does.

    KeyError for a fact of the table that is not given."""
    limits: list[Any] = []
    lines = ["def decide(given):"]
    lines += [f"    {_name(table, fact)} = given[{fact!r}]" for fact in table.facts]
    for position, row in enumerate(table.rows):
        condition = _row(table, row, limits)
        lines.append(f"    return {position}" if not condition else f"    if {condition}: return {position}")
        if not condition:
            break
    else:
        lines.append("    return -1")
    decide: Decide = _made(lines, limits)["decide"]
    return decide


def case_decider(tables: Mapping[str, Table]) -> Callable[[Mapping[str, Value]], tuple[str | None, ...]]:
    """One function for several tables: from complete facts to the id of the deciding row of each, None where none does."""
    limits: list[Any] = []
    lines = ["def decide(given):"]
    for prefix, table in _prefixed(tables):
        lines += [f"    {_name(table, fact, prefix)} = given[{fact!r}]" for fact in table.facts]
        for position, row in enumerate(table.rows):
            condition = _row(table, row, limits, prefix)
            word = "if" if position == 0 else "elif"
            lines.append(
                f"    {word if condition else 'else'}{' ' + condition if condition else ''}: {prefix} = {row.id!r}"
            )
            if not condition:
                break
        else:
            lines.append(f"    else: {prefix} = None")
    lines.append(f"    return ({', '.join(prefix for prefix, _ in _prefixed(tables))},)")
    found: Callable[[Mapping[str, Value]], tuple[str | None, ...]] = _made(lines, limits)["decide"]
    return found


class Cell(Protocol):
    """What all people of one cell have in common, and from that what one of them is told."""

    def of(self, known: Mapping[str, Value]) -> Any: ...


def case_explainer(
    tables: Mapping[str, Table], cell_of: Callable[[str, Mapping[str, Value]], Cell]
) -> Callable[[Mapping[str, Value]], tuple[Any, ...]]:
    """One function for several tables: from complete facts to what each table's cell tells this person; `cell_of` is asked
    once for each cell."""
    scope: dict[str, Any] = {"cell_of": cell_of}
    lines = ["def explained(given):"]
    for number, (name, table) in enumerate(tables.items()):
        stride, parts = 1, []
        for i in range(len(table.facts) - 1, -1, -1):
            scope[f"c{number}_{i}"] = _strided(table.cells[i], stride)
            parts.append(f"c{number}_{i}[given[{table.facts[i]!r}]]")
            stride *= len(table.cells[i].examples)
        scope[f"k{number}"], scope[f"n{number}"] = {}, name
        lines.append(f"    i{number} = {' + '.join(parts) or '0'}")
        lines.append(f"    e{number} = k{number}.get(i{number})")
        lines.append(
            f"    if e{number} is None: e{number} = k{number}[i{number}] = cell_of(n{number}, given)"
        )
    told = (f"e{number}.whoever or e{number}.of(given)" for number in range(len(tables)))
    lines.append(f"    return ({', '.join(told)},)")
    exec(compile("\n".join(lines), "<explanations>", "exec"), scope)  # noqa: S102 generated here from parsed rows
    found: Callable[[Mapping[str, Value]], tuple[Any, ...]] = scope["explained"]
    return found


def _prefixed(tables: Mapping[str, Table]) -> list[tuple[str, Table]]:
    return [(f"t{number}", table) for number, table in enumerate(tables.values())]


class _Looked(dict[Value, int]):
    """The number of the cell of each value; of a fact with too many values worked out when it is first asked for."""

    def __init__(self, cells: Cells, stride: int) -> None:
        super().__init__()
        self.cells, self.stride = cells, stride

    def __missing__(self, value: Value) -> int:
        self[value] = (self.cells.mask_of(value).bit_length() - 1) * self.stride
        return self[value]


def _strided(cells: Cells, stride: int) -> Mapping[Value, int]:
    return _Looked(cells, stride)


def _made(lines: list[str], limits: list[Any]) -> dict[str, Any]:
    scope: dict[str, Any] = {f"limit{i}": limit for i, limit in enumerate(limits)}
    exec(compile("\n".join(lines), "<decision table>", "exec"), scope)  # noqa: S102 generated here from parsed rows
    return scope


def _name(table: Table, fact: str, prefix: str = "") -> str:
    if fact not in EVERY:
        raise ValueError(f"{fact} is no fact")
    return f"{prefix}f{table.facts.index(fact)}"


def _row(table: Table, row: Row, limits: list[Any], prefix: str = "") -> str:
    parts = [
        _condition(_name(table, fact, prefix), condition, limits) for fact, condition in row.when.items()
    ]
    return " and ".join(parts)


def _condition(name: str, condition: Mapping[str, Any], limits: list[Any]) -> str:
    return " and ".join(_part(name, operator, wanted, limits) for operator, wanted in condition.items())


def _part(name: str, operator: str, wanted: Any, limits: list[Any]) -> str:
    if operator == "not":
        return f"not ({_condition(name, wanted, limits)})"
    if operator == "equal" and isinstance(wanted, bool):
        return name if wanted else f"not {name}"
    if operator == "one_of":
        return f"{name} in {_limit(frozenset(wanted), limits)}"
    if operator == "between":
        return f"{_limit(wanted[0], limits)} <= {name} <= {_limit(wanted[1], limits)}"
    sign = {"equal": "==", "at_least": ">=", "at_most": "<=", "less_than": "<"}[operator]
    return f"{name} {sign} {_limit(wanted, limits)}"


def _limit(value: Any, limits: list[Any]) -> str:
    """A small whole number as it is; anything else by a name of its own."""
    if isinstance(value, int) and not isinstance(value, bool):
        return repr(value)
    if not isinstance(value, str | bool | Decimal | frozenset):
        raise TypeError(f"{value!r} is no limit")
    limits.append(value)
    return f"limit{len(limits) - 1}"
