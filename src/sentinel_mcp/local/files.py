"""The files of a store: where they are, who may replace them, and how that stays atomic."""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sentinel_mcp.errors import Busy, ConfigError

LOCK_POLL_S = 0.05
ABANDONED_S = 3600.0

Stamp = tuple[int, int, int]
"""What tells one version of a file from the next: inode, time of change, size."""


@dataclass(frozen=True, slots=True)
class StoreFiles:
    """The directory of one store."""

    directory: Path

    @property
    def logs(self) -> Path:
        """The tables."""
        return self.directory / "logs.duckdb"

    @property
    def resources(self) -> Path:
        """The documents."""
        return self.directory / "resources.sqlite"

    @property
    def spill(self) -> Path:
        """Where a query that needs more memory than it may have puts its intermediate rows."""
        return self.directory / "spill"

    def create(self) -> None:
        """Make the directory.

        Raises:
            ConfigError: it cannot be made, or is not writable.

        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"The directory of the embedded workspace, {str(self.directory)!r}, "
                f"cannot be made: {error.strerror}.",
                hint="Set SENTINEL_CACHE_DIR to a directory that can be written.",
            ) from error

    def stamp(self) -> Stamp | None:
        """Return the version of the logs, or None when there are none."""
        try:
            found = self.logs.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def scratch(self, purpose: str) -> Path:
        """Return the name of a new file beside the logs, in nobody else's way."""
        return self.directory / f"{purpose}-{uuid.uuid4().hex}.scratch"

    def replace_logs(self, scratch: Path) -> None:
        """Put a finished file in the place of the logs; whoever has the old one open keeps it.

        Raises:
            Busy: another process holds the logs open, on a system that does not allow this then.

        """
        try:
            scratch.replace(self.logs)
        except PermissionError as error:
            raise Busy(
                "The logs of the embedded workspace are open in another process.",
                hint="Stop the servers that use it, and try again.",
            ) from error

    def set_aside(self, path: Path) -> Path:
        """Rename a damaged file so that it can still be looked at; the one before it is dropped."""
        aside = path.with_name(f"{path.name}.corrupt")
        path.replace(aside)
        for companion in ("-wal", "-shm", ".wal"):
            path.with_name(path.name + companion).unlink(missing_ok=True)
        return aside

    def sweep(self) -> None:
        """Remove what killed processes left behind.

        An ingest reads its files without the lock, so what was written to lately is let be.
        """
        for left in self.directory.glob("*.scratch*"):
            if time.time() - _last_change(left) < ABANDONED_S:
                continue
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    @contextmanager
    def locked(self, patience_s: float) -> Generator[None]:
        """Be the only process that replaces the logs.

        Raises:
            Busy: another process has been at it for longer than `patience_s`.

        """
        deadline = time.monotonic() + patience_s
        with (self.directory / "store.lock").open("a+b") as handle:
            # The system releases the lock when its process dies, so none is ever left behind.
            while not _try_lock(handle):
                if time.monotonic() > deadline:
                    raise Busy(
                        "Another process is writing the embedded workspace.",
                        hint="Wait until it is done, and try again.",
                    )
                time.sleep(LOCK_POLL_S)
            try:
                yield
            finally:
                _unlock(handle)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: BinaryIO) -> bool:
        handle.seek(0)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(handle: BinaryIO) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(handle: BinaryIO) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(handle: BinaryIO) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


def _last_change(path: Path) -> float:
    inside = path.iterdir() if path.is_dir() else ()
    try:
        return max(each.stat().st_mtime for each in (path, *inside))
    except FileNotFoundError:
        # Removed while it was looked at: somebody is at work there.
        return time.time()


def flush_to_disk(path: Path) -> None:
    """Make sure that a finished file is on disk before it takes another's place."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
