"""The one subscription and workspace that there is, as Resource Manager describes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sentinel_mcp.kql.catalog import TableSchema
from sentinel_mcp.kql.results import Column
from sentinel_mcp.local import identity
from sentinel_mcp.local.services.faults import Body, Fault, not_found

RETENTION_DAYS = 90
"""What Microsoft Sentinel keeps at no extra charge; the scenario itself is 14 days long."""

MAX_TAG_CHARS = 256
"""As long as the value of a tag may be in Azure."""

_ARM_TYPES = {"bool": "boolean", "datetime": "dateTime", "decimal": "real", "timespan": "string"}
"""Resource Manager's spelling of the Kusto types, where it is another or has none."""


class Workspaces:
    """Answers for the subscription, the workspace, its tables and its onboarding state."""

    def __init__(
        self,
        tables: Callable[[], dict[str, TableSchema]],
        created: datetime,
        notices: Callable[[], Sequence[str]],
    ) -> None:
        """Prepare; `notices` tell what was repaired, and are shown as tags of the workspace."""
        self._tables = tables
        self._notices = notices
        self._created = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def subscription(self) -> Body:
        """Return the subscription."""
        return {
            "id": f"/subscriptions/{identity.SUBSCRIPTION_ID}",
            "subscriptionId": identity.SUBSCRIPTION_ID,
            "tenantId": identity.TENANT_ID,
            "displayName": "Embedded workspace",
            "state": "Enabled",
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01",
                "quotaId": "PayAsYouGo_2014-09-01",
                "spendingLimit": "Off",
            },
        }

    def workspace(self) -> Body:
        """Return the workspace."""
        return {
            "id": identity.RESOURCE_ID,
            "name": identity.WORKSPACE_NAME,
            "type": "Microsoft.OperationalInsights/workspaces",
            "location": identity.LOCATION,
            "tags": {
                f"notice-{number}": notice[:MAX_TAG_CHARS]
                for number, notice in enumerate(self._notices(), start=1)
            },
            "properties": {
                "customerId": identity.WORKSPACE_ID,
                "provisioningState": "Succeeded",
                "sku": {"name": "PerGB2018", "lastSkuUpdate": self._created},
                "retentionInDays": RETENTION_DAYS,
                "features": {"enableLogAccessUsingOnlyResourcePermissions": True},
                "publicNetworkAccessForIngestion": "Enabled",
                "publicNetworkAccessForQuery": "Enabled",
                "createdDate": self._created,
                "modifiedDate": self._created,
            },
        }

    def tables(self) -> list[Body]:
        """Return every stored table."""
        return [_table(each) for each in self._tables().values()]

    def table(self, name: str) -> Body:
        """Return one table; its name is compared without case."""
        for each in self._tables().values():
            if each.name.casefold() == name.casefold():
                return _table(each)
        raise Fault(404, "ResourceNotFound", f"Table {name!r} does not exist in the workspace.")

    def permissions(self) -> list[Body]:
        """Return what the caller may do with the workspace: all, as its owner."""
        return [{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}]

    def onboarding_state(self, name: str = "default") -> Body:
        """Return the state that says that Microsoft Sentinel is on."""
        if name.casefold() != "default":
            raise not_found("Onboarding state", name)
        return {
            "id": f"{identity.INSIGHTS_ID}/onboardingStates/default",
            "name": "default",
            "type": "Microsoft.SecurityInsights/onboardingStates",
            "properties": {"customerManagedKey": False},
        }


def _table(table: TableSchema) -> Body:
    custom = table.name.endswith("_CL")
    columns = [_column(each) for each in table.columns]
    return {
        "id": f"{identity.RESOURCE_ID}/tables/{table.name}",
        "name": table.name,
        "type": "Microsoft.OperationalInsights/workspaces/tables",
        "properties": {
            "plan": "Analytics",
            "provisioningState": "Succeeded",
            "retentionInDays": RETENTION_DAYS,
            "totalRetentionInDays": RETENTION_DAYS,
            "archiveRetentionInDays": 0,
            "retentionInDaysAsDefault": True,
            "totalRetentionInDaysAsDefault": True,
            "schema": {
                "name": table.name,
                "displayName": table.name,
                "description": table.description,
                "tableType": "CustomLog" if custom else "Microsoft",
                "tableSubType": "DataCollectionRuleBased" if custom else "Any",
                "columns": columns if custom else [],
                "standardColumns": [] if custom else columns,
                "solutions": ["LogManagement"],
            },
        },
    }


def _column(column: Column) -> Body:
    return {
        "name": column.name,
        "type": _ARM_TYPES.get(column.type, column.type),
        "description": column.description,
        "isDefaultDisplay": False,
        "isHidden": False,
    }
