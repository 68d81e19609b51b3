"""What every table stands on: the list of municipalities, and the row that belongs to one."""

# No `from __future__ import annotations` in this package: SQLModel reads the annotations.
from sqlmodel import Field, SQLModel

from portal.store.columns import Facts, json_facts, json_list


class Municipality(SQLModel, table=True):
    """Public: which municipalities this installation serves, and which rulebook layers of their own are published."""

    code: str = Field(primary_key=True, max_length=3)
    slug: str = Field(unique=True)
    name: str
    phone: str
    email: str
    address: str
    opening_hours: Facts = json_facts()
    rule_layers: list[str] = json_list()  # the municipality's own rulebook layers that are published
    fictional: bool = False  # a demo: the demo login serves no other


class TenantRow(SQLModel):
    """A row of one municipality. `id` is random (128 bits) unless a table says otherwise."""

    municipality: str = Field(primary_key=True, max_length=3, foreign_key="municipality.code")
    id: str = Field(primary_key=True, max_length=64)
