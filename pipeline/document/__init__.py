"""The vocabulary: what flows from a file to its result. Plain frozen records; none of them knows how to save itself."""

from pipeline.document.form import Cents, FieldKind, FieldSpec, FormTemplate, RectMm, RuleSpec, TemplateIdentity
from pipeline.document.geometry import Box, FloatMatrix, Point, Polygon
from pipeline.document.reading import (
    Alternative,
    CharacterReading,
    Decision,
    FieldReading,
    Reason,
    RuleOutcome,
    rule_failed,
)
from pipeline.document.region import (
    SURE_LEAD,
    DigitCrop,
    FieldPrint,
    FieldRegion,
    Placing,
    Registration,
    RegistrationStatus,
)
from pipeline.document.result import (
    Correction,
    DocumentResult,
    ErrorItem,
    ModelIdentity,
    PageFacts,
    ResultStatus,
    SourceResult,
)
from pipeline.document.source import MediaType, OpenBytes, Page, Source

__all__ = [
    "SURE_LEAD",
    "Alternative",
    "Box",
    "Cents",
    "CharacterReading",
    "Correction",
    "Decision",
    "DigitCrop",
    "DocumentResult",
    "ErrorItem",
    "FieldKind",
    "FieldPrint",
    "FieldReading",
    "FieldRegion",
    "FieldSpec",
    "FloatMatrix",
    "FormTemplate",
    "MediaType",
    "ModelIdentity",
    "OpenBytes",
    "Page",
    "PageFacts",
    "Placing",
    "Point",
    "Polygon",
    "Reason",
    "RectMm",
    "Registration",
    "RegistrationStatus",
    "ResultStatus",
    "RuleOutcome",
    "RuleSpec",
    "Source",
    "SourceResult",
    "TemplateIdentity",
    "rule_failed",
]
