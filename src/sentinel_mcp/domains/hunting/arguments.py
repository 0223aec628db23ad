"""Arguments of the hunting tools."""

from __future__ import annotations

from typing import Annotated, Any, get_args
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from sentinel_mcp.domains.arguments import Reference
from sentinel_mcp.domains.hunting.models import (
    BookmarkEntity,
    HuntPart,
    HypothesisStatus,
)
from sentinel_mcp.domains.tactics import Tactic


def _numbered(value: object) -> object:
    # Clients send a number as text where an argument takes either.
    digits = isinstance(value, str) and value.isascii() and value.isdigit()
    return int(value) if isinstance(value, str) and digits and len(value) < 10 else value


_TACTICS = {each.casefold(): each for each in get_args(Tactic)}


def _tactic(value: str) -> str:
    # The closed set in the schema would be a quarter of the whole tool.
    found = _TACTICS.get(value.replace(" ", "").casefold())
    if found is None:
        raise PydanticCustomError(
            "tactic", "give one of: {all}", {"all": ", ".join(get_args(Tactic))}
        )
    return found


Incident = Annotated[
    Reference | None, BeforeValidator(_numbered), Field(description="Of this one: number or id.")
]

Found = Annotated[
    str | None, Field(min_length=1, max_length=200, description="Text to be found in it.")
]

Id = Annotated[str, Field(min_length=1, max_length=260, description="`id` from the list.")]

Title = Annotated[str, Field(min_length=1, max_length=256, description="What people call it.")]

Kql = Annotated[
    str, Field(min_length=1, max_length=100_000, description="KQL; `validate_query` checks it.")
]

Technique = Annotated[str, Field(pattern=r"^[Tt]\d{4}(\.\d{3})?$"), AfterValidator(str.upper)]

Tactics = Annotated[list[Tactic] | None, Field(max_length=17, description="MITRE tactics.")]

Techniques = Annotated[
    list[Technique] | None, Field(max_length=30, description="MITRE techniques, `T1059.001`.")
]

Labels = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=100)]] | None,
    Field(max_length=30, description="Labels to find it by."),
]

Entities = Annotated[
    list[BookmarkEntity] | None,
    Field(max_length=30, description="Entities that the row names."),
]

Row = Annotated[
    dict[str, Any] | None,  # Any: a cell is of its column's type
    Field(description="The result row to keep, by column."),
]

OwnId = Annotated[UUID | None, Field(description="The same on a retry. Default: a new one.")]

SavedId = Annotated[
    str | None,
    Field(min_length=1, max_length=260, description="Change this one, its name too."),
]

NewCategory = Annotated[
    str | None,
    Field(min_length=1, max_length=200, description="Default: as it is, or Hunting Queries."),
]

RunTimespan = Annotated[
    str | None,
    Field(max_length=100, description="`7d`, `start/end`. Default: as the query says, or 24 h."),
]

AnyTactic = Annotated[
    str,
    Field(max_length=40, description="MITRE tactic: `LateralMovement`."),
    AfterValidator(_tactic),
]

AnyHypothesisStatus = Annotated[HypothesisStatus | None, Field(description="Default: all.")]

Counted = Annotated[
    list[HuntPart] | None, Field(max_length=2, description="Count these of each hunt.")
]
