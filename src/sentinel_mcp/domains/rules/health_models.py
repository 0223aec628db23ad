"""Whether rules run and what they find, as the tool gives it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.rules.models import MissingPart
from sentinel_mcp.domains.untrusted import UNTRUSTED

Monitoring = Literal["on", "no_data", "unknown"]

State = Literal["failing", "auto_disabled", "disabled", "silent", "ok", "unknown"]
"""From the worst to what is not known.

failing        its last run failed
auto_disabled  Azure switched it off
disabled       somebody did
silent         it raised no alert in these days
ok             it runs, and found something
unknown        there is no record of its runs, or it has none of its own
"""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Reason(_Frozen):
    """Why runs failed, and how often."""

    reason: str
    runs: int
    last: datetime | None


class Change(_Frozen):
    """A change of the rule, as the audit log has it."""

    time: datetime | None
    operation: str
    by: str | None


class RuleHealth(_Frozen):
    """One rule over the days that were asked for."""

    name: str
    title: str
    kind: str
    enabled: bool | None
    state: State
    last_run: datetime | None = None
    last_status: str | None = None
    runs: Annotated[int | None, Field(description="Null: there is no record.")] = None
    failed_runs: int | None = None
    failures: list[Reason] = []
    mean_delay_s: Annotated[
        float | None, Field(description="From the end of the searched time to the run's record.")
    ] = None
    alerts: Annotated[int | None, Field(description="Alerts that it raised in these days.")] = None
    last_alert: Annotated[
        datetime | None, Field(description="When it raised its last, of all that is kept.")
    ] = None
    never_fired: Annotated[
        bool | None, Field(description="On, and no alert in all that SecurityAlert keeps.")
    ] = None
    changes: Annotated[list[Change], Field(description="Of a single rule, newest first.")] = []


class RuleHealthListing(_Frozen):
    """One page of rules, those in trouble first."""

    untrusted: str = UNTRUSTED
    workspace: str
    days: int
    alerts_since: Annotated[
        datetime | None, Field(description="The oldest alert of a rule that SecurityAlert keeps.")
    ] = None
    monitoring: Annotated[
        Monitoring,
        Field(description="`no_data`: SentinelHealth has no runs; health monitoring may be off."),
    ]
    rules: list[RuleHealth]
    total_count: int
    next_cursor: str | None
    states: Annotated[dict[str, int], Field(description="Rules by state, on all pages.")]
    missing: list[MissingPart] = []
    notices: list[str] = []
