"""Audits as a flow: people key a share of what was accepted or blank; the run fails when too much of it is wrong."""

from __future__ import annotations

import time
from pathlib import Path

from prefect import flow, get_run_logger

from flows.artifacts import publish_page
from flows.audit_page import Audited, audit_page
from flows.chunks import cut, read_chunks
from pipeline.audit_draw import Draw, draw_accepted
from pipeline.audit_sampling import tally
from pipeline.composition import batch_options
from pipeline.errors import BudgetBrokenError
from pipeline.plan import BatchPlan
from pipeline.runs import recorded
from pipeline.settings import Settings, load_settings
from pipeline.storage.review_queue import ReviewQueue


@flow(name="audit", flow_run_name="audit {out}", persist_result=False)
def audit(
    out: Path = Path("out"),
    templates: Path | None = None,
    archive: Path | None = None,
    share: float | None = None,
    max_error: float | None = None,
) -> str:
    """Put a seeded share of all accepted and blank fields into the review queue, and say what audits found so far.

    Files that hold such fields are read once more, for their pictures; with the same model that changes no result.

    Args:
        out: folder of the results.
        templates: folder of form templates; the setting `templates` when None.
        archive: where originals may have moved to.
        share: of accepted and blank fields; the setting `audit_share` when None.
        max_error: the error budget; the setting when None.

    Returns:
        The finding in one sentence.

    Raises:
        BudgetBrokenError: the evidence suffices that more values are wrong, or blanks filled in, than may be.
    """
    settings = load_settings(templates=templates, audit_share=share, max_error=max_error)
    with ReviewQueue.open(settings.queue_url) as queue:
        draw = draw_accepted(out, settings.routing, queue, archive)
    get_run_logger().info(
        "%d accepted and blank fields drawn in %d files; %d out of reach",
        draw.fields,
        len(draw.files),
        draw.out_of_reach,
    )
    _read_again(draw, out, settings)
    with ReviewQueue.open(settings.queue_url) as queue:
        tallies = {form: _tally(queue, form, settings.max_error) for form in queue.audited_templates()}
        total = _tally(queue, None, settings.max_error)
    publish_page("audit", audit_page(total, tallies, draw))
    found = f"{total.values.wrong} of {total.values.audited} audited values wrong"
    lost = f"{total.blanks.wrong} of {total.blanks.audited} blanks filled in"
    finding = f"{found}, {lost}; error budget {settings.max_error:.2%}"
    if total.is_broken:
        raise BudgetBrokenError(f"the error budget is broken: {finding}; stop accepting, and calibrate anew")
    return finding


def _read_again(draw: Draw, out: Path, settings: Settings) -> None:
    if not draw.files:
        return
    options = batch_options(settings, out, again=True)
    with recorded("audit", options) as run:
        began = time.perf_counter()
        chunks = cut(BatchPlan(draw.files), options, settings.dask_address)
        count = read_chunks(chunks, run.options, settings.dask_address, lambda: None)
        run.done(count.summary(time.perf_counter() - began))


def _tally(queue: ReviewQueue, template: str | None, budget: float) -> Audited:
    blanks = queue.audited(template, called_blank=True)
    return Audited(tally(*queue.audited(template), budget), tally(*blanks, budget))
