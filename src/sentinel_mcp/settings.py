"""What the user decides: the only reader of the environment.

Sources, strongest first: arguments of the command line, environment variables, the TOML file
named by ``SENTINEL_CONFIG``. Azure's own variables keep their Azure names; ours begin with
``SENTINEL_``.
"""

from __future__ import annotations

import os
import tomllib
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sentinel_mcp.errors import ConfigError

LOCAL = "local"
"""The name of the embedded workspace."""

MIB = 1024 * 1024

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2099, 12, 31, tzinfo=UTC)
"""Between them lies what the embedded workspace may take for the present."""

CloudName = Literal["public", "usgov", "china"]


class Workspace(BaseModel):
    """One workspace: where its resource is and which id its logs are queried by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    subscription_id: str
    resource_group: str
    workspace_name: str
    workspace_id: str
    tenant_id: str | None = None
    location: str | None = None

    @field_validator("name", "subscription_id", "resource_group", "workspace_name", "workspace_id")
    @classmethod
    def _stated(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must not be empty")
        return value.strip()

    @property
    def resource_id(self) -> str:
        """The ARM id of the workspace."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.OperationalInsights/workspaces/{self.workspace_name}"
        )


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _within_reach(moment: datetime) -> datetime:
    # The scenario goes months back from it, and what is ingested lies around it.
    if not EARLIEST <= moment <= LATEST:
        raise ValueError(f"must be from {EARLIEST:%Y} to {LATEST:%Y}")
    return moment


Moment = Annotated[datetime, AfterValidator(_in_utc), AfterValidator(_within_reach)]
"""A date or a time, in UTC unless it says otherwise."""


def _azure(name: str) -> AliasChoices:
    return AliasChoices(name, name.lower())


class Settings(BaseSettings):
    """Every setting, frozen once read."""

    model_config = SettingsConfigDict(
        env_prefix="SENTINEL_", frozen=True, extra="ignore", populate_by_name=True
    )

    tenant_id: Annotated[str | None, Field(validation_alias=_azure("AZURE_TENANT_ID"))] = None
    subscription_id: Annotated[
        str | None, Field(validation_alias=_azure("AZURE_SUBSCRIPTION_ID"))
    ] = None
    resource_group: Annotated[
        str | None, Field(validation_alias=_azure("AZURE_RESOURCE_GROUP"))
    ] = None
    workspace_name: Annotated[
        str | None, Field(validation_alias=_azure("AZURE_WORKSPACE_NAME"))
    ] = None
    workspace_id: Annotated[str | None, Field(validation_alias=_azure("AZURE_WORKSPACE_ID"))] = None

    # Read by azure-identity itself; known here so that a half-filled configuration is noticed.
    client_id: Annotated[str | None, Field(validation_alias=_azure("AZURE_CLIENT_ID"))] = None
    client_secret: Annotated[
        SecretStr | None, Field(validation_alias=_azure("AZURE_CLIENT_SECRET"))
    ] = None
    client_certificate_path: Annotated[
        str | None, Field(validation_alias=_azure("AZURE_CLIENT_CERTIFICATE_PATH"))
    ] = None
    federated_token_file: Annotated[
        str | None, Field(validation_alias=_azure("AZURE_FEDERATED_TOKEN_FILE"))
    ] = None

    workspace: Annotated[
        str | None, Field(description="Name of the default workspace; `local` is the embedded one.")
    ] = None
    workspaces: Annotated[
        tuple[Workspace, ...], Field(description="Named workspaces, from the TOML file.")
    ] = ()
    cloud: Annotated[CloudName, Field(description="The Azure cloud.")] = "public"
    cache_dir: Annotated[
        Path | None, Field(description="Where the embedded workspace is kept. Default: per user.")
    ] = None
    now: Annotated[
        Moment | None,
        Field(description="The moment at which the embedded workspace starts. Default: now."),
    ] = None
    allow_writes: Annotated[bool, Field(description="Let tools change things.")] = False

    max_rows: Annotated[int, Field(ge=1, le=10_000, description="Rows per answer.")] = 200
    max_answer_bytes: Annotated[int, Field(ge=4096, description="Size of one answer.")] = 64 * 1024
    max_response_bytes: Annotated[
        int, Field(ge=64 * 1024, description="Bytes read of one response from Azure.")
    ] = 16 * MIB
    query_timeout_s: Annotated[
        int, Field(ge=1, le=600, description="Server timeout of a query.")
    ] = 180
    management_timeout_s: Annotated[
        int, Field(ge=1, le=600, description="Deadline of a management call.")
    ] = 60
    max_queries: Annotated[int, Field(ge=1, le=20, description="Queries at Azure at once.")] = 5
    max_management_calls: Annotated[
        int, Field(ge=1, le=50, description="Management calls at Azure at once.")
    ] = 10
    max_retry_after_s: Annotated[
        float, Field(ge=0, le=300, description="Longest Retry-After that is waited for.")
    ] = 30
    validation_timeout_s: Annotated[
        float, Field(gt=0, le=60, description="Deadline of one validation.")
    ] = 5
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="To stderr.")
    ] = "warning"
    allowed_remote_workspaces: Annotated[
        tuple[str, ...],
        Field(description="Workspace names or ids that `workspace()` in a query may name."),
    ] = ()
    allow_kql: Annotated[
        tuple[Literal["externaldata", "http_request", "cluster", "management"], ...],
        Field(description="Constructs that the guard lets through."),
    ] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment; the TOML file comes in through `load`."""
        return init_settings, env_settings

    @property
    def is_local(self) -> bool:
        """Whether the embedded workspace serves, rather than Azure."""
        return not self.resolved_workspaces

    @cached_property
    def resolved_workspaces(self) -> tuple[Workspace, ...]:
        """The configured workspaces, default first; empty for the embedded one.

        Raises:
            ConfigError: the Azure configuration is half filled, `workspace` names none of them, or
                `now` is set for Azure.

        """
        if self.workspace == LOCAL:
            return ()
        found = [*self._from_variables(), *self.workspaces]
        if found and self.now is not None:
            raise ConfigError(
                "SENTINEL_NOW is set, but the time in Azure cannot be chosen.",
                hint="Unset it, or set SENTINEL_WORKSPACE=local to use the embedded workspace.",
            )
        names = [each.name for each in found]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ConfigError(
                f"Workspace {min(doubled)!r} is configured twice.",
                hint="Give each workspace a name of its own.",
            )
        if self.workspace is None:
            return tuple(found)
        if self.workspace not in names:
            raise ConfigError(
                f"SENTINEL_WORKSPACE is {self.workspace!r}, which is not configured.",
                hint=f"Configured: {', '.join([*names, LOCAL])}.",
            )
        return tuple(sorted(found, key=lambda each: each.name != self.workspace))

    def _from_variables(self) -> list[Workspace]:
        required = {
            "AZURE_SUBSCRIPTION_ID": self.subscription_id,
            "AZURE_RESOURCE_GROUP": self.resource_group,
            "AZURE_WORKSPACE_NAME": self.workspace_name,
            "AZURE_WORKSPACE_ID": self.workspace_id,
        }
        identity = [
            self.tenant_id,
            self.client_id,
            self.client_secret,
            self.client_certificate_path,
            self.federated_token_file,
        ]
        missing = [name for name, value in required.items() if not (value or "").strip()]
        stated = len(missing) < len(required)
        if not stated and (self.workspaces or not any(identity)):
            return []
        if missing:
            are = "is" if len(missing) == 1 else "are"
            raise ConfigError(
                f"The Azure configuration is incomplete: {', '.join(missing)} {are} not set.",
                hint="Set it, or set SENTINEL_WORKSPACE=local to use the embedded workspace.",
            )
        # `missing` is empty, so each of the four is a non-empty string.
        return [
            Workspace(
                name=str(self.workspace_name),
                subscription_id=str(self.subscription_id),
                resource_group=str(self.resource_group),
                workspace_name=str(self.workspace_name),
                workspace_id=str(self.workspace_id),
                tenant_id=self.tenant_id,
            )
        ]


def load(config: Path | None = None, **arguments: Any) -> Settings:
    """Read the settings once; `arguments` are field names and outrank everything else.

    `config` is the TOML file; without it ``SENTINEL_CONFIG`` names it. Each table
    ``[workspaces.NAME]`` of the file is a workspace; other keys are fields of `Settings`.

    Raises:
        ConfigError: a value is of the wrong kind, or the Azure configuration is half filled.

    """
    path = config or (Path(named) if (named := os.environ.get("SENTINEL_CONFIG")) else None)
    from_file = _read_toml(path) if path else {}
    in_environment = {
        name
        for name, field in Settings.model_fields.items()
        if _names_of(name, field.validation_alias) & {key.upper() for key in os.environ}
    }
    values = {key: value for key, value in from_file.items() if key not in in_environment}
    values.update({key: value for key, value in arguments.items() if value is not None})
    try:
        settings = Settings(**values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"Setting {where!r} is not valid: {first['msg']}.",
            hint="See docs/reference/settings.md for each setting and its bounds.",
        ) from error
    _ = settings.resolved_workspaces  # a half-filled configuration is reported here, not later
    return settings


def _names_of(name: str, alias: object) -> set[str]:
    if isinstance(alias, AliasChoices):
        return {str(choice).upper() for choice in alias.choices}
    return {f"SENTINEL_{name}".upper()}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The configuration file {str(path)!r} cannot be read: {error.strerror}.",
            hint="SENTINEL_CONFIG must name a readable TOML file.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The configuration file {str(path)!r} is not TOML: {error}.",
            hint="Each workspace is a table [workspaces.NAME].",
        ) from error
    tables = read.pop("workspaces", {})
    if unknown := sorted(set(read) - set(Settings.model_fields)):
        raise ConfigError(
            f"The configuration file {str(path)!r} has an unknown key: {unknown[0]!r}.",
            hint="See docs/reference/settings.md for the keys there are.",
        )
    try:
        named = _Tables(workspaces=tables).workspaces
    except ValidationError as error:
        raise ConfigError(
            f"In the configuration file {str(path)!r}, `workspaces` must hold tables.",
            hint="Each workspace is a table [workspaces.NAME].",
        ) from error
    read["workspaces"] = [{"name": name, **table} for name, table in named.items()]
    return read


class _Tables(BaseModel):
    workspaces: dict[str, dict[str, str]]
