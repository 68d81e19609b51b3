"""A municipality's own rulebook layers, as they were written."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint

from portal.store.columns import one_of
from portal.store.tables.base import TenantRow


class RuleLayer(TenantRow, table=True):
    """A draft, or a published layer that never changes. Whoever wrote it cannot have published it: the database says so."""

    content: str
    hash: str
    version_name: str
    valid_from: date
    state: str
    created_at: datetime
    created_by: str
    published_at: datetime | None = None
    published_by: str | None = None
    __table_args__ = (
        one_of("state", ("draft", "published", "dropped", "withdrawn")),
        CheckConstraint("published_by IS NULL OR published_by <> created_by", name="four_eyes"),
    )
