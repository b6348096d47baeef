"""The training set: digits that people labelled, where they come from, and which of them each version holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005_training_set"
down_revision = "0004_queue_at_scale"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables. Samples go with the item they were cut from, so retention reaches them by itself."""
    op.create_table(
        "training_samples",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("document", sa.Integer(), nullable=False),
        sa.Column("template", sa.String(), nullable=True),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digit", sa.Integer(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("keyed_at", sa.String(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["review_items.id"], name="fk_training_samples_item_id_review_items", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_training_samples"),
    )
    op.create_index("ix_training_samples_item_id", "training_samples", ["item_id"])
    op.create_index("ix_training_samples_source_id", "training_samples", ["source_id"])
    op.create_table(
        "training_versions",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("training", sa.Integer(), nullable=False),
        sa.Column("held_out", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_training_versions"),
    )
    op.create_table(
        "training_members",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("sample_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"], ["training_versions.id"], name="fk_training_members_version_training_versions",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["training_samples.id"], name="fk_training_members_sample_id_training_samples",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version", "sample_id", name="pk_training_members"),
    )  # fmt: skip
    op.create_index("ix_training_members_sample_id", "training_members", ["sample_id"])
