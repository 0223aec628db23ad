"""`doctor`: tells what works and what does not, from the settings to the services."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from sentinel_mcp.cli import output
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.errors import ConfigError, SentinelError
from sentinel_mcp.kql.dotnet import remedy
from sentinel_mcp.settings import LOCAL, Settings, load

State = Literal["ok", "warn", "fail"]

PACKAGES = (
    "ms-sentinel-mcp",
    "fastmcp",
    "mcp",
    "azure-core",
    "azure-identity",
    "azure-monitor-query",
    "azure-mgmt-securityinsight",
    "azure-mgmt-loganalytics",
    "kustology",
    "duckdb",
    "duckdb-kql",
)

SERVICES = {
    "credential": "credential",
    "resource_manager": "Azure Resource Manager",
    "log_analytics": "Log Analytics",
    "sentinel": "Microsoft Sentinel",
}

_STYLES: dict[State, output.Style] = {"ok": "good", "warn": "warn", "fail": "bad"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do about it."""

    check: str
    state: State
    found: str
    remedy: str | None = None


def run(arguments: argparse.Namespace) -> int:
    """Look at everything; exit 1 when something fails."""
    findings = list(_findings(local=arguments.local))
    if arguments.json:
        for each in findings:
            output.json_line(asdict(each))
    else:
        output.table(
            ("check", "state", "found"),
            [(each.check, each.state, each.found) for each in findings],
            styles=[_STYLES[each.state] for each in findings],
        )
        for each in findings:
            if each.remedy:
                output.line(f"{each.check}: {each.remedy}", style=_STYLES[each.state])
    return 1 if any(each.state == "fail" for each in findings) else 0


def _findings(*, local: bool) -> Iterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.platform()}")
    yield from _versions()
    try:
        settings = load(workspace=LOCAL if local else None)
    except ConfigError as error:
        yield Finding("settings", "fail", error.message, error.hint)
        return
    prepare_logging(settings.log_level)
    yield _settings(settings)
    yield _mode(settings)
    yield _cache(settings)
    yield from asyncio.run(_running(settings))


def _versions() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            yield Finding(name, "ok", version(name))
        except PackageNotFoundError:
            yield Finding(name, "fail", "not installed", "Install the project again: `make demo`.")


def _settings(settings: Settings) -> Finding:
    """Name what was set, and no value: some are secrets."""
    names = sorted(name for name in settings.model_fields_set if getattr(settings, name))
    return Finding("settings", "ok", f"set: {', '.join(names)}" if names else "none set")


def _mode(settings: Settings) -> Finding:
    if settings.is_local:
        return Finding("workspace", "ok", "local: the embedded workspace, not Azure")
    names = ", ".join(each.name for each in settings.resolved_workspaces)
    writes = "writes allowed" if settings.allow_writes else "read-only"
    return Finding("workspace", "ok", f"Azure ({settings.cloud}): {names}; {writes}")


def _cache(settings: Settings) -> Finding:
    from sentinel_mcp.cli.embedded import directory_of

    directory = directory_of(settings)
    remedy = "Set SENTINEL_CACHE_DIR to a folder that can be written."
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        state: State = "fail" if settings.is_local else "warn"
        return Finding("cache folder", state, f"{directory}: {error.strerror}", remedy)
    return Finding("cache folder", "ok", f"{directory}, {_size_mb(directory):,.0f} MB")


def _size_mb(directory: Path) -> float:
    total = 0
    with contextlib.suppress(OSError):  # files of a running server come and go
        total = sum(each.stat().st_size for each in directory.iterdir() if each.is_file())
    return total / (1024 * 1024)


async def _running(settings: Settings) -> list[Finding]:
    from sentinel_mcp.cli.session import opened_session

    with output.progress("Opening the workspace") as progress:
        async with opened_session(settings, on_progress=progress) as session:
            found = [await _engine(session.call)]
            names = [each.name for each in settings.resolved_workspaces] or [LOCAL]
            for name in names:
                found += await _services(session.call, name, alone=len(names) == 1)
    return found


async def _engine(call: Any) -> Finding:  # Session.call, whose arguments differ by tool
    try:
        answer = await call("validate_query", query="print 1")
    except SentinelError as error:
        return Finding("query checker", "fail", error.message, error.hint)
    if answer["engine"] == "kusto_language":
        return Finding("query checker", "ok", "Kusto.Language on .NET")
    return Finding(
        "query checker",
        "warn",
        "grammar: syntax only, names and types are not checked",
        remedy(),
    )


async def _services(call: Any, workspace: str, *, alone: bool) -> list[Finding]:
    prefix = "" if alone else f"{workspace}: "
    try:
        report = await call("check_connection", workspace=workspace)
    except SentinelError as error:
        return [Finding(f"{prefix}connection", "fail", error.message, error.hint)]
    found: list[Finding] = []
    identity: dict[str, Any] = report.get("identity") or {}
    for check in report["checks"]:
        name = f"{prefix}{SERVICES.get(check['service'], check['service'])}"
        if check["ok"]:
            who = _who(identity) if check["service"] == "credential" else ""
            found.append(Finding(name, "ok", f"{who}{check['latency_ms']} ms"))
        else:
            found.append(Finding(name, "fail", check["message"], check.get("hint")))
    return found


def _who(identity: dict[str, Any]) -> str:
    name = identity.get("user_principal_name") or identity.get("name")
    shown = name or identity.get("application_id") or identity.get("object_id")
    return f"{shown}, " if shown else ""
