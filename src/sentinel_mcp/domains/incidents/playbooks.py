"""Starts a playbook on an incident: once, and never a second time on its own account."""

from __future__ import annotations

import re

from sentinel_mcp.azure import odata
from sentinel_mcp.domains.calls import RESPONDER, AzureCalls
from sentinel_mcp.domains.changes import Manner
from sentinel_mcp.domains.differences import FieldChange
from sentinel_mcp.domains.incidents.change_models import IncidentChange
from sentinel_mcp.domains.incidents.lookup import find_incident
from sentinel_mcp.domains.incidents.stored import StoredIncident
from sentinel_mcp.errors import AccessDenied, InputError, TimedOut, Unavailable

OPERATOR = "Microsoft Sentinel Playbook Operator"

_LOGIC_APP = re.compile(
    r"/subscriptions/[^/?#%\\]+/resourceGroups/[^/?#%\\]+/providers/Microsoft\.Logic/workflows/"
    r"(?P<name>[^/?#%\\]+)",
    re.IGNORECASE,
)


class Playbooks:
    """Runs playbooks."""

    def __init__(self, calls: AzureCalls) -> None:
        self._calls = calls

    async def run(
        self,
        incident: int | str,
        logic_app_id: str,
        manner: Manner,
        *,
        tenant_id: str | None,
        workspace: str | None,
    ) -> IncidentChange:
        """Start a playbook on an incident.

        Raises:
            InputError: the id is not of a logic app, or no tenant is known.
            NotFound: there is no such incident.
            ConfirmationNeeded, Declined: the user has not agreed.
            Unavailable: whether it was started is not known.

        """
        found = _LOGIC_APP.fullmatch(logic_app_id.strip())
        if found is None:
            raise InputError(
                f"{logic_app_id[:120]!r} is not the resource id of a logic app.",
                hint="It is like /subscriptions/…/resourceGroups/…/providers/Microsoft.Logic"
                "/workflows/NAME.",
            )
        context = await self._calls.open(workspace)
        tenant = tenant_id or context.config.tenant_id
        if not tenant:
            raise InputError("The tenant of the logic app is not known.", hint="Set `tenant_id`.")
        document = await find_incident(self._calls, context, incident)
        stored = StoredIncident.of(self._calls, context, document)
        report = IncidentChange(
            workspace=stored.workspace,
            outcome="preview",
            action="run",
            kind="playbook",
            name=found["name"],
            changes=[FieldChange(field="playbook_run", before=None, after=found[0])],
            number=stored.number,
        )
        if manner.dry_run:
            return report
        if manner.approve:
            await manner.approve(f"Run the playbook {found[0]!r} on incident {stored.called!r}?")
        # Not by the SDK's method: it reads JSON from the empty body of Azure's 204 (2.0.0b4).
        from sentinel_mcp.azure.arm import send, sentinel_path
        from sentinel_mcp.azure.clients import RELEASED_API

        path = f"{sentinel_path(context)}/incidents/{odata.path_segment(stored.name)}/runPlaybook"
        body = {"tenantId": tenant, "logicAppsResourceId": found[0]}
        try:
            await self._calls.call(
                "run a playbook on an incident",
                lambda: send(context, "POST", path, api_version=RELEASED_API, body=body),
                role=RESPONDER,
            )
        except AccessDenied as error:
            hint = f"{error.hint} It takes `{OPERATOR}` on the playbook's resource group, too."
            raise AccessDenied(error.message, hint=hint) from error
        except Unavailable as error:
            kind = TimedOut if isinstance(error, TimedOut) else Unavailable
            raise kind(
                f"{error.message} Whether the playbook was started is not known.",
                hint="Look at the runs of the logic app before you start it again.",
            ) from error
        notice = "It was started; what it does shows in the logic app's runs."
        return report.model_copy(update={"outcome": "done", "notices": [notice]})
