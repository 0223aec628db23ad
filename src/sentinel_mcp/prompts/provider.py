"""Prompts that span areas: how to investigate, how to write a query, how to see the workspace."""

import logging
import re
from typing import Annotated

from fastmcp.exceptions import PromptError
from fastmcp.server.providers import LocalProvider
from pydantic import Field

from sentinel_mcp.errors import InputError
from sentinel_mcp.kql.timespan import parse_timespan
from sentinel_mcp.prompts.filling import filled, quoted

prompts = LocalProvider()

MAX_TEXT_CHARS = 4_000
MAX_DAYS = 90

# Numbers and resource names; nothing else gets into the text as part of an instruction.
_INCIDENT = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,63}")


@prompts.prompt(title="Investigate an incident", tags={"incidents"})
async def investigate_incident(
    incident: Annotated[str, Field(description="Number or id of the incident.")],
    focus: Annotated[
        str, Field(description="What you want to know most, in your words. Optional.")
    ] = "",
) -> str:
    """Work one incident from its dossier to a verdict with a timeline."""
    if not _INCIDENT.fullmatch(incident.strip()):
        raise _refusal(
            f"{incident!r} is not an incident. Give the number, such as 42, or the id that "
            "`list_incidents` shows."
        )
    wish = (
        f"What I want to know most:\n\n{quoted(_bounded('focus', focus))}" if focus.strip() else ""
    )
    return filled("investigate_incident", incident=incident.strip(), focus=wish)


@prompts.prompt(title="Build a KQL query", tags={"query"})
async def build_query(
    question: Annotated[str, Field(description="What the query should answer, in your words.")],
    timespan: Annotated[
        str, Field(description="`PT1H`, `7d` or `start/end`. Default: the last 24 hours.")
    ] = "",
) -> str:
    """Turn a question into a KQL query that is checked and has been run."""
    if not question.strip():
        raise _refusal("The question is empty. Say what the query should answer.")
    return filled(
        "build_query",
        question=quoted(_bounded("question", question)),
        timespan=_told(timespan.strip()) if timespan.strip() else "the last 24 hours",
    )


@prompts.prompt(title="Visualize the workspace", tags={"workspace"})
async def visualize_workspace(
    days: Annotated[int, Field(description=f"How many days back, 1 to {MAX_DAYS}.")] = 7,
) -> str:
    """Draw what flows into the workspace, what it raises and where it is blind."""
    if not 1 <= days <= MAX_DAYS:
        raise _refusal(f"{days} days is out of range. Give 1 to {MAX_DAYS}.")
    return filled("visualize_workspace", days=str(days))


def _bounded(name: str, text: str) -> str:
    if len(text) > MAX_TEXT_CHARS:
        raise _refusal(
            f"The {name} is {len(text):,} characters long. Keep it within {MAX_TEXT_CHARS:,}."
        )
    return text.strip()


def _told(timespan: str) -> str:
    try:
        parse_timespan(timespan)
    except InputError as error:
        # The framework masks what it does not know; its own error carries the sentence through.
        raise _refusal(str(error)) from error
    return f"`{timespan}`, as the `timespan` of `run_query`"


def _refusal(text: str) -> PromptError:
    # The caller is told; a traceback in the log would look like a fault of the server.
    return PromptError(text, log_level=logging.DEBUG)
