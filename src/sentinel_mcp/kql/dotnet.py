"""Where a .NET runtime is, and the environment that the worker gets."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

_OLDEST = 8

_USUAL_PLACES = (
    "/usr/lib/dotnet",
    "/usr/lib64/dotnet",
    "/usr/share/dotnet",
    "/usr/local/share/dotnet",
    "/opt/homebrew/opt/dotnet/libexec",
    "/usr/local/opt/dotnet/libexec",
    "C:/Program Files/dotnet",
)

# What a process needs of its surroundings to run Python and .NET; anything else, Azure's secrets
# above all, stays out of it.
_PASSED_ON = (
    "HOME",
    "LD_LIBRARY_PATH",
    "PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "USERPROFILE",
)

# Over 1,000 published queries the worker grows from 155 to 240 MB with these two, to 300 without.
_HEAP_LIMIT_BYTES = 256 * 1024 * 1024
_NURSERY_BYTES = 16 * 1024 * 1024


def runtimes() -> list[Path]:
    """Return the roots to try, best first: those of the machine, then the bundled one.

    The bundled runtime is years old, so that of the machine is preferred. Empty where there is
    none, or where the packages that connect Python to it are missing.
    """
    if not (find_spec("kustology") and find_spec("pythonnet") and find_spec("clr_loader")):
        return []
    found: dict[Path, None] = {}
    for root in (*_of_the_machine(), *_bundled()):
        if _holds_runtime(root):
            found.setdefault(root.resolve())
    return list(found)


def worker_environment(root: Path) -> Mapping[str, str]:
    """Return all that the worker learns of its surroundings."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        **kept,
        "DOTNET_ROOT": str(root),
        # Without it and without libicu, .NET aborts the process.
        "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
        # No socket for debuggers in the temporary folder.
        "DOTNET_EnableDiagnostics": "0",
        "DOTNET_gcConcurrent": "0",
        "DOTNET_GCHeapHardLimit": f"{_HEAP_LIMIT_BYTES:X}",
        "DOTNET_GCgen0size": f"{_NURSERY_BYTES:X}",
        # Compiling for the profile of so short a life costs a third more than it saves.
        "DOTNET_TieredPGO": "0",
        "PYTHONUTF8": "1",
    }


def _of_the_machine() -> Iterator[Path]:
    if stated := os.environ.get("DOTNET_ROOT"):
        yield Path(stated)
    if command := shutil.which("dotnet"):
        yield Path(command).resolve().parent
    yield from (Path(place) for place in _USUAL_PLACES)
    yield Path.home() / ".dotnet"


def _bundled() -> Iterator[Path]:
    # Looked up by its parent: importing the package itself would start the runtime here.
    package = find_spec("dnv")
    for folder in (package.submodule_search_locations or ()) if package else ():
        yield Path(folder) / "net" / "runtime" / ".net"


def _holds_runtime(root: Path) -> bool:
    shared = root / "shared" / "Microsoft.NETCore.App"
    if not (root / "host" / "fxr").is_dir() or not shared.is_dir():
        return False
    majors = (each.name.split(".")[0] for each in shared.iterdir())
    return any(major.isdigit() and int(major) >= _OLDEST for major in majors)


def worker_command() -> list[str]:
    """Return the command that starts the worker; `-P` keeps the working folder off its path."""
    return [sys.executable, "-P", "-m", "sentinel_mcp.kql.worker"]
