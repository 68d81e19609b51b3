"""Rows of any table, made from its columns alone: for what must hold of every table, also of one added tomorrow."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Date, Integer, inspect
from sqlmodel.sql.sqltypes import UTCDateTime

from portal.store.sealing import Sealed
from portal.store.tables import TenantRow
from tests import cast

_PLAIN: dict[type[Any], Any] = {
    Integer: 1,
    Boolean: True,
    Date: cast.NOW.date(),
    UTCDateTime: cast.NOW,
    JSON: {},
}


def bare(table: type[TenantRow], municipality: str = cast.HOME, **known: Any) -> Any:
    """A row with something of the right type in every column that needs it; `known` is taken as it is."""
    values = {"municipality": municipality, "id": secrets.token_hex(16)}
    for column in inspect(table).columns:
        if column.name not in values and not column.nullable and not isinstance(column.type, Sealed):
            values[column.name] = something(column)
    return table(**{**values, **known})


def something(column: Column[Any]) -> Any:
    return next((value for kind, value in _PLAIN.items() if isinstance(column.type, kind)), "x")
