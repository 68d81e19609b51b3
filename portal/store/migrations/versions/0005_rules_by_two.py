"""Promises and time limits of a municipality are rules that two people publish: its own three figures are gone. A layer that
has not begun may be withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "d91f4c07ab35"
down_revision = "c58e0d1f7b26"
branch_labels = None
depends_on = None

FIGURES = ("guarantee_days", "lead_days", "answer_days")
STATES = ("draft", "published", "dropped")


def _states(states: tuple[str, ...]) -> None:
    with op.batch_alter_table("rulelayer") as batch:
        batch.drop_constraint(op.f("ck_rulelayer_state"), type_="check")
        listed = ", ".join(f"'{state}'" for state in states)
        batch.create_check_constraint(op.f("ck_rulelayer_state"), f"state IN ({listed})")


def upgrade() -> None:
    with op.batch_alter_table("municipality") as batch:
        for name in FIGURES:
            batch.drop_column(name)
    _states((*STATES, "withdrawn"))


def downgrade() -> None:
    op.execute("UPDATE rulelayer SET state = 'dropped' WHERE state = 'withdrawn'")
    _states(STATES)
    with op.batch_alter_table("municipality") as batch:
        for name in FIGURES:
            batch.add_column(sa.Column(name, sa.Integer(), nullable=True))
