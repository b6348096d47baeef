"""Seeded errors, and the account numbers on the page of a field."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_seeded_errors"
down_revision = "0005_training_set"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column."""
    op.add_column("review_items", sa.Column("accounts_px", sa.JSON(), nullable=True))
    op.create_table(
        "review_seeds",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("seeded_at", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("raw", sa.String(), nullable=False),
        sa.Column("characters", sa.JSON(), nullable=False),
        sa.Column("truth", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("keyed", sa.String(), nullable=True),
        sa.Column("keyed_at", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"], ["review_items.id"], name="fk_review_seeds_item_id_review_items", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_review_seeds"),
    )
    op.create_index("ix_review_seeds_reviewer_keyed_at", "review_seeds", ["reviewer", "keyed_at"])
