"""The command line. Starts fast: what a command needs is imported when it runs."""

from __future__ import annotations

import logging
import sys

from pipeline.cli import (
    audit,
    calibrate,
    compress,
    deploy,
    digit,
    doctor,
    drift,
    evaluate,
    explain,
    export,
    finalise,
    models,
    purge,
    queue,
    read,
    retrain,
    review,
    run,
    runs,
    samples,
    serve,
    template,
    train,
)
from pipeline.cli.app import app
from recognizer.errors import ReadingError

__all__ = [
    "audit",
    "calibrate",
    "compress",
    "deploy",
    "digit",
    "doctor",
    "drift",
    "evaluate",
    "explain",
    "export",
    "finalise",
    "main",
    "models",
    "purge",
    "queue",
    "read",
    "retrain",
    "review",
    "run",
    "runs",
    "samples",
    "serve",
    "template",
    "train",
]

logger = logging.getLogger(__name__)

DEFECT_EXIT_CODE = 1


def main() -> None:
    """Entry point of `fieldreader`: runs a command and turns errors into a sentence and an exit code."""
    try:
        app(prog_name="fieldreader")
    except ReadingError as error:
        logger.debug("in full", exc_info=True)
        _say(str(error))
        sys.exit(error.exit_code)
    except Exception as error:
        logger.debug("in full", exc_info=True)
        _say(
            f"this is a defect of fieldreader ({type(error).__name__}: {error}). "
            "Put --debug before the command to see where, and please report it."
        )
        sys.exit(DEFECT_EXIT_CODE)


def _say(sentence: str) -> None:
    sys.stderr.write(f"fieldreader: {sentence}\n")
