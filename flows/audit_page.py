"""One page about the audits so far, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from flows.summary_page import markdown_cell, markdown_table
from pipeline.audit_draw import Draw
from pipeline.audit_sampling import AuditTally


def audit_page(total: AuditTally, by_template: Mapping[str, AuditTally], draw: Draw) -> str:
    """What people found wrong among accepted values, in all and by form, and what was drawn now. No field contents."""
    rows = [(markdown_cell(name), *_figures(one)) for name, one in by_template.items()]
    rows.append(("all", *_figures(total)))
    head = ("template", "audited", "wrong", "rate", "95 % interval", "error budget", "waiting")
    return "\n\n".join(["# Audit of accepted values", _verdict(total), markdown_table(head, rows), _drawn(draw)]) + "\n"


def _figures(one: AuditTally) -> tuple[object, ...]:
    low, high = one.interval
    rate = "" if one.rate is None else f"{one.rate:.2%}"
    return one.audited, one.wrong, rate, f"{low:.2%} to {high:.2%}", f"{one.budget:.2%}", one.waiting


def _verdict(total: AuditTally) -> str:
    if total.is_broken:
        return f"**The error budget is broken**; the evidence sufficed at audited field {total.alarm_at}."
    if not total.audited:
        return "Nobody has keyed an audited field yet."
    missing = max(0, total.enough - total.audited)
    return "The error budget is not found broken." + (
        f" {missing} more fields, none of them wrong, would prove that it is kept." if missing else ""
    )


def _drawn(draw: Draw) -> str:
    note = f"{draw.fields} accepted fields were drawn now, in {len(draw.files)} files."
    if draw.out_of_reach:
        note += f" {draw.out_of_reach} are out of reach: their file is neither where it was nor in the archive."
    return note
