"""Indexes for a queue of a million fields: whose turn it is, what is on screens, who keyed what lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_queue_at_scale"
down_revision = "0003_review_station"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them; each takes seconds for a million fields."""
    op.create_index(
        "ix_review_items_turn",
        "review_items",
        ["state", sa.text("priority DESC"), "skips", "created_at", "source_id", "document", "position"],
    )
    is_claimed = sa.text("claimed_by IS NOT NULL")
    op.create_index(
        "ix_review_items_claims",
        "review_items",
        ["claimed_by", "claimed_until"],
        sqlite_where=is_claimed,
        postgresql_where=is_claimed,
    )
    op.create_index("ix_review_items_reviewer_keyed_at", "review_items", ["reviewer", "keyed_at"])
