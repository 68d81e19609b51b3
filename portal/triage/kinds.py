"""What kind of value a figure is, and what a row may decide: read from `kinds.toml`, where a lawyer can see it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from portal.triage.rulebook import FOLDER


@cache
def kinds() -> Mapping[str, Any]:
    """`figure`: by name; `then`: by table and what its rows decide."""
    return tomllib.loads((FOLDER / "kinds.toml").read_text(encoding="utf-8"))


def not_of_kind(value: Any, kind: Mapping[str, Any]) -> str:
    """What is wrong with `value`, as the end of a sentence that begins with its name; empty when nothing is."""
    if kind["kind"] == "flag":
        return "" if isinstance(value, bool) else f"must be true or false; this is {_shown(value)}"
    if kind["kind"] == "one_of":
        wanted = ", ".join(kind["values"])
        return "" if value in kind["values"] else f"must be one of: {wanted}; this is {_shown(value)}"
    takes = int if kind["kind"] == "whole" else (int, Decimal)
    if isinstance(value, takes) and not isinstance(value, bool) and kind["low"] <= value <= kind["high"]:
        return ""
    what = "a whole number" if kind["kind"] == "whole" else "a number"
    return f"must be {what} from {kind['low']} to {kind['high']}; this is {_shown(value)}"


def _shown(value: Any) -> str:
    said = f'"{value}"' if isinstance(value, str) else str(value)
    return said if len(said) <= 40 else f"{said[:40]}…"
