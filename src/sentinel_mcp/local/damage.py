"""Tells a damaged file of logs from one that cannot be opened just now, by DuckDB's own words."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel_mcp.errors import Busy, ConfigError, SentinelError, TimedOut, Unavailable

if TYPE_CHECKING:
    import duckdb

# DuckDB 2.0 has no class for these: the first is a plain `duckdb.Error`, the others are
# IOExceptions like a full disk. Every block carries a checksum, so nothing else is ever read.
_DAMAGED = (
    "Corrupt database file",
    "Could not read enough bytes",
    "it is not a valid DuckDB database file",
)
_RESET = "Put it back as it was, or build the workspace anew with `sentinel-mcp local reset`."


def damage_of(error: BaseException | None) -> str | None:
    """Return what DuckDB says of a damaged file, or None where the error is about anything else."""
    message = first_line(error) if error else ""
    return message if any(each in message for each in _DAMAGED) else None


def opening_error(error: duckdb.Error, path: Path) -> SentinelError:
    """Return what keeps a file from being opened that is not damaged; it stays where it is."""
    import duckdb

    reason = first_line(error)
    if "Could not set lock" in reason:
        return Busy(
            "Another program has the logs of the embedded workspace open for writing.",
            hint="Close it, and try again.",
        )
    if "Permission denied" in reason:
        return ConfigError(
            f"{str(path)!r} may not be read.",
            hint="Give yourself the right to read it, or set SENTINEL_CACHE_DIR to another "
            "directory.",
        )
    if "version number" in reason or isinstance(error, duckdb.SerializationException):
        return ConfigError(
            f"{path.name} was written by another version of DuckDB: {reason}.",
            hint="Use the version of ms-sentinel-mcp that wrote it. " + _RESET,
        )
    if "WAL" in reason:
        return ConfigError(
            f"Another program left a log beside {path.name} that does not belong to it: {reason}.",
            hint=f"Move {path.name}.wal away, and try again.",
        )
    if isinstance(error, duckdb.CatalogException):
        return ConfigError(
            f"{path.name} is a DuckDB database, and none that this program made: {reason}.",
            hint=f"Move it away. {_RESET}",
        )
    if isinstance(error, duckdb.InterruptException):
        return TimedOut("Reading the logs of the embedded workspace was interrupted.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return Unavailable(
            "There is not enough memory to read the logs of the embedded workspace.",
            hint="Close other programs, and try again. Nothing was changed.",
        )
    return Unavailable(
        f"{path.name} cannot be read: {reason}.",
        hint="Nothing was changed. Try again; if it stays so, copy its directory to another disk.",
    )


@contextmanager
def opening(path: Path) -> Generator[None]:
    """Raise what DuckDB says of a file that is read in here as an error of ours.

    Raises:
        Damaged: the file is damaged.
        SentinelError: it cannot be read for another reason, and stays where it is.

    """
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        if reason := damage_of(error):
            raise Damaged(reason) from error
        raise opening_error(error, path) from error


class Damaged(Exception):
    """The file of the logs is damaged; the text is what DuckDB says of it."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text; DuckDB's go on with the query and with advice."""
    return str(error).partition("\n")[0] or type(error).__name__
