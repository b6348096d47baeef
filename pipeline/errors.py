"""Every error of fieldreader in one place.

    ReadingError                      exit code
    ├── ModelError                    2   a model is missing, truncated, foreign or does not fit
    ├── DatasetError                  2   training or evaluation data cannot be used
    ├── SettingsError                 2   an option, environment variable or settings file is wrong
    ├── TemplateError                 2   a template file is wrong; names file and line
    ├── QueueError                    2   the review queue or an import file cannot be used
    ├── OutputError                   2   results cannot be written: no permission, full disk
    ├── DecoderStartError             2   no process can be started to decode scans in
    ├── NothingReadError              5   a flow read not one file of its folder
    ├── ShardError                    2   a part of a wide run did not come to its end
    ├── BudgetBrokenError             3   audits show more wrong values among the accepted than may be
    └── SourceError                   4   one document cannot be read; becomes a result with status "failed"
        ├── NotAFileError                 link, directory, FIFO or device
        ├── UnreadableFileError           no permission, an I/O error, or still being written
        ├── EmptyFileError                0 bytes
        ├── UnsupportedTypeError          magic bytes of no known format
        ├── EncryptedPdfError             needs a password
        ├── DamagedFileError              truncated or corrupt
        ├── NoPagesError                  a container without a page
        ├── TooLargeError                 more bytes, pages or pixels than the limits allow
        ├── TooMuchMemoryError            decoding it needs more memory than the limits allow
        ├── DecoderTimeoutError           decoding takes longer than the limits allow
        ├── DecoderDiedError              it crashed the process that decodes, or had it killed
        ├── InternalError                 a defect of fieldreader met while reading this document
        └── WorkerDiedError               the process reading this document was killed, often for memory

Low confidence, a blank or a failed check digit are outcomes, not errors: they are data in `reasons`.
"""

from __future__ import annotations

from pathlib import Path

from recognizer.errors import DatasetError, ModelError, ReadingError

__all__ = [
    "BudgetBrokenError",
    "DamagedFileError",
    "DatasetError",
    "DecoderDiedError",
    "DecoderStartError",
    "DecoderTimeoutError",
    "EmptyFileError",
    "EncryptedPdfError",
    "InternalError",
    "ModelError",
    "NoPagesError",
    "NotAFileError",
    "NothingReadError",
    "OutputError",
    "QueueError",
    "ReadingError",
    "SettingsError",
    "ShardError",
    "SourceError",
    "TemplateError",
    "TooLargeError",
    "TooMuchMemoryError",
    "UnreadableFileError",
    "UnsupportedTypeError",
    "WorkerDiedError",
]


class SettingsError(ReadingError):
    """An option, an environment variable or the settings file is wrong."""

    code = "settings_error"


class TemplateError(ReadingError):
    """A template file is wrong; the message names the file and the line.

    Attributes:
        remark: what is wrong, without the place.
        line: from 1; None when it is the whole file.
    """

    code = "template_error"

    def __init__(self, remark: str, file: Path | None = None, line: int | None = None) -> None:
        place = f"{file}:{line}: " if line is not None else f"{file}: " if file is not None else ""
        super().__init__(place + remark)
        self.remark = remark
        self.line = line


class QueueError(ReadingError):
    """The review queue or a file imported into it cannot be used."""

    code = "queue_error"


class OutputError(ReadingError):
    """A result cannot be written; it stops the batch, since no later one could be written either."""

    code = "output_error"


class DecoderStartError(ReadingError):
    """No process can be started to decode scans in; it stops the batch."""

    code = "decoder_start_error"


class NothingReadError(ReadingError):
    """Not one file of the folder of a flow could be read."""

    code = "nothing_read"
    exit_code = 5


class ShardError(ReadingError):
    """A part of a wide run did not come to its end; what it has read is kept, and the next run goes on."""

    code = "shard_failed"


class BudgetBrokenError(ReadingError):
    """Audits show that more accepted values are wrong than were to be."""

    code = "budget_broken"
    exit_code = 3


class SourceError(ReadingError):
    """One document cannot be read. It becomes a result with status "failed" and harms no other document.

    Attributes:
        page: page at fault, from 1; None when it is the whole file.
    """

    code = "source_error"
    exit_code = 4

    def __init__(self, message: str, page: int | None = None) -> None:
        super().__init__(message)
        self.page = page


class NotAFileError(SourceError):
    """A link, directory, FIFO or device where a document should be."""

    code = "not_a_file"


class UnreadableFileError(SourceError):
    """A file whose bytes could not be had: no permission, an I/O error, or still being written."""

    code = "unreadable_file"


class EmptyFileError(SourceError):
    """A file of 0 bytes."""

    code = "empty_file"


class UnsupportedTypeError(SourceError):
    """The first bytes are those of no format that can be read."""

    code = "unsupported_type"


class EncryptedPdfError(SourceError):
    """A PDF that needs a password to open."""

    code = "encrypted_pdf"


class DamagedFileError(SourceError):
    """A truncated or corrupt file or page."""

    code = "damaged_file"


class NoPagesError(SourceError):
    """A container, such as a PDF, without a single page."""

    code = "no_pages"


class TooLargeError(SourceError):
    """More bytes, pages or pixels than the limits allow."""

    code = "too_large"


class TooMuchMemoryError(SourceError):
    """A file or page that needs more memory to decode than the limits allow."""

    code = "too_much_memory"


class DecoderTimeoutError(SourceError):
    """A file or page that takes longer to decode than the limits allow."""

    code = "decoder_timeout"


class DecoderDiedError(SourceError):
    """A file or page that crashed the process decoding it, or had it killed by the system."""

    code = "decoder_died"


class InternalError(SourceError):
    """A defect of fieldreader met while reading this document."""

    code = "internal_error"


class WorkerDiedError(SourceError):
    """The process reading this document was killed or crashed, often for want of memory."""

    code = "worker_died"
