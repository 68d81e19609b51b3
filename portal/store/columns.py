"""What the tables' definitions are made of: names of constraints, JSON and sealed columns, keys that carry the municipality."""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from portal.store.sealing import Sealed

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING
Facts = dict[str, Any]


def json_facts() -> Any:
    return Field(default_factory=dict, sa_type=JSON(none_as_null=True))


def json_list() -> Any:
    return Field(default_factory=list, sa_type=JSON(none_as_null=True))


def sealed_facts() -> Any:
    return Field(default_factory=dict, sa_type=Sealed("facts"))


def sealed_text(default: str | None = None) -> Any:
    return Field(default=default, sa_type=Sealed("text"))


def belongs(column: str, table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["municipality", column], [f"{table}.municipality", f"{table}.id"])


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def unique_while(name: str, *columns: str, where: str) -> Index:
    return Index(
        name, "municipality", *columns, unique=True, sqlite_where=text(where), postgresql_where=text(where)
    )
