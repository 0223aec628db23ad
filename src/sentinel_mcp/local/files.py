"""The files of a store: where they are, who may replace them, and how that stays atomic."""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sentinel_mcp.errors import Busy, ConfigError

LOCK_POLL_S = 0.05
COMPANIONS = ("-wal", "-shm", ".wal")
"""What SQLite and DuckDB keep beside a file; the logs among them may hold its newest rows."""
_SET_ASIDE = ".corrupt-"
_IN_USE = ".in-use"

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

    def copy(self, path: Path, to: Path) -> None:
        """Copy a file, with the log that a program may have left beside it."""
        shutil.copyfile(path, to)
        for companion in ("-wal", ".wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(_beside(path, companion), _beside(to, companion))

    def replace(self, path: Path, scratch: Path) -> None:
        """Put a finished file in the place of another; on disk, when this returns.

        Raises:
            Busy: another process holds the file open, on a system that does not allow this then.

        """
        flush_to_disk(scratch)
        try:
            # What is left beside the old file is no part of the new one, and would spoil it.
            for companion in COMPANIONS:
                _beside(path, companion).unlink(missing_ok=True)
            scratch.replace(path)
        except PermissionError as error:
            raise Busy(
                f"{path.name} of the embedded workspace is open in another process.",
                hint="Stop the servers that use it, and try again.",
            ) from error
        _flush_directory(self.directory)

    def remove(self, path: Path) -> None:
        """Remove a file with what is kept beside it.

        Raises:
            Busy: another process holds it open, on a system that does not allow this then.

        """
        try:
            for each in (*(_beside(path, companion) for companion in COMPANIONS), path):
                each.unlink(missing_ok=True)
        except PermissionError as error:
            raise Busy(
                "The embedded workspace is open in another process.",
                hint="Stop the servers that use it, and try again.",
            ) from error

    def name_aside(self, path: Path) -> Path:
        """Return a name under which a damaged file can be kept, that no other has."""
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        return path.with_name(f"{path.name}{_SET_ASIDE}{moment}-{uuid.uuid4().hex[:8]}")

    def keep(self, path: Path, aside: Path) -> None:
        """Keep a damaged file, and what is beside it, under another name as well.

        It stays where it is too, until its replacement takes its place: a process that is killed
        in between has lost nothing.
        """
        for companion in ("", *COMPANIONS):
            with suppress(FileNotFoundError):
                _link(_beside(path, companion), _beside(aside, companion))
        _flush_directory(self.directory)

    def damaged_files(self) -> list[Path]:
        """Return the damaged files that were kept, oldest first."""
        found = (each for each in self.directory.glob(f"*{_SET_ASIDE}*") if each.is_file())
        main = (each for each in found if not each.name.endswith(COMPANIONS))
        return sorted(main, key=lambda each: each.name.partition(_SET_ASIDE)[2])

    def mark_sound(self, stamp: Stamp) -> None:
        """Write down that this version of the logs was read through, or written by us."""
        scratch = self.scratch("sound")
        scratch.write_text(_sound(stamp), encoding="ascii")
        scratch.replace(self._mark)

    def mark_doubtful(self) -> None:
        """Have the logs read through before they are used again."""
        self._mark.unlink(missing_ok=True)

    def is_sound(self, stamp: Stamp) -> bool:
        """Whether this version of the logs needs no reading through."""
        try:
            return self._mark.read_text(encoding="ascii") == _sound(stamp)
        except (FileNotFoundError, UnicodeDecodeError):
            return False

    @property
    def _mark(self) -> Path:
        return self.directory / "logs.sound"

    @contextmanager
    def scratch_folder(self, purpose: str, patience_s: float) -> Generator[Path]:
        """Make a folder that is swept away only when this process has died.

        Raises:
            Busy: another process has been writing the store for longer than `patience_s`.

        """
        folder = self.scratch(purpose)
        mark = _beside(folder, _IN_USE)
        # Under the store's lock, as sweeping is: nobody sees the folder without its mark.
        with self.locked(patience_s):
            handle = mark.open("a+b")
            _try_lock(handle)
            folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            _unlock(handle)
            handle.close()
            mark.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what killed processes left behind. Must be called under the store's lock."""
        for left in self.directory.glob("*.scratch*"):
            if _in_use(left if left.name.endswith(_IN_USE) else _beside(left, _IN_USE)):
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


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _sound(stamp: Stamp) -> str:
    # Without the inode: a copy of the whole directory is as sound as what it was copied from.
    return f"{stamp[1]} {stamp[2]}"


def _link(path: Path, name: Path) -> None:
    try:
        name.hardlink_to(path)
    except FileNotFoundError:
        raise
    except OSError:
        # Not every file system has links.
        shutil.copy2(path, name)


def _in_use(mark: Path) -> bool:
    """Whether the process that made a scratch folder is alive; it holds the lock of its mark."""
    try:
        handle = mark.open("r+b")
    except FileNotFoundError:
        return False
    with handle:
        if not _try_lock(handle):
            return True
        _unlock(handle)
        return False


def flush_to_disk(path: Path) -> None:
    """Make sure that a finished file is on disk before it takes another's place."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_directory(directory: Path) -> None:
    """Make sure that the names in a directory are on disk; Windows has no call for it."""
    if sys.platform == "win32":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
