"""Decisions in words: why a field was accepted, left blank, or put before a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipeline.document import Decision, FieldReading, Reason, RegistrationStatus
from pipeline.explaining.explain import ExplainedField, ExplainedPage
from pipeline.process import FieldTrace
from pipeline.stages.decode import COMB

REASONS: Mapping[Reason, str] = {
    Reason.LOW_CONFIDENCE: "the reading is not sure enough",
    Reason.REQUIRED_BLANK: "the field must be filled in, and no writing was found in it",
    Reason.OVERFLOW: "much of the ink lies outside the field",
    Reason.TOUCHING: "digits touch, so one blob of ink had to be cut at the border of a cell",
    Reason.STRUCK_OUT: "a long pen line runs through several digits, as if they were struck out",
    Reason.NOT_A_DIGIT: "some of the ink is taken for something else than one digit",
    Reason.REGISTRATION_FAILED: "the page fits no form, so nobody knows where the field is",
    Reason.IMAGE_QUALITY: "the picture is too poor",
    Reason.FAINT: "the ink is hardly darker than the paper",
    Reason.CLIPPED: "a digit is cut off by the edge of the picture",
    Reason.LENGTH_MISMATCH: "the field cannot have so many digits, or a cell between digits is empty",
    Reason.DISAGREEMENT: "the two readers see different digits",
    Reason.RENDERERS_DIFFER: "two ways of drawing this page gave different pictures",
    Reason.UNCERTIFIED: "the threshold is only an estimate, and the settings accept none of these",
    Reason.AUDIT_SAMPLE: "it was drawn by lot for an audit",
    Reason.SECOND_KEY: "a second person is asked to read it, too",
}
RULES: Mapping[str, str] = {
    "luhn": "the last digit is the Luhn check digit of the others",
    "aba_routing": "nine digits with the check digit of a routing number",
    "iban_mod97": "check digits and account fit, with the country before them",
    "mod11": "the last digit is the modulo-11 check digit of the others",
    "mod97": "the last two digits are the rest of the others modulo 97",
    "date": "there is such a day",
    "range": "the number lies within its bounds",
    "regex": "the value fits its pattern",
    "one_of_file": "the value is on the list",
    "sum": "the parts add up to the total",
    "equal": "the fields have the same value",
}
_RULE_FAILED = "rule_failed:"
LEVEL_DEG = 0.05
NAMED_FORMS = 4


def percent(probability: float) -> str:
    """As many decimals as tell it from certainty: `61 %`, `98.6 %`, `99.97 %`; never 100 % for what is not certain."""
    if probability >= 1:
        return "100 %"
    if 0 < probability < 0.01:
        return f"{100 * probability:.1f} %" if probability >= 0.0005 else "under 0.1 %"
    for decimals, below in ((0, 0.95), (1, 0.995), (2, 0.9999)):
        if probability < below:
            return f"{100 * probability:.{decimals}f} %"
    return "over 99.99 %"


def decision_words(field: ExplainedField) -> str:
    """One sentence: what is done with the field."""
    reading = field.reading
    if reading.decision is Decision.BLANK:
        return "Blank: no writing was found, and the field may be empty."
    if reading.decision is Decision.ACCEPTED:
        return (
            f"Accepted: {reading.value} is right with a probability of {percent(reading.confidence)}, "
            f"and {percent(reading.threshold)} were asked for."
        )
    if reading.value is None:
        return "For a person to key: nothing was read here."
    return f"For a person to confirm or correct: the best reading is {reading.value}, at {percent(reading.confidence)}."


def reason_words(reading: FieldReading) -> tuple[str, ...]:
    """Every reason of a field in review, in words."""
    return tuple(_reason(reason, reading) for reason in reading.reasons)


def _reason(reason: str, reading: FieldReading) -> str:
    if reason.startswith(_RULE_FAILED):
        rule = reason.removeprefix(_RULE_FAILED)
        if rule == reading.kind:
            return f"what is written makes no {rule.replace('_', ' ')}"
        return f"the rule {rule} fails: it is not so that {RULES.get(rule, 'it holds')}"
    if reason == Reason.LOW_CONFIDENCE and reading.threshold >= 1:
        return "no threshold is known that would keep the error budget, so nothing is sure enough"
    if reason == Reason.LOW_CONFIDENCE:
        return f"{REASONS[Reason.LOW_CONFIDENCE]}: {percent(reading.confidence)}, below {percent(reading.threshold)}"
    return REASONS[Reason(reason)]


def threshold_words(trace: FieldTrace, max_error: float, operating_point: str) -> str:
    """Where the threshold comes from."""
    spec = trace.segmentation.region.spec
    if spec.threshold is not None:
        return f"The template itself asks for {percent(trace.reading.threshold)} here."
    budget = f"at most {100 * max_error:g} % of accepted values wrong"
    if spec.max_error is not None:
        budget = f"at most {100 * spec.max_error:g} % of accepted values wrong, as the template has it,"
    if trace.threshold.value >= 1:
        return f"For {budget}, the operating point ({operating_point}) knows no threshold: nothing is accepted."
    reader = "cells" if trace.decoded.reader == COMB else "free lines"
    asked = percent(trace.threshold.value)
    return f"For {budget}, the operating point ({operating_point}) asks for {asked} where {reader} are read."


def registration_words(page: ExplainedPage, forms: Sequence[str]) -> str:
    """Which form a page was taken for, and how it lies."""
    registration = page.registration
    if registration.status is RegistrationStatus.NOT_NEEDED:
        found = "" if any(field.trace is not None for field in page.fields) else ", and none was found"
        return f"No templates were given: boxes were searched on the page{found}."
    if registration.status is RegistrationStatus.FAILED:
        named = " or ".join(forms) if len(forms) <= NAMED_FORMS else f"any of the {len(forms)} forms"
        return f"Not recognised as {named}: the best match scored {registration.score:.2f}. Nothing was cut out."
    template = registration.template
    name = template.identity.name if template is not None else "a form"
    number = f", page {registration.template_page}" if template is not None and template.page_count > 1 else ""
    turn = f", turned by {registration.rotation_deg}°" if registration.rotation_deg else ""
    lean = f", leaning {registration.skew_deg:+.1f}°" if abs(registration.skew_deg) >= LEVEL_DEG else ""
    found = f"{len(registration.anchors)} printed places were found again, {registration.residual_px or 0:.2f} px off"
    return f"Recognised as {name}{number} with a score of {registration.score:.2f}{turn}{lean}. {found} on average."
