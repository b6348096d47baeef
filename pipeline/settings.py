"""Settings from the command line, the environment and `fieldreader.toml`, in this order of precedence.

This is the only module that reads the environment. It composes the options that stand beside their stages.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from pipeline.errors import SettingsError
from pipeline.process import ReadingOptions
from pipeline.routing import Routing
from pipeline.seeded_errors import Seeding
from pipeline.stages.decide import DecideOptions
from pipeline.stages.quality import QualityOptions
from pipeline.storage.limits import ScanLimits

ENVIRONMENT_PREFIX = "FIELDREADER_"
SETTINGS_FILE = Path("fieldreader.toml")
"""Read from the working folder when it is there; `--config` names another one."""

Device = Literal["auto", "cpu", "gpu", "onnx"]


def _default_state_dir() -> Path:
    """Where the XDG base directory specification puts a program's own data."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "fieldreader"


class Settings(BaseSettings):
    """Everything a user can set. Unknown keys are errors; paths in a settings file are relative to that file."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    templates: Path | None = Field(default=None, description="folder of form templates")
    max_error: float = Field(
        default=0.01, gt=0, lt=1, description="share of wrong values among the accepted ones that you can bear"
    )
    accept_uncertified: bool = Field(
        default=True,
        description="accept fields while the operating point is only estimated, not yet certified on your own forms",
    )
    jobs: int | None = Field(
        default=None, ge=1, description="documents read at the same time; one a processor core when not set"
    )
    device: Device = Field(default="auto", description="where the networks run")
    state_dir: Path = Field(
        default_factory=_default_state_dir, description="folder of the review queue and of your own models"
    )
    database_url: str | None = Field(
        default=None, description="database of the review queue; an SQLite file in `state_dir` when not set"
    )
    data: Path | None = Field(default=None, description="folder with data sets for training and measuring")
    settle_s: float = Field(
        default=2.0, ge=0, description="seconds a file in the inbox must have been left alone before it is read"
    )
    metrics: Path | None = Field(
        default=None, description="file with figures of the last run for Prometheus; none when not set"
    )
    learn_from: tuple[str, ...] = Field(
        default=(), description='forms whose corrections may teach the reader, by name; "*" for all'
    )
    retrain_after: int = Field(
        default=500, ge=1, description="fields settled since the last retraining that make the night run ask for one"
    )
    dask_address: str | None = Field(
        default=None,
        min_length=1,
        description="scheduler of a Dask cluster whose workers read for the flows, such as tcp://host:8786",
    )
    serve_host: str = Field(default="127.0.0.1", min_length=1, description="address to listen at, for `serve`")
    serve_port: int = Field(default=8765, ge=0, le=65535, description="port of `serve`; 0 for any free one")
    serve_token: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="token that requests to `serve` must carry; a new random one at each start when not set",
    )
    serve_max_bytes: int = Field(default=20_000_000, ge=1, description="size of a request to `serve`")
    review_url: str = Field(
        default="http://127.0.0.1:8766/",
        pattern=r"^https?://\S+$",
        description="address of the review station, for links to what waits for a person",
    )
    second_key_templates: tuple[str, ...] = Field(
        default=(), description='forms whose every value a person keys as well, without seeing it; "*" for all'
    )
    second_key_above: float | None = Field(
        default=None, ge=0, description="amounts from here on that a person keys as well, without seeing them"
    )
    audit_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="share of accepted and blank fields that people key to see how many are wrong",
    )
    audit_seed: int = Field(default=1, description="of the lot that draws them")
    seeded_share: float = Field(
        default=0.0, ge=0, le=0.2, description="share of fields put before reviewers with a wrong value on purpose"
    )
    quality: QualityOptions = Field(
        default=QualityOptions(), description="from when on a page's picture is too poor for anything to be accepted"
    )
    scans: ScanLimits = Field(default=ScanLimits(), description="limits that protect a batch from hostile files")

    @property
    def reading(self) -> ReadingOptions:
        """How strict the reading is."""
        return ReadingOptions(
            max_error=self.max_error,
            decide=DecideOptions(accept_uncertified=self.accept_uncertified),
            quality=self.quality,
        )

    @property
    def routing(self) -> Routing:
        """Which fields go to people beyond those in review."""
        return Routing(self.second_key_templates, self.second_key_above, self.audit_share, self.audit_seed)

    @property
    def seeding(self) -> Seeding:
        """How reviewers are measured."""
        return Seeding(self.seeded_share, self.audit_seed)

    @property
    def queue_url(self) -> str:
        """SQLAlchemy URL of the review queue."""
        return self.database_url or f"sqlite:///{self.state_dir.absolute() / 'fieldreader.db'}"

    @property
    def model_store(self) -> Path:
        """Folder of the models trained or promoted here."""
        return self.state_dir / "models"

    @property
    def retraining_pages(self) -> Path:
        """Folder of the pages about rounds of retraining."""
        return self.state_dir / "retraining"


def load_settings(config: Path | None = None, **options: object) -> Settings:
    """Compose the settings.

    Args:
        config: settings file; `fieldreader.toml` in the working folder, where there is one, when None.
        options: values of the command line; None means not given.

    Raises:
        SettingsError: the file is missing or no TOML, a key is unknown, a value does not fit.
    """
    in_file = _read_settings_file(config)
    given: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    _refuse_unknown_variables()

    class WithFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=in_file)

    try:
        return WithFile(**given)
    except ValidationError as error:
        raise SettingsError(_explain(error, given, config or SETTINGS_FILE)) from error


def _read_settings_file(config: Path | None) -> dict[str, Any]:
    if config is None and not SETTINGS_FILE.is_file():
        return {}
    path = config or SETTINGS_FILE
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    for key in ("templates", "state_dir", "data", "metrics"):
        if isinstance(values.get(key), str):
            values[key] = path.parent / values[key]
    return values


def _refuse_unknown_variables() -> None:
    """A misspelt variable would be ignored in silence, and `max_error` is not a thing to be ignored."""
    known = {ENVIRONMENT_PREFIX + name.upper() for name in Settings.model_fields}
    for variable in sorted(os.environ):
        if variable.startswith(ENVIRONMENT_PREFIX) and variable.split("__")[0] not in known:
            raise SettingsError(
                f"the environment variable {variable} is no setting; known are {', '.join(sorted(known))}"
            )


def _explain(error: ValidationError, given: dict[str, Any], file: Path) -> str:
    """One sentence on the first thing wrong: where it was set, its key, what is wrong with it."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    variable = ENVIRONMENT_PREFIX + key.upper().replace(".", "__")
    if key.split(".")[0] in given:
        place = f"option --{key.replace('_', '-')}"
    elif variable in os.environ:
        place = f"environment variable {variable}"
    else:
        place = f"{file}: key {key}"
    if first["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        return f"{place} is unknown; the settings are {', '.join(Settings.model_fields)}"
    message = first["msg"]
    return f"{place}: {message[0].lower()}{message[1:]}, not {first['input']!r}"
