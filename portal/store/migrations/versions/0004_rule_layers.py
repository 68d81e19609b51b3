"""rule layers: a municipality's own rulebooks, and the list of those that are published"""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

from portal.store import rights

revision = "c58e0d1f7b26"
down_revision = "7a1be2c09d34"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("municipality") as batch:
        batch.add_column(
            sa.Column("rule_layers", sa.JSON(none_as_null=True), nullable=False, server_default="[]")
        )
    with op.batch_alter_table("municipality") as batch:
        batch.alter_column(
            "rule_layers",
            existing_type=sa.JSON(none_as_null=True),
            existing_nullable=False,
            server_default=None,
        )
    op.create_table(
        "rulelayer",
        sa.Column("municipality", sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("content", sqltypes.AutoString(), nullable=False),
        sa.Column("hash", sqltypes.AutoString(), nullable=False),
        sa.Column("version_name", sqltypes.AutoString(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("state", sqltypes.AutoString(), nullable=False),
        sa.Column("created_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("created_by", sqltypes.AutoString(), nullable=False),
        sa.Column("published_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("published_by", sqltypes.AutoString(), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'published', 'dropped')", name=op.f("ck_rulelayer_state")),
        sa.CheckConstraint(
            "published_by IS NULL OR published_by <> created_by", name=op.f("ck_rulelayer_four_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_rulelayer_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_rulelayer")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in rights.protect("rulelayer"):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("rulelayer")
    with op.batch_alter_table("municipality") as batch:
        batch.drop_column("rule_layers")
