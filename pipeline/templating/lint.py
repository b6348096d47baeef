"""Everything a person should know about a template before a batch relies on it, with the lines to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.document import FormTemplate, Page, RegistrationStatus
from pipeline.stages.register import register_page
from pipeline.storage.templates import Inspection, inspect_template
from pipeline.templating.lint_fields import field_remarks
from pipeline.templating.lint_print import print_remarks, reference_page


class Severity(StrEnum):
    """An error keeps the template from being loaded; a warning wants a look."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a template file. `line` counts from 1; None for the file as a whole."""

    file: Path
    line: int | None
    severity: Severity
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.severity}: {self.message}"


def lint_templates(files: Sequence[Path]) -> tuple[Finding, ...]:
    """Errors and warnings of template files that are to be used together, by file and line."""
    inspections = {file: inspect_template(file) for file in files}
    found = [finding for file, inspection in inspections.items() for finding in _of_one(file, inspection)]
    found += _of_all(inspections)
    order = {file: place for place, file in enumerate(files)}
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: (order[finding.file], finding.line or 0)))


def _of_one(file: Path, inspection: Inspection) -> Iterator[Finding]:
    for problem in inspection.problems:
        yield Finding(file, problem.line, Severity.ERROR, problem.remark)
    if inspection.template is None:
        return
    for remark in (*field_remarks(inspection.template), *print_remarks(inspection.template)):
        line = inspection.lines.get((remark.field, remark.key)) or inspection.lines.get((remark.field, ""))
        yield Finding(file, line, Severity.WARNING, remark.message)


def _of_all(inspections: dict[Path, Inspection]) -> Iterator[Finding]:
    """What is wrong with templates only beside each other."""
    templates = {file: found.template for file, found in inspections.items() if found.template is not None}
    owners: dict[str, Path] = {}
    for file, template in templates.items():
        name = template.identity.name
        if name in owners:
            yield Finding(file, 1, Severity.ERROR, f"the name {name} is taken by {owners[name]}")
        owners.setdefault(name, file)
    for file, template in templates.items():
        line = inspections[file].lines.get(("", "reference"))
        for message in _mistaken(template, tuple(templates.values())):
            yield Finding(file, line, Severity.WARNING, message)


def _mistaken(template: FormTemplate, templates: Sequence[FormTemplate]) -> Iterator[str]:
    """How the blank form itself is recognised: a filled-in one can only do worse."""
    for number in range(1, template.page_count + 1):
        page: Page = reference_page(template, number)
        seen = register_page(page, templates)
        where = f"page {number} of the reference" if template.page_count > 1 else "the reference"
        if seen.template is template and seen.template_page == number:
            continue
        if seen.status is RegistrationStatus.OK and seen.template is not None:
            yield f"{where} is taken for {seen.template.identity.name} page {seen.template_page}"
        elif register_page(page, [template]).status is RegistrationStatus.OK:
            yield f"{where} cannot be told from another form: too much of what is printed outside the fields is alike"
        else:
            yield f"{where} is not recognised as this form: too little is printed outside the fields"
