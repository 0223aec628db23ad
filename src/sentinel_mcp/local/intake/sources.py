"""Finds the readable files: each on its own, or inside a zip archive."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from sentinel_mcp.errors import InputError

Format = Literal["json", "csv", "parquet"]

FORMATS: dict[str, Format] = {
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
TAKEN = "json, jsonl, csv, parquet, and zip archives of these"

MAX_RATIO = 200
"""Real logs shrink to a tenth or a sixtieth; a bomb shrinks to a thousandth."""
BOMB_BYTES = 64 * 1024 * 1024
MAX_MEMBERS = 10_000


@dataclass(frozen=True, slots=True)
class Source:
    """One readable file; `name` is how a report calls it."""

    name: str
    format: Format
    size_bytes: int
    open: Callable[[], IO[bytes]]
    path: Path | None = None
    """Where it is on disk; None inside an archive."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found to read, and what was passed over."""

    sources: tuple[Source, ...]
    notices: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """The size of all of it, unpacked."""
        return sum(each.size_bytes for each in self.sources)


def find(files: Iterable[Path]) -> Found:
    """Return the sources in these files, having looked at no more than their beginnings.

    Raises:
        InputError: a file is missing, empty, of an unknown format, or not what it says it is.

    """
    sources: list[Source] = []
    notices: list[str] = []
    for path in files:
        head = _head(path)
        if head.startswith(b"PK\x03\x04"):
            inside, passed_over = _in_archive(path)
            sources += inside
            notices += passed_over
        else:
            sources.append(_plain(path, head))
    return Found(tuple(sources), tuple(notices))


def _head(path: Path) -> bytes:
    if not path.exists():
        raise InputError(f"There is no file {str(path)!r}.", hint="Check the path.")
    if not path.is_file():
        raise InputError(f"{str(path)!r} is not a file.", hint="Name the files one by one.")
    try:
        with path.open("rb") as handle:
            head = handle.read(4096)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    if not head:
        raise InputError(f"{str(path)!r} is empty.", hint="Export it again.")
    return head


def _plain(path: Path, head: bytes) -> Source:
    if head.startswith(b"PAR1"):
        kind: Format | None = "parquet"
    elif path.suffix.lower() == ".zip":
        raise InputError(f"{str(path)!r} is no zip archive.", hint="Download it again.")
    else:
        kind = FORMATS.get(path.suffix.lower()) or _sniffed(head)
    if kind is None or (kind == "parquet" and not head.startswith(b"PAR1")):
        raise InputError(f"{str(path)!r} is of no known format.", hint=f"Taken are {TAKEN}.")
    return Source(path.name, kind, path.stat().st_size, lambda: path.open("rb"), path)


def _sniffed(head: bytes) -> Format | None:
    return "json" if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else None


def _in_archive(path: Path) -> tuple[list[Source], list[str]]:
    sources: list[Source] = []
    notices: list[str] = []
    try:
        with closing(zipfile.ZipFile(path)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise InputError(f"{str(path)!r} is a damaged zip archive: {error}.") from error
    if len(members) > MAX_MEMBERS:
        raise InputError(f"{str(path)!r} holds more than {MAX_MEMBERS:,} files.")
    for member in members:
        # Only the end of the name is used: nothing is ever unpacked under a member's own path.
        suffix = PurePosixPath(member.filename).suffix.lower()
        label = f"{path.name}:{PurePosixPath(member.filename).name}"
        if member.is_dir() or not member.file_size:
            continue
        kind = FORMATS.get(suffix)
        if kind is None or "__MACOSX" in member.filename:
            notices.append(f"{label} was passed over: not one of {TAKEN}.")
            continue
        _refuse_trap(label, member)
        sources.append(Source(label, kind, member.file_size, _opener(path, member)))
    if not sources:
        raise InputError(
            f"{str(path)!r} holds no file that can be taken.", hint=f"Taken are {TAKEN}."
        )
    return sources, notices


def _refuse_trap(label: str, member: zipfile.ZipInfo) -> None:
    if member.flag_bits & 0x1:
        raise InputError(f"{label} is encrypted.", hint="Unpack it first.")
    if member.file_size > BOMB_BYTES and member.file_size > MAX_RATIO * member.compress_size:
        raise InputError(
            f"{label} would unpack to {member.file_size:,} bytes, over {MAX_RATIO} times its size.",
            hint="Unpack it first if it is what you expect.",
        )


def _opener(path: Path, member: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    def opened() -> IO[bytes]:
        try:
            # The member keeps the archive open until it is closed itself, and never gives more
            # bytes than the archive's index says.
            return zipfile.ZipFile(path).open(member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise InputError(f"{path.name} cannot be unpacked: {error}.") from error

    return opened
