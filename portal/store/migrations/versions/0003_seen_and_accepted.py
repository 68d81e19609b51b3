"""seen and accepted: when a citizen was last here, so that what nobody needs can go; who made sure who a candidate is"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = "7a1be2c09d34"
down_revision = "0fc66d990dbf"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A default of the day fills the rows there are, of every municipality at once; then it goes."""
    with op.batch_alter_table("citizen", recreate="auto" if _postgresql() else "always") as batch:
        batch.add_column(
            sa.Column("seen_on", sa.Date(), nullable=True, server_default=sa.func.current_date())
        )
    with op.batch_alter_table("citizen") as batch:
        batch.alter_column("seen_on", existing_type=sa.Date(), server_default=None)
    with op.batch_alter_table("candidate") as batch:
        batch.add_column(sa.Column("accepted_by", sqlmodel.sql.sqltypes.AutoString(), nullable=True))


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def downgrade() -> None:
    with op.batch_alter_table("candidate") as batch:
        batch.drop_column("accepted_by")
    with op.batch_alter_table("citizen") as batch:
        batch.drop_column("seen_on")
