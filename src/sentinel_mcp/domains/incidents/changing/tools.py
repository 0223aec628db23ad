"""Tools that write incidents and what belongs to them."""

from typing import Annotated

from fastmcp.dependencies import CurrentContext, Depends
from fastmcp.server.context import Context
from pydantic import Field
from pydantic.json_schema import WithJsonSchema

from sentinel_mcp.domains.arguments import Confirm, DryRun, Etag, Reference, WorkspaceName
from sentinel_mcp.domains.changes import Manner
from sentinel_mcp.domains.incidents.attachments import MAX_MESSAGE_CHARS, TaskEdit, TaskStatus
from sentinel_mcp.domains.incidents.change_models import IncidentChange
from sentinel_mcp.domains.incidents.edits import IncidentEdit
from sentinel_mcp.domains.incidents.models import Severity, Status
from sentinel_mcp.domains.incidents.provider import incidents
from sentinel_mcp.domains.incidents.service import Incidents
from sentinel_mcp.domains.incidents.values import Labels, LongText, OwnerText, ResourceName, Text
from sentinel_mcp.domains.incidents.verdicts import Classification, Reason
from sentinel_mcp.domains.incidents.writing import NewIncident
from sentinel_mcp.effects import ACTS, ADDS, CHANGES, WRITES
from sentinel_mcp.wiring import approval, service

IncidentReference = Annotated[Reference, Field(description="Number or id.")]
Message = Annotated[
    str, Field(min_length=1, max_length=MAX_MESSAGE_CHARS), WithJsonSchema({"type": "string"})
]


@incidents.tool("Update an incident", CHANGES, {"incidents", "core", WRITES}, timeout=300)
async def update_incident(
    incident: IncidentReference,
    status: Annotated[Status | None, Field(description="Closed needs `classification`.")] = None,
    severity: Annotated[Severity | None, Field(description="New.")] = None,
    owner: Annotated[
        OwnerText | None, Field(description='UPN, mail, object id; "": nobody.')
    ] = None,
    title: Annotated[Text | None, Field(description="New.")] = None,
    description: Annotated[LongText | None, Field(description="New.")] = None,
    add_labels: Annotated[Labels | None, Field(description="To add.")] = None,
    remove_labels: Annotated[Labels | None, Field(description="To remove.")] = None,
    classification: Annotated[Classification | None, Field(description="Verdict.")] = None,
    classification_reason: Annotated[
        Annotated[Reason, WithJsonSchema({"type": "string"})] | None,
        Field(description="For FalsePositive: IncorrectAlertLogic, InaccurateData."),
    ] = None,
    classification_comment: Annotated[LongText | None, Field(description="Why.")] = None,
    comment: Annotated[Message | None, Field(description="Also added.")] = None,
    dry_run: DryRun = False,
    etag: Etag = None,
    confirm: Confirm = False,
    workspace: WorkspaceName = None,
    context: Context = CurrentContext(),
    store: Incidents = Depends(service(Incidents)),
) -> IncidentChange:
    """Triage an incident: what is not given stays. Closing it asks the user first."""
    edit = IncidentEdit(
        status=status,
        severity=severity,
        owner=owner,
        title=title,
        description=description,
        add_labels=tuple(add_labels or ()),
        remove_labels=tuple(remove_labels or ()),
        classification=classification,
        classification_reason=classification_reason,
        classification_comment=classification_comment,
    )
    manner = Manner(dry_run=dry_run, etag=etag, approve=approval(context, confirm=confirm))
    return await store.changes.update(incident, edit, manner, comment=comment, workspace=workspace)


@incidents.tool("Create an incident", ADDS, {"incidents", WRITES}, timeout=150)
async def create_incident(
    title: Annotated[
        str, Field(min_length=1, max_length=200, description="What people will call it.")
    ],
    severity: Annotated[Severity, Field(description="How bad it is.")],
    description: Annotated[LongText | None, Field(description="What it is about.")] = None,
    owner: Annotated[Text | None, Field(description="UPN, mail or object id.")] = None,
    labels: Annotated[Labels | None, Field(description="Labels to begin with.")] = None,
    incident_id: Annotated[
        ResourceName | None, Field(description="A GUID of yours; used again, nothing is added.")
    ] = None,
    dry_run: DryRun = False,
    workspace: WorkspaceName = None,
    store: Incidents = Depends(service(Incidents)),
) -> IncidentChange:
    """Create a new incident by hand, for what no rule has found.

    Then relate alerts and bookmarks to it with `relate_to_incident`.
    """
    wanted = NewIncident(
        title=title,
        severity=severity,
        description=description,
        owner=owner,
        labels=tuple(labels or ()),
        name=incident_id,
    )
    return await store.changes.create(wanted, Manner(dry_run=dry_run), workspace=workspace)


@incidents.tool("Comment on an incident", ADDS, {"incidents", "core", WRITES}, timeout=150)
async def add_incident_comment(
    incident: IncidentReference,
    message: Annotated[
        str, Field(min_length=1, max_length=MAX_MESSAGE_CHARS, description="Markdown or text.")
    ],
    comment_id: Annotated[
        ResourceName | None, Field(description="A GUID; used again, nothing is added.")
    ] = None,
    dry_run: DryRun = False,
    workspace: WorkspaceName = None,
    store: Incidents = Depends(service(Incidents)),
) -> IncidentChange:
    """Add a comment to an incident, signed with the server's identity."""
    return await store.attachments.comment(
        incident, message, Manner(dry_run=dry_run), name=comment_id, workspace=workspace
    )


@incidents.tool("Add a task to an incident", ADDS, {"incidents", WRITES}, timeout=150)
async def add_incident_task(
    incident: IncidentReference,
    title: Annotated[str, Field(min_length=1, max_length=200, description="What is to be done.")],
    description: Annotated[LongText | None, Field(description="How.")] = None,
    task_id: Annotated[
        ResourceName | None, Field(description="A GUID of yours; used again, nothing is added.")
    ] = None,
    dry_run: DryRun = False,
    workspace: WorkspaceName = None,
    store: Incidents = Depends(service(Incidents)),
) -> IncidentChange:
    """Add a step that somebody is to take to the incident's tasks.

    `update_incident_task` completes it.
    """
    edit = TaskEdit(title=title, description=description)
    return await store.attachments.task(
        incident, edit, Manner(dry_run=dry_run), name=task_id, workspace=workspace
    )


@incidents.tool("Update a task of an incident", CHANGES, {"incidents", WRITES}, timeout=150)
async def update_incident_task(
    incident: IncidentReference,
    task: Annotated[
        str, Field(min_length=1, max_length=260, description="`id` of a task in `get_incident`.")
    ],
    status: Annotated[TaskStatus | None, Field(description="New status.")] = None,
    title: Annotated[Text | None, Field(description="New title.")] = None,
    description: Annotated[LongText | None, Field(description="New description.")] = None,
    dry_run: DryRun = False,
    etag: Etag = None,
    workspace: WorkspaceName = None,
    store: Incidents = Depends(service(Incidents)),
) -> IncidentChange:
    """Complete, reopen or reword a task of an incident. What is not given stays as it is."""
    edit = TaskEdit(title=title, description=description, status=status)
    manner = Manner(dry_run=dry_run, etag=etag)
    return await store.attachments.change_task(incident, task, edit, manner, workspace=workspace)


@incidents.tool("Relate to an incident", ADDS, {"incidents", WRITES}, timeout=150)
async def relate_to_incident(
    incident: IncidentReference,
    alert: Annotated[
        Annotated[str, Field(min_length=1, max_length=600), WithJsonSchema({"type": "string"})]
        | None,
        Field(description="SystemAlertId or ARM id."),
    ] = None,
    bookmark: Annotated[
        Annotated[str, Field(min_length=1, max_length=600), WithJsonSchema({"type": "string"})]
        | None,
        Field(description="Name or ARM id, from `list_bookmarks`."),
    ] = None,
    dry_run: DryRun = False,
    workspace: WorkspaceName = None,
    store: Incidents = Depends(service(Incidents)),
) -> IncidentChange:
    """Tie an alert or a bookmark to an incident. It is refused where they are related already.

    Find alerts with `list_alerts`.
    """
    return await store.attachments.relate(
        incident, Manner(dry_run=dry_run), alert=alert, bookmark=bookmark, workspace=workspace
    )


@incidents.tool("Run a playbook", ACTS, {"incidents", WRITES}, timeout=150)
async def run_playbook(
    incident: IncidentReference,
    logic_app_id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=600,
            description="Resource id of the logic app (Microsoft.Logic/workflows).",
        ),
    ],
    tenant_id: Annotated[
        ResourceName | None, Field(description="Of the logic app. Default: the workspace's.")
    ] = None,
    dry_run: DryRun = False,
    confirm: Confirm = False,
    workspace: WorkspaceName = None,
    context: Context = CurrentContext(),
    store: Incidents = Depends(service(Incidents)),
) -> IncidentChange:
    """Start a playbook on an incident, after the user agreed. Each call starts it once more.

    Playbooks act outside Sentinel: they may block accounts or machines.
    """
    manner = Manner(dry_run=dry_run, approve=approval(context, confirm=confirm))
    return await store.playbooks.run(
        incident, logic_app_id, manner, tenant_id=tenant_id, workspace=workspace
    )
