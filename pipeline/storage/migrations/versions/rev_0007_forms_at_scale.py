"""Indexes for a long queue of many forms: whose turn it is within one form, and what a person keyed blindly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007_forms_at_scale"
down_revision = "0006_seeded_errors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them; each takes seconds for a million fields."""
    op.create_index(
        "ix_review_items_form_turn",
        "review_items",
        ["state", "template", sa.text("priority DESC"), "skips", "created_at", "source_id", "document", "position"],
    )
    op.create_index("ix_review_keys_reviewer_keyed_at", "review_keys", ["reviewer", "keyed_at"])
