"""One page about the audits so far, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flows.summary_page import markdown_cell, markdown_table
from pipeline.audit_draw import Draw
from pipeline.audit_sampling import AuditTally


@dataclass(frozen=True, slots=True)
class Audited:
    """Accepted values that people keyed, and fields called blank, each with a rate of its own."""

    values: AuditTally
    blanks: AuditTally

    @property
    def is_broken(self) -> bool:
        return self.values.is_broken or self.blanks.is_broken


def audit_page(total: Audited, by_template: Mapping[str, Audited], draw: Draw) -> str:
    """What people found wrong among accepted values and blanks, in all and by form, and what was drawn now.

    No field contents.
    """
    verdict = " ".join((_verdict(total.values, "value"), _verdict(total.blanks, "blank")))
    return "\n\n".join(["# Audit of accepted fields", verdict, _table(total, by_template), _drawn(draw)]) + "\n"


def _table(total: Audited, by_template: Mapping[str, Audited]) -> str:
    named = [*((markdown_cell(name), one) for name, one in by_template.items()), ("all", total)]
    rows = [
        (name, what, *_figures(one))
        for name, audited in named
        for what, one in (("values", audited.values), ("blanks", audited.blanks))
    ]
    head = ("template", "of", "audited", "wrong", "rate", "95 % interval", "error budget", "waiting")
    return markdown_table(head, rows)


def _figures(one: AuditTally) -> tuple[object, ...]:
    low, high = one.interval
    rate = "" if one.rate is None else f"{one.rate:.2%}"
    return one.audited, one.wrong, rate, f"{low:.2%} to {high:.2%}", f"{one.budget:.2%}", one.waiting


def _verdict(one: AuditTally, word: str) -> str:
    if one.is_broken:
        return f"**The error budget is broken** for {word}s; the evidence sufficed at audited {word} {one.alarm_at}."
    if not one.audited:
        return f"Nobody has keyed an audited {word} yet."
    missing = max(0, one.enough - one.audited)
    return f"The error budget is not found broken for {word}s." + (
        f" {missing} more, none of them wrong, would prove that it is kept." if missing else ""
    )


def _drawn(draw: Draw) -> str:
    note = f"{draw.fields} accepted and blank fields were drawn now, in {len(draw.files)} files."
    if draw.out_of_reach:
        note += f" {draw.out_of_reach} are out of reach: their file is neither where it was nor in the archive."
    return note
