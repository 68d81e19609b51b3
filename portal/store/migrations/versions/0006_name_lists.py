"""Official names of occupations and industries; and the occupation a request is about, so that staff can search by it."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

from portal.store import rights

revision = "e37b1a90c2d6"
down_revision = "d91f4c07ab35"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("placementcase") as batch:
        batch.add_column(sa.Column("occupation", sqltypes.AutoString(), nullable=False, server_default=""))
    with op.batch_alter_table("placementcase") as batch:
        batch.alter_column(
            "occupation", existing_type=sqltypes.AutoString(), existing_nullable=False, server_default=None
        )
    op.create_table(
        "namelist",
        sa.Column("municipality", sqltypes.AutoString(length=3), nullable=False),
        sa.Column("id", sqltypes.AutoString(length=64), nullable=False),
        sa.Column("names", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("digest", sqltypes.AutoString(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sqltypes.UTCDateTime(), nullable=False),
        sa.CheckConstraint("id IN ('disco', 'esco', 'industries')", name=op.f("ck_namelist_id")),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipality.code"], name=op.f("fk_namelist_municipality")
        ),
        sa.PrimaryKeyConstraint("municipality", "id", name=op.f("pk_namelist")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in rights.protect("namelist"):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("namelist")
    with op.batch_alter_table("placementcase") as batch:
        batch.drop_column("occupation")
