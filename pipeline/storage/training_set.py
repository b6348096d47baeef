"""The training set in the state database: samples with their provenance, and which of them each version holds.

A sample lives no longer than the item it was cut from: the database itself removes it when retention removes the item.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from sqlalchemy import delete, func, select

from pipeline.storage.database import portions
from pipeline.storage.review_rows import decode_crop
from pipeline.storage.state_store import StateStore
from pipeline.storage.tables import TrainingMemberRow, TrainingSampleRow, TrainingVersionRow
from pipeline.training_sample import Sample, version_of


@dataclass(frozen=True, slots=True)
class TrainingVersion:
    """What one round learnt from and was judged on.

    Attributes:
        id: hash of its samples.
        created_at: ISO 8601, UTC.
        training, held_out: its samples when it was made.
        kept: samples still there; fewer once retention removed documents or people answered anew.
    """

    id: str
    created_at: str
    training: int
    held_out: int
    kept: int


class TrainingSet(StateStore):
    """The training set of a database; several processes may use it at once, each with its own object."""

    CALLED = "the training set"

    def answers(self) -> Mapping[str, str]:
        """When the answer was given that the samples of each item stand for, by item."""
        query = select(TrainingSampleRow.item_id, func.max(TrainingSampleRow.keyed_at))
        with self._read() as session:
            return {row[0]: row[1] for row in session.execute(query.group_by(TrainingSampleRow.item_id))}

    def samples(self, version: str | None = None) -> tuple[Sample, ...]:
        """Samples by item and place: all of them, or those of a version."""
        query = select(TrainingSampleRow).order_by(TrainingSampleRow.item_id, TrainingSampleRow.position)
        if version is not None:
            query = query.join(TrainingMemberRow, TrainingMemberRow.sample_id == TrainingSampleRow.id)
            query = query.where(TrainingMemberRow.version == version)
        with self._read() as session:
            return tuple(_to_sample(row) for row in session.scalars(query))

    def replace(self, item_id: str, samples: Sequence[Sample]) -> None:
        """Keep these samples of an item and none that were cut from it before."""
        with self._write() as session:
            session.execute(delete(TrainingSampleRow).where(TrainingSampleRow.item_id == item_id))
            session.add_all(_to_row(sample) for sample in samples)

    def remove(self, items: Collection[str]) -> None:
        """Remove the samples of items that nobody allows, or nobody answers, any more."""
        with self._write() as session:
            for some in portions(items):
                session.execute(delete(TrainingSampleRow).where(TrainingSampleRow.item_id.in_(some)))

    def freeze(self, samples: Sequence[Sample]) -> str:
        """Write down which samples a round uses; doing so twice changes nothing.

        Args:
            samples: they must be kept already.

        Returns:
            Identity of the version.
        """
        version = version_of(samples)
        with self._write() as session:
            if session.get(TrainingVersionRow, version) is None:
                held_out = sum(sample.is_held_out for sample in samples)
                session.add(
                    TrainingVersionRow(
                        id=version, created_at=self._clock(), training=len(samples) - held_out, held_out=held_out
                    )
                )
                session.flush()
                session.add_all(TrainingMemberRow(version=version, sample_id=sample.id) for sample in samples)
        return version

    def made_at(self, version: str) -> str | None:
        """When a version was made, ISO 8601, UTC; None when it is none of this database."""
        with self._read() as session:
            row = session.get(TrainingVersionRow, version)
            return row.created_at if row else None

    def versions(self) -> tuple[TrainingVersion, ...]:
        """All versions, the newest first."""
        kept = (
            select(func.count())
            .select_from(TrainingMemberRow)
            .where(TrainingMemberRow.version == TrainingVersionRow.id)
            .scalar_subquery()
        )
        with self._read() as session:
            rows = session.execute(select(TrainingVersionRow, kept).order_by(TrainingVersionRow.created_at.desc()))
            return tuple(
                TrainingVersion(row.id, row.created_at, row.training, row.held_out, count) for row, count in rows
            )

    def count_of(self, source_ids: Collection[str]) -> int:
        """Number of samples from some files."""
        with self._read() as session:
            return sum(
                session.scalar(
                    select(func.count()).select_from(TrainingSampleRow).where(TrainingSampleRow.source_id.in_(some))
                )
                or 0
                for some in portions(source_ids)
            )


def _to_row(sample: Sample) -> TrainingSampleRow:
    _, encoded = cv2.imencode(".png", np.ascontiguousarray(sample.ink))
    return TrainingSampleRow(
        id=sample.id,
        item_id=sample.item_id,
        source_id=sample.source_id,
        document=sample.document,
        template=sample.template,
        field=sample.field,
        position=sample.position,
        digit=sample.digit,
        reviewer=sample.reviewer,
        keyed_at=sample.keyed_at,
        png=encoded.tobytes(),
    )


def _to_sample(row: TrainingSampleRow) -> Sample:
    return Sample(
        id=row.id,
        item_id=row.item_id,
        source_id=row.source_id,
        document=row.document,
        template=row.template,
        field=row.field,
        position=row.position,
        digit=row.digit,
        reviewer=row.reviewer,
        keyed_at=row.keyed_at,
        ink=decode_crop(row.png),
    )
