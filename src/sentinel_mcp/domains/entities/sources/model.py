"""What is said of a table whose columns name entities.

A column is written as `Column`, or as `Column.path` for what lies within a dynamic value. What a
workspace lacks of it is left out of its queries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Group = Literal["identity", "office", "endpoint", "process", "servers", "network", "cloud"]
"""Tables that one query reads together."""

Holding = Literal[
    "upn",
    "email",
    "sam",
    "login",
    "sid",
    "object_id",
    "people",
    "host",
    "ip",
    "ips",
    "url",
    "domain",
    "md5",
    "sha1",
    "sha256",
    "hash",
    "text",
]
"""What a column holds.

login   a name, DOMAIN\\name or UPN, as the product pleases
people  JSON that has UPNs and object ids somewhere
ips     addresses with a port, or a list of them
hash    a hash of any algorithm
text    free text
"""

GROUPS: tuple[Group, ...] = get_args(Group)


@dataclass(frozen=True, slots=True)
class Source:
    """A table: what its columns hold, and which of them tell an event in one line."""

    table: str
    group: Group
    holds: Mapping[Holding, str]
    account: str = ""
    host: str = ""
    ip: str = ""
    action: str = ""
    result: str = ""
    detail: str = ""


def column_of(reference: str) -> str:
    """Return the column that a reference names, or begins in."""
    return reference.partition(".")[0]


def with_columns(base: Mapping[Holding, str], **more: str) -> Mapping[Holding, str]:
    """Return `base` with further columns before its own."""
    found: dict[Holding, str] = dict(base)
    for holding, columns in more.items():
        # The keyword names are Holdings; a test compares every key with them.
        key: Holding = holding  # pyright: ignore[reportAssignmentType] see above
        found[key] = f"{columns} {found[key]}" if key in found else columns
    return found
