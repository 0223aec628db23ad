"""Incidents and their dossiers, as tools take and give them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sentinel_mcp.domains.calls import Failure
from sentinel_mcp.domains.documents import Scalar
from sentinel_mcp.domains.untrusted import UNTRUSTED

Severity = Literal["High", "Medium", "Low", "Informational"]
Status = Literal["New", "Active", "Closed"]
Order = Literal["created_desc", "created_asc", "modified_desc", "modified_asc"]
SectionName = Literal[
    "alerts",
    "entities",
    "comments",
    "tasks",
    "bookmarks",
    "relations",
    "rule",
    "similar",
    "timeline",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Incident(_Frozen):
    """An incident as a list shows it."""

    workspace: str
    number: int | None
    id: Annotated[str, Field(description="What `get_incident` takes besides the number.")]
    title: str
    severity: str
    status: str
    owner: Annotated[str | None, Field(description="User principal name, mail or name.")]
    labels: list[str]
    tactics: list[str]
    created: datetime | None
    modified: datetime | None
    closed: Annotated[
        datetime | None,
        Field(description="From SecurityIncident, minutes late; null: open, or not in it yet."),
    ] = None
    classification: Annotated[str | None, Field(description="Of a closed one.")] = None
    classification_reason: str | None = None
    alerts_count: int | None
    url: str | None


class WorkspaceOutcome(_Frozen):
    """What one workspace contributed to a list."""

    workspace: str
    count: int
    more: Annotated[bool, Field(description="This workspace has further incidents.")] = False
    error: Failure | None = None


class SecurityIncidentListing(_Frozen):
    """One page of incidents, of one workspace or of all."""

    untrusted: str = UNTRUSTED
    incidents: list[Incident]
    total_count: Annotated[int | None, Field(description="Incidents that match, on all pages.")]
    total_count_source: Annotated[
        Literal["list", "log"] | None,
        Field(description="`log`: counted in SecurityIncident, as Azure's list has no total."),
    ] = None
    total_count_note: Annotated[
        str | None, Field(description="What the count may lack, or why there is none.")
    ] = None
    skip_token: Annotated[
        str | None, Field(description="`cursor` of the next page; null at the end.")
    ]
    workspaces: list[WorkspaceOutcome]
    warnings: list[str] = []


class Owner(_Frozen):
    """To whom an incident is assigned."""

    name: str | None = None
    mail: str | None = None
    user_principal_name: str | None = None
    object_id: str | None = None


class IncidentDetail(Incident):
    """An incident with all that its own resource says."""

    description: str | None = None
    owner_detail: Owner | None = None
    classification_comment: str | None = None
    first_activity: datetime | None = None
    last_activity: datetime | None = None
    techniques: list[str] = []
    products: list[str] = []
    bookmarks_count: int | None = None
    comments_count: int | None = None
    provider: str | None = None
    provider_incident_id: str | None = None
    provider_url: str | None = None
    merged_into: Annotated[
        str | None, Field(description="Number of the incident this one was merged into.")
    ] = None
    rule_ids: list[str] = []
    etag: str | None = None


class Alert(_Frozen):
    """An alert of an incident."""

    id: str
    name: str | None
    severity: str | None = None
    status: str | None = None
    description: str | None = None
    type: str | None = None
    product: str | None = None
    vendor: str | None = None
    tactics: list[str] = []
    started: datetime | None = None
    ended: datetime | None = None
    generated: datetime | None = None
    compromised_entity: str | None = None
    remediation_steps: list[str] = []
    link: str | None = None


class Entity(_Frozen):
    """Something an incident is about; unknown kinds keep their properties."""

    kind: str
    name: str | None
    id: str
    properties: dict[str, Scalar]


class Comment(_Frozen):
    """A comment on an incident."""

    id: str
    author: str | None
    created: datetime | None
    modified: datetime | None = None
    message: str


class IncidentTask(_Frozen):
    """A step that somebody is to take in an incident."""

    id: str
    title: str
    status: str | None
    description: str | None = None
    created: datetime | None = None
    created_by: str | None = None
    modified: datetime | None = None


class Bookmark(_Frozen):
    """A hunting result kept with an incident."""

    id: str
    name: str | None
    created: datetime | None = None
    created_by: str | None = None
    event_time: datetime | None = None
    labels: list[str] = []
    notes: str | None = None
    query: str | None = None
    query_result: str | None = None


class Relation(_Frozen):
    """What an incident is tied to."""

    id: str
    type: str | None
    kind: str | None = None
    related_id: str | None = None


class Rule(_Frozen):
    """An analytics rule that raised alerts of the incident."""

    id: str
    name: str | None
    kind: str | None
    enabled: bool | None = None
    severity: str | None = None
    tactics: list[str] = []
    techniques: list[str] = []
    description: str | None = None
    query: str | None = None
    frequency: Annotated[str | None, Field(description="ISO 8601 duration.")] = None
    period: Annotated[str | None, Field(description="ISO 8601 duration.")] = None
    threshold: str | None = None


class SimilarIncident(_Frozen):
    """An incident like another one."""

    number: int | None
    id: str
    title: str
    severity: str
    status: str
    classification: str | None = None
    created: datetime | None = None
    score: Annotated[int, Field(description="Of 100 points.")]
    reasons: list[str]


class TimelineEvent(_Frozen):
    """Something that happened in an incident."""

    time: datetime | None
    kind: Annotated[str, Field(description="`alert`, `comment`, `created`, `status` and so on.")]
    text: str
    by: str | None = None


class _Section(_Frozen):
    total: Annotated[int | None, Field(description="Items there are, where known.")] = None
    notice: Annotated[str | None, Field(description="What was left out, and how to get it.")] = None
    error: Failure | None = None


class AlertSection(_Section):
    """Alerts of the incident."""

    items: list[Alert] = []


class EntitySection(_Section):
    """Entities of the incident."""

    counts: Annotated[dict[str, int], Field(description="Entities by kind.")] = {}
    items: list[Entity] = []


class CommentSection(_Section):
    """Comments on the incident, newest first."""

    items: list[Comment] = []


class TaskSection(_Section):
    """Tasks of the incident."""

    items: list[IncidentTask] = []


class BookmarkSection(_Section):
    """Bookmarks of the incident."""

    items: list[Bookmark] = []


class RelationSection(_Section):
    """Relations of the incident."""

    items: list[Relation] = []


class RuleSection(_Section):
    """Rules that raised the incident's alerts."""

    items: list[Rule] = []


class SimilarSection(_Section):
    """Incidents like this one, the most alike first."""

    items: list[SimilarIncident] = []


class TimelineSection(_Section):
    """What happened, oldest first."""

    items: list[TimelineEvent] = []


class IncidentDossier(_Frozen):
    """An incident with the sections that were asked for; a section not asked for is null."""

    untrusted: str = UNTRUSTED
    workspace: str
    incident: IncidentDetail
    alerts: AlertSection | None = None
    entities: EntitySection | None = None
    comments: CommentSection | None = None
    tasks: TaskSection | None = None
    bookmarks: BookmarkSection | None = None
    relations: RelationSection | None = None
    rule: RuleSection | None = None
    similar: SimilarSection | None = None
    timeline: TimelineSection | None = None
    warnings: list[str] = []
