"""The review station: claims, blind keys, the audit log, reviewers and their sessions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_review_station"
down_revision = "0002_runs"
branch_labels = None
depends_on = None

_APPEND_ONLY_SQLITE = (
    """CREATE TRIGGER review_log_no_delete BEFORE DELETE ON review_log
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END""",
    """CREATE TRIGGER review_log_no_update BEFORE UPDATE ON review_log
    WHEN NEW.detail IS NOT NULL OR NEW.number <> OLD.number OR NEW.at <> OLD.at OR NEW.actor <> OLD.actor
      OR NEW.event <> OLD.event OR NEW.item_id <> OLD.item_id OR NEW.detail_hash <> OLD.detail_hash
      OR NEW.hash <> OLD.hash
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END""",
)
_APPEND_ONLY_POSTGRESQL = (
    """CREATE FUNCTION review_log_only_grows() RETURNS trigger AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND NEW.detail IS NULL
         AND (NEW.number, NEW.at, NEW.actor, NEW.event, NEW.item_id, NEW.detail_hash, NEW.hash)
           = (OLD.number, OLD.at, OLD.actor, OLD.event, OLD.item_id, OLD.detail_hash, OLD.hash) THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'the audit log only grows';
    END $$ LANGUAGE plpgsql""",
    """CREATE TRIGGER review_log_only_grows BEFORE UPDATE OR DELETE ON review_log
    FOR EACH ROW EXECUTE FUNCTION review_log_only_grows()""",
)
"""Slips of our own and of a database console are refused. Whoever removes the triggers first is found by the hashes.
What an entry says may be blanked, since retention asks for it; that it was made, and when, stays."""


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column("review_items", sa.Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("review_items", sa.Column("skips", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("review_items", sa.Column("keying", sa.String(), nullable=False, server_default="shown"))
    op.add_column("review_items", sa.Column("claimed_by", sa.String(), nullable=True))
    op.add_column("review_items", sa.Column("claimed_until", sa.String(), nullable=True))
    op.create_table(
        "review_keys",
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("keyed_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["review_items.id"], name="fk_review_keys_item_id_review_items", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item_id", "reviewer", name="pk_review_keys"),
    )
    op.create_table(
        "review_log",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("detail_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_review_log"),
    )
    op.create_index("ix_review_log_actor_at", "review_log", ["actor", "at"])
    op.create_index("ix_review_log_item_id", "review_log", ["item_id"])
    op.create_table(
        "reviewers",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_reviewers"),
    )
    op.create_table(
        "review_sessions",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("form_token", sa.String(), nullable=False),
        sa.Column("began", sa.String(), nullable=False),
        sa.Column("seen", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_review_sessions"),
    )
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in _APPEND_ONLY_POSTGRESQL if is_postgresql else _APPEND_ONLY_SQLITE:
        op.execute(statement)
