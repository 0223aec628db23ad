"""The values that arguments of incident tools take, and how each is read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Text = Annotated[str, Field(min_length=1, max_length=200)]
OwnerText = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=5_000)]
Labels = Annotated[
    list[Text],
    Field(max_length=20),
]
ResourceName = Annotated[str, Field(min_length=1, max_length=260)]
