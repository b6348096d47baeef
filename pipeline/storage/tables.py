"""Tables of the state database, as SQLAlchemy sees them. Their history is in `migrations/versions/`.

Times are ISO 8601 text in UTC, so that they compare the same on SQLite and PostgreSQL. Names of files live in JSON
columns only: JSON escapes what is not valid text in them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, MetaData, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Table(DeclarativeBase):
    """Base of all tables. Constraints have fixed names, without which later migrations cannot address them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {list[Any]: JSON, dict[str, Any]: JSON}  # noqa: RUF012 - SQLAlchemy reads it as a plain class attribute


class ReviewItemRow(Table):
    """One field that waits for, or has had, a person's answer."""

    __tablename__ = "review_items"
    __table_args__ = (
        Index("ix_review_items_source_id", "source_id"),
        Index("ix_review_items_state_created_at", "state", "created_at"),
        Index(
            "ix_review_items_claims",
            *("claimed_by", "claimed_until"),
            sqlite_where=text("claimed_by IS NOT NULL"),
            postgresql_where=text("claimed_by IS NOT NULL"),
        ),
        Index("ix_review_items_reviewer_keyed_at", "reviewer", "keyed_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    created_at: Mapped[str]

    source_id: Mapped[str]
    source_names: Mapped[list[Any]]
    document: Mapped[int]
    page: Mapped[int]
    position: Mapped[int]
    template: Mapped[str | None]
    field: Mapped[str]
    kind: Mapped[str]
    length: Mapped[int | None]
    country: Mapped[str | None]
    date_order: Mapped[str]
    polygon_px: Mapped[list[Any]]

    machine_value: Mapped[str | None]
    raw: Mapped[str | None]
    confidence: Mapped[float]
    threshold: Mapped[float]
    reasons: Mapped[list[Any]]
    alternatives: Mapped[list[Any]]
    characters: Mapped[list[Any]]
    accounts_px: Mapped[list[Any] | None]
    fingerprint: Mapped[str]
    run: Mapped[str | None]

    human_value: Mapped[str | None]
    reviewer: Mapped[str | None]
    keyed_at: Mapped[str | None]

    priority: Mapped[int] = mapped_column(server_default="0")
    skips: Mapped[int] = mapped_column(server_default="0")
    keying: Mapped[str] = mapped_column(server_default="shown")
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[str | None]

    crop: Mapped[ReviewCropRow | None] = relationship(cascade="all, delete-orphan", passive_deletes=True)


# In the order in which fields are handed out, so that a claim reads a few rows and sorts none.
Index(
    "ix_review_items_turn",
    ReviewItemRow.state, ReviewItemRow.priority.desc(), ReviewItemRow.skips, ReviewItemRow.created_at,
    ReviewItemRow.source_id, ReviewItemRow.document, ReviewItemRow.position,
)  # fmt: skip
# The same for those who work on one form at a time, of which little may wait behind much else.
Index(
    "ix_review_items_form_turn",
    ReviewItemRow.state, ReviewItemRow.template, ReviewItemRow.priority.desc(), ReviewItemRow.skips,
    ReviewItemRow.created_at, ReviewItemRow.source_id, ReviewItemRow.document, ReviewItemRow.position,
)  # fmt: skip


class ReviewCropRow(Table):
    """Picture of a field. Apart from its item, so that lists and counts never touch picture bytes."""

    __tablename__ = "review_crops"

    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=True)
    png: Mapped[bytes] = mapped_column(LargeBinary)


class RunRow(Table):
    """One batch: when, by whom, and what became of the files. The database itself refuses counts that do not add up."""

    __tablename__ = "runs"
    __table_args__ = (
        CheckConstraint("seen = skipped + accepted + needs_review + failed", name="counts_reconcile"),
        Index("ix_runs_started", "started"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str]
    process: Mapped[str]
    started: Mapped[str]
    ended: Mapped[str | None]
    error: Mapped[str | None]

    seen: Mapped[int]
    skipped: Mapped[int]
    accepted: Mapped[int]
    needs_review: Mapped[int]
    failed: Mapped[int]
    unsettled: Mapped[int]
    pages: Mapped[int]
    seconds: Mapped[float]
    summary: Mapped[dict[str, Any]]


class ReviewKeyRow(Table):
    """What one person keyed blindly for an item that is not settled by it; no value when he could not read it."""

    __tablename__ = "review_keys"
    __table_args__ = (Index("ix_review_keys_reviewer_keyed_at", "reviewer", "keyed_at"),)

    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.id", ondelete="CASCADE"), primary_key=True)
    reviewer: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str | None]
    keyed_at: Mapped[str]


class ReviewSeedRow(Table):
    """A settled field with its value made wrong, put before one reviewer to see whether he notices."""

    __tablename__ = "review_seeds"
    __table_args__ = (Index("ix_review_seeds_reviewer_keyed_at", "reviewer", "keyed_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.id", ondelete="CASCADE"))
    reviewer: Mapped[str]
    seeded_at: Mapped[str]
    value: Mapped[str]
    raw: Mapped[str]
    characters: Mapped[list[Any]]
    truth: Mapped[str]
    state: Mapped[str]
    keyed: Mapped[str | None]
    keyed_at: Mapped[str | None]


class ReviewLogRow(Table):
    """One entry of the audit log; see `review_log`. No foreign key: the log outlives what it tells of."""

    __tablename__ = "review_log"
    __table_args__ = (
        Index("ix_review_log_actor_at", "actor", "at"),
        Index("ix_review_log_item_id", "item_id"),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str]
    actor: Mapped[str]
    event: Mapped[str]
    item_id: Mapped[str]
    detail: Mapped[str | None]
    detail_hash: Mapped[str]
    hash: Mapped[str]


class ReviewerRow(Table):
    """A person who may sign in to the review station."""

    __tablename__ = "reviewers"

    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    password: Mapped[str]
    created_at: Mapped[str]


class ReviewSessionRow(Table):
    """Somebody signed in to the review station; only a digest of what his browser carries is kept."""

    __tablename__ = "review_sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    reviewer: Mapped[str]
    role: Mapped[str]
    form_token: Mapped[str]
    began: Mapped[str]
    seen: Mapped[str]


class TrainingSampleRow(Table):
    """One digit that a person labelled; it goes with the item it was cut from."""

    __tablename__ = "training_samples"
    __table_args__ = (
        Index("ix_training_samples_item_id", "item_id"),
        Index("ix_training_samples_source_id", "source_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("review_items.id", ondelete="CASCADE"))
    source_id: Mapped[str]
    document: Mapped[int]
    template: Mapped[str | None]
    field: Mapped[str]
    position: Mapped[int]
    digit: Mapped[int]
    reviewer: Mapped[str]
    keyed_at: Mapped[str]
    png: Mapped[bytes] = mapped_column(LargeBinary)


class TrainingVersionRow(Table):
    """What one round of retraining learnt from and was judged on."""

    __tablename__ = "training_versions"

    id: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[str]
    training: Mapped[int]
    held_out: Mapped[int]


class TrainingMemberRow(Table):
    """That a version holds a sample."""

    __tablename__ = "training_members"
    __table_args__ = (Index("ix_training_members_sample_id", "sample_id"),)

    version: Mapped[str] = mapped_column(ForeignKey("training_versions.id", ondelete="CASCADE"), primary_key=True)
    sample_id: Mapped[str] = mapped_column(ForeignKey("training_samples.id", ondelete="CASCADE"), primary_key=True)
