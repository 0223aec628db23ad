"""Every document that the embedded workspace sends is of the shape that Azure's have."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from azure.core.rest import HttpRequest
from azure_models import REFERENCE, Models, differences, sample_of
from tests.local.stores import own_cache

from moment import clock
from sentinel_mcp.kql.validator import Checker
from sentinel_mcp.local import identity
from sentinel_mcp.local.scenario.names import guid
from sentinel_mcp.local.services.operations import Operation, operations
from sentinel_mcp.local.transport import AsgiResponse, AsgiTransport
from sentinel_mcp.local.workspace import LocalWorkspace, open_local

pytestmark = [
    pytest.mark.skipif(not REFERENCE.is_dir(), reason="Azure's samples are not beside the project"),
    pytest.mark.asyncio(loop_scope="session"),
]

SENTINEL = "securityinsight-2.0.0b4-models.txt"
LOG_ANALYTICS = "loganalytics-14-models.txt"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an operation's answer, or each item of its list, is to be compared with."""

    sample: str
    models: str | None = None
    model: str | None = None
    items: str | None = "value"


def one(sample: str, models: str, model: str) -> Expectation:
    return Expectation(sample, models, model, items=None)


EXPECTED = {
    "Query_Execute": Expectation("logAnalytics-query/oms-post-example", items=None),
    "Metadata_Get": Expectation("logAnalytics-metadata/metadata-post", items=None),
    "Metadata_Post": Expectation("logAnalytics-metadata/metadata-post", items=None),
    "Workspaces_List": Expectation(
        "logAnalytics-workspaces/WorkspacesListByResourceGroup", LOG_ANALYTICS, "Workspace"
    ),
    "Workspaces_ListByResourceGroup": Expectation(
        "logAnalytics-workspaces/WorkspacesListByResourceGroup", LOG_ANALYTICS, "Workspace"
    ),
    "Workspaces_Get": one("logAnalytics-workspaces/WorkspacesGet", LOG_ANALYTICS, "Workspace"),
    "Tables_ListByWorkspace": Expectation("logAnalytics-tables/TablesList", LOG_ANALYTICS, "Table"),
    "Tables_Get": one("logAnalytics-tables/TablesGet", LOG_ANALYTICS, "Table"),
    "SentinelOnboardingStates_List": Expectation(
        "onboardingStates/GetAllSentinelOnboardingStates", SENTINEL, "SentinelOnboardingState"
    ),
    "SentinelOnboardingStates_Get": one(
        "onboardingStates/GetSentinelOnboardingState", SENTINEL, "SentinelOnboardingState"
    ),
    "SourceControls_List": Expectation(
        "sourcecontrols/GetSourceControls", SENTINEL, "SourceControl"
    ),
    "SourceControls_Get": one("sourcecontrols/GetSourceControlById", SENTINEL, "SourceControl"),
    "SecurityMLAnalyticsSettings_List": Expectation(
        "securityMLAnalyticsSettings/GetAllSecurityMLAnalyticsSettings",
        SENTINEL,
        "SecurityMLAnalyticsSetting",
    ),
    "SecurityMLAnalyticsSettings_Get": one(
        "securityMLAnalyticsSettings/GetAnomalySecurityMLAnalyticsSetting",
        SENTINEL,
        "SecurityMLAnalyticsSetting",
    ),
    "ProductSettings_List": Expectation("settings/GetAllSettings", SENTINEL, "Settings"),
    "ProductSettings_Get": one("settings/GetEyesOnSetting", SENTINEL, "Settings"),
    "Metadata_List": Expectation("metadata/GetAllMetadata", SENTINEL, "MetadataModel"),
    "SentinelMetadata_Get": one("metadata/GetMetadata", SENTINEL, "MetadataModel"),
    "Usages_List": Expectation(
        "logAnalytics-usages/WorkspacesListUsages", LOG_ANALYTICS, "UsageMetric"
    ),
    "Incidents_List": Expectation("incidents/GetIncidents", SENTINEL, "Incident"),
    "Incidents_Get": one("incidents/GetIncidentById", SENTINEL, "Incident"),
    "Incidents_CreateOrUpdate": one("incidents/CreateIncident", SENTINEL, "Incident"),
    "Incidents_ListAlerts": Expectation(
        "incidents/GetAllIncidentAlerts", SENTINEL, "SecurityAlert"
    ),
    "Incidents_ListEntities": Expectation(
        "incidents/GetAllIncidentEntities", SENTINEL, "Entity", items="entities"
    ),
    "Incidents_ListBookmarks": Expectation(
        "incidents/GetAllIncidentBookmarks", SENTINEL, "HuntingBookmark"
    ),
    "IncidentComments_List": Expectation(
        "incidentComments/GetAllIncidentComments", SENTINEL, "IncidentComment"
    ),
    "IncidentComments_Get": one(
        "incidentComments/GetIncidentCommentById", SENTINEL, "IncidentComment"
    ),
    "IncidentComments_CreateOrUpdate": one(
        "incidentComments/CreateIncidentComment", SENTINEL, "IncidentComment"
    ),
    "IncidentTasks_List": Expectation("incidentTasks/IncidentTasks_List", SENTINEL, "IncidentTask"),
    "IncidentTasks_Get": one("incidentTasks/IncidentTasks_Get", SENTINEL, "IncidentTask"),
    "IncidentTasks_CreateOrUpdate": one(
        "incidentTasks/IncidentTasks_CreateOrUpdate", SENTINEL, "IncidentTask"
    ),
    "IncidentRelations_List": Expectation(
        "incidentRelations/GetAllIncidentRelations", SENTINEL, "Relation"
    ),
    "IncidentRelations_Get": one(
        "incidentRelations/GetIncidentRelationByName", SENTINEL, "Relation"
    ),
    "IncidentRelations_CreateOrUpdate": one(
        "incidentRelations/CreateIncidentRelation", SENTINEL, "Relation"
    ),
    "AlertRules_List": Expectation("alertRules/GetAllAlertRules", SENTINEL, "AlertRule"),
    "AlertRules_Get": one("alertRules/GetScheduledAlertRule", SENTINEL, "AlertRule"),
    "AlertRules_CreateOrUpdate": one("alertRules/CreateScheduledAlertRule", SENTINEL, "AlertRule"),
    "AlertRuleTemplates_List": Expectation(
        "alertRuleTemplates/GetAlertRuleTemplates", SENTINEL, "AlertRuleTemplate"
    ),
    "AlertRuleTemplates_Get": one(
        "alertRuleTemplates/GetAlertRuleTemplateById", SENTINEL, "AlertRuleTemplate"
    ),
    "Actions_ListByAlertRule": Expectation(
        "actions/GetAllActionsByAlertRule", SENTINEL, "ActionResponse"
    ),
    "Actions_Get": one("actions/GetAllActionsByAlertRule", SENTINEL, "ActionResponse"),
    "Bookmarks_List": Expectation("bookmarks/GetBookmarks", SENTINEL, "Bookmark"),
    "Bookmarks_Get": one("bookmarks/GetBookmarkById", SENTINEL, "Bookmark"),
    "Bookmarks_CreateOrUpdate": one("bookmarks/CreateBookmark", SENTINEL, "Bookmark"),
    "Hunts_List": Expectation("hunts/GetHunts", SENTINEL, "Hunt"),
    "Hunts_Get": one("hunts/GetHuntById", SENTINEL, "Hunt"),
    "SavedSearches_ListByWorkspace": Expectation(
        "logAnalytics-savedSearches/SavedSearchesListByWorkspace", LOG_ANALYTICS, "SavedSearch"
    ),
    "SavedSearches_Get": one(
        "logAnalytics-savedSearches/WorkspacesSavedSearchesGet", LOG_ANALYTICS, "SavedSearch"
    ),
    "SavedSearches_CreateOrUpdate": one(
        "logAnalytics-savedSearches/WorkspacesSavedSearchesGet", LOG_ANALYTICS, "SavedSearch"
    ),
    "AutomationRules_List": Expectation(
        "automationRules/AutomationRules_List", SENTINEL, "AutomationRule"
    ),
    "AutomationRules_Get": one("automationRules/AutomationRules_Get", SENTINEL, "AutomationRule"),
    "AutomationRules_CreateOrUpdate": one(
        "automationRules/AutomationRules_CreateOrUpdate", SENTINEL, "AutomationRule"
    ),
    "ContentPackages_List": Expectation("contentPackages/GetPackages", SENTINEL, "PackageModel"),
    "ContentPackages_Get": one("contentPackages/GetPackageById", SENTINEL, "PackageModel"),
    "ContentTemplates_List": Expectation(
        "contentTemplates/GetTemplates", SENTINEL, "TemplateModel"
    ),
    "ContentTemplate_Get": one("contentTemplates/GetTemplateById", SENTINEL, "TemplateModel"),
    "ProductPackages_List": Expectation(
        "productPackages/GetProductPackages", SENTINEL, "ProductPackageModel"
    ),
    "ProductPackage_Get": one(
        "productPackages/GetProductPackageById", SENTINEL, "ProductPackageModel"
    ),
    "ProductTemplates_List": Expectation(
        "contentTemplates/GetProductTemplates", SENTINEL, "ProductTemplateModel"
    ),
    "ProductTemplate_Get": one(
        "contentTemplates/GetTemplateById", SENTINEL, "ProductTemplateModel"
    ),
    "GetRecommendations_List": Expectation(
        "recommendations/GetRecommendations", SENTINEL, "Recommendation"
    ),
    "Get_SingleRecommendation": one(
        "recommendations/GetRecommendation", SENTINEL, "Recommendation"
    ),
    "SummaryLogs_ListByWorkspace": Expectation(
        "logAnalytics-summaryLogs/SummaryLogsList", LOG_ANALYTICS, "SummaryLogs"
    ),
    "SummaryLogs_Get": one("logAnalytics-summaryLogs/SummaryLogsGet", LOG_ANALYTICS, "SummaryLogs"),
    "DataConnectors_List": Expectation(
        "dataConnectors/GetDataConnectors", SENTINEL, "DataConnector"
    ),
    "DataConnectors_Get": one(
        "dataConnectors/GetOfficeDataConnetorById", SENTINEL, "DataConnector"
    ),
    "DataConnectorDefinitions_List": Expectation(
        "dataConnectorDefinitions/GetDataConnectorDefinitions", SENTINEL, "DataConnectorDefinition"
    ),
    "DataConnectorDefinitions_Get": one(
        "dataConnectorDefinitions/GetCustomizableDataConnectorDefinitionById",
        SENTINEL,
        "DataConnectorDefinition",
    ),
    "Watchlists_List": Expectation("watchlists/GetWatchlists", SENTINEL, "Watchlist"),
    "Watchlists_Get": one("watchlists/GetWatchlistByAlias", SENTINEL, "Watchlist"),
    "Watchlists_CreateOrUpdate": one(
        "watchlists/CreateWatchlistAndWatchlistItems", SENTINEL, "Watchlist"
    ),
    "WatchlistItems_List": Expectation(
        "watchlistItems/GetWatchlistItems", SENTINEL, "WatchlistItem"
    ),
    "WatchlistItems_Get": one("watchlistItems/GetWatchlistItemById", SENTINEL, "WatchlistItem"),
    "WatchlistItems_CreateOrUpdate": one(
        "watchlistItems/CreateWatchlistItem", SENTINEL, "WatchlistItem"
    ),
    "ThreatIntelligenceIndicators_List": Expectation(
        "threatIntelligence/GetThreatIntelligence", SENTINEL, "ThreatIntelligenceInformation"
    ),
    "ThreatIntelligenceIndicator_Get": one(
        "threatIntelligence/GetThreatIntelligenceById", SENTINEL, "ThreatIntelligenceInformation"
    ),
    "ThreatIntelligenceIndicator_Create": one(
        "threatIntelligence/CreateThreatIntelligence", SENTINEL, "ThreatIntelligenceInformation"
    ),
    "ThreatIntelligenceIndicator_CreateIndicator": one(
        "threatIntelligence/CreateThreatIntelligence", SENTINEL, "ThreatIntelligenceInformation"
    ),
    "ThreatIntelligenceIndicator_ReplaceTags": one(
        "threatIntelligence/GetThreatIntelligenceById", SENTINEL, "ThreatIntelligenceInformation"
    ),
    "ThreatIntelligenceIndicator_QueryIndicators": Expectation(
        "threatIntelligence/QueryThreatIntelligence", SENTINEL, "ThreatIntelligenceInformation"
    ),
    "ThreatIntelligenceIndicatorMetrics_List": Expectation(
        "threatIntelligence/CollectThreatIntelligenceMetrics", SENTINEL, "ThreatIntelligenceMetrics"
    ),
    "ThreatIntelligence_Count": one(
        "threatIntelligence/PostThreatIntelligenceCount", SENTINEL, "ThreatIntelligenceCount"
    ),
    "ThreatIntelligence_Query": Expectation(
        "threatIntelligence/PostThreatIntelligenceQuery", SENTINEL, "TIObject"
    ),
    "RoleAssignments_ListForScope": Expectation(
        "authorization/RoleAssignments_ListForScope", items=None
    ),
    "Entities_List": Expectation("entities/GetEntities", SENTINEL, "Entity"),
    "Entities_Get": one("entities/GetHostEntityById", SENTINEL, "Entity"),
    "Entities_Expand": one("entities/PostExpandEntity", SENTINEL, "EntityExpandResponse"),
    "EntityQueries_List": Expectation("entityQueries/GetEntityQueries", SENTINEL, "EntityQuery"),
    "EntityQueries_Get": one("entityQueries/GetEntityQueries", SENTINEL, "EntityQuery"),
    "EntitiesGetTimeline_List": one(
        "entities/PostTimelineEntity", SENTINEL, "EntityTimelineResponse"
    ),
    "ListGeodataByIp": one(
        "enrichment/GetGeodataWithWorkspaceByIp", SENTINEL, "EnrichmentIpGeodata"
    ),
    "ListWhoisByDomain": one(
        "enrichment/GetWhoisWithWorkspaceByDomainName", SENTINEL, "EnrichmentDomainWhois"
    ),
}

NOT_IN_SAMPLES = {
    ".functions[].parameters",
    ".tables[].columns[].description",
    ".value[].properties.condition",
    ".value[].properties.conditionVersion",
    ".value[].properties.createdOn",
    ".value[].properties.createdBy",
    ".value[].properties.updatedOn",
    ".value[].properties.updatedBy",
}
"""What the service sends by its own description, and its samples leave out."""

WITHOUT_SAMPLE = {
    "HuntComments_List",
    "HuntComments_Get",
    "HuntRelations_List",
    "HuntRelations_Get",
    "Workbooks_ListByResourceGroup",
    "Workbooks_Get",
    "Subscriptions_List",
    "Subscriptions_Get",
    "Permissions_ListForResource",
    "MetricDefinitions_List",
    "Metrics_List",
    "Metrics_Batch",
    "RoleDefinitions_List",
    "Users_List",
    "Users_Get",
    "Users_GetManager",
    "Users_ListMemberOf",
    "Users_ListTransitiveMemberOf",
    "RiskyUsers_Get",
    "Groups_List",
    "Groups_Get",
    "Groups_ListOwners",
    "Groups_ListMembers",
    "DirectoryObjects_GetByIds",
    "SecurityIncidents_List",
    "SecurityIncidents_Get",
    "SecurityAlerts_List",
    "SecurityAlerts_Get",
    "Security_RunHuntingQuery",
    "Lake_Query",
}
"""Of Microsoft.Resources, Authorization and Insights, of Microsoft Graph and the data lake: no
sample of them is beside the project."""

WITHOUT_BODY = {
    "Incidents_Delete",
    "Incidents_RunPlaybook",
    "IncidentComments_Delete",
    "IncidentTasks_Delete",
    "IncidentRelations_Delete",
    "AutomationRules_Delete",
    "Bookmarks_Delete",
    "SavedSearches_Delete",
    "AlertRules_Delete",
    "ThreatIntelligenceIndicator_AppendTags",
    "ThreatIntelligenceIndicator_Delete",
    "WatchlistItems_Delete",
    "Watchlists_Delete",
}
"""Answered by a status alone, in the samples as well."""

INDICATOR: Any = {
    "kind": "indicator",
    "properties": {
        "source": "Test",
        "displayName": "Made by a test",
        "pattern": "[url:value = 'https://test.example/']",
        "patternType": "url",
    },
}

SCHEDULED_RULE: Any = {
    "kind": "Scheduled",
    "properties": {
        "displayName": "Made by a test",
        "enabled": True,
        "severity": "Low",
        "query": "Usage | where Quantity > 1",
        "queryFrequency": "PT1H",
        "queryPeriod": "PT1H",
        "triggerOperator": "GreaterThan",
        "triggerThreshold": 0,
        "suppressionDuration": "PT5H",
        "suppressionEnabled": False,
    },
}

BODIES: dict[str, Any] = {
    "Watchlists_CreateOrUpdate": {
        "properties": {"displayName": "Changed", "provider": "Test", "itemsSearchKey": "Key"}
    },
    "WatchlistItems_CreateOrUpdate": {
        "properties": {"itemsKeyValue": {"Key": "x", "User Principal Name": "x"}}
    },
    "IncidentRelations_CreateOrUpdate": {
        "properties": {
            "relatedResourceId": f"{identity.INSIGHTS_ID}/bookmarks/{guid('bookmark', 'odd-hours')}"
        }
    },
    "Bookmarks_CreateOrUpdate": {
        "properties": {"displayName": "Made by a test", "query": "Usage | take 1", "labels": ["a"]}
    },
    "SavedSearches_CreateOrUpdate": {
        "etag": "*",
        "properties": {"displayName": "Made by a test", "category": "Tests", "query": "Usage"},
    },
    "AutomationRules_CreateOrUpdate": {
        "properties": {
            "displayName": "Made by a test",
            "order": 9,
            "triggeringLogic": {
                "isEnabled": True,
                "triggersOn": "Incidents",
                "triggersWhen": "Created",
            },
            "actions": [],
        }
    },
    "AlertRules_CreateOrUpdate": SCHEDULED_RULE,
    "Query_Execute": {"query": "Usage | take 5"},
    "Incidents_CreateOrUpdate": {
        "properties": {"title": "Made by a test", "severity": "Low", "status": "New"}
    },
    "IncidentComments_CreateOrUpdate": {"properties": {"message": "Seen"}},
    "IncidentTasks_CreateOrUpdate": {
        "properties": {"title": "Look", "description": "At it", "status": "New"}
    },
    "ThreatIntelligenceIndicator_Create": INDICATOR,
    "ThreatIntelligenceIndicator_CreateIndicator": INDICATOR,
    "ThreatIntelligenceIndicator_ReplaceTags": {"properties": {"threatIntelligenceTags": ["seen"]}},
    "ThreatIntelligenceIndicator_QueryIndicators": {"includeDisabled": True, "pageSize": 500},
    "ThreatIntelligence_Count": {"condition": {"clauses": []}},
    "ThreatIntelligence_Query": {"condition": {"clauses": []}, "maxPageSize": 500},
    "Entities_Expand": {"expansionId": guid("entity-query", "Account", "IP")},
    "EntitiesGetTimeline_List": {"startTime": "2001-01-01T00:00:00Z", "endTime": "2099-01-01"},
    "ListGeodataByIp": {"ipAddress": "192.0.2.147"},
    "ListWhoisByDomain": {"domain": "northwind.example"},
}

KINDS = {"contentproducttemplates": "contentProductTemplates", "tasks": "incidentTasks"}
"""Under which kind documents are kept, where their URL calls them otherwise."""

FIXED = {
    "subscription": identity.SUBSCRIPTION_ID,
    "resource_group": identity.RESOURCE_GROUP,
    "workspace": identity.WORKSPACE_NAME,
    "workspace_id": identity.WORKSPACE_ID,
    "type": "main",
    "rule": guid("rule", "password-spray"),
    "entity": guid("entity", "account", "daniel.reyes"),
    "watchlist": "VIPUsers",
}


class Asking:
    """Asks an opened workspace; finds by itself a resource that an operation can be tried on."""

    def __init__(self, workspace: LocalWorkspace) -> None:
        self._transport = AsgiTransport(workspace.app)
        self._documents = workspace.store.documents
        self._tables = list(workspace.store.tables())
        self.incidents = [each["name"] for each in self._documents.list("incidents")]
        self._relate_a_bookmark()

    async def ask(self, operation: Operation, incident: str | None = None) -> Any:
        request = HttpRequest(
            operation.method,
            f"https://management.azure.com{self._path(operation, incident)}",
            params={"api-version": "2025-09-01"},
            json=BODIES.get(operation.name),
            headers={"Authorization": "Bearer any"},
        )
        response = await self._transport.send(request)
        assert isinstance(response, AsgiResponse)
        assert response.status_code in (200, 201), response.text()
        return response.json()

    def _path(self, operation: Operation, incident: str | None) -> str:
        before, _, _ = operation.path.partition("/{name}")
        segment = before.rsplit("/", 1)[-1]
        kind = KINDS.get(segment, segment)
        parent = incident or self._incident_with(kind)
        values = {**FIXED, "incident": parent, "name": self._name(kind, parent)}
        return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], operation.path)

    def _incident_with(self, kind: str) -> str:
        wanted = "relations" if kind == "bookmarks" else kind
        for name in self.incidents:
            if self._documents.list(wanted, name):
                return name
        return self.incidents[0]

    def _name(self, kind: str, incident: str) -> str:
        if kind in ("tables", "onboardingStates"):
            return self._tables[0] if kind == "tables" else "default"
        for parent in ("", incident, FIXED["rule"], FIXED["watchlist"]):
            if found := self._documents.list(kind, parent):
                return str(found[0]["name"])
        return "new"

    def _relate_a_bookmark(self) -> None:
        """See to it that one incident has a bookmark, whatever the scenario has."""
        bookmark = self._documents.list("bookmarks")[0]
        incident = self.incidents[0]
        name = "3f1c7f0e-2d0b-4f39-9c55-000000000001"
        relation = {
            "id": f"{identity.INSIGHTS_ID}/incidents/{incident}/relations/{name}",
            "name": name,
            "type": "Microsoft.SecurityInsights/incidents/relations",
            "properties": {
                "relatedResourceId": bookmark["id"],
                "relatedResourceName": bookmark["name"],
                "relatedResourceType": "Microsoft.SecurityInsights/bookmarks",
            },
        }
        self._documents.put("relations", name, relation, parent=incident)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def asking(
    tmp_path_factory: pytest.TempPathFactory, checker: Checker
) -> AsyncGenerator[Asking]:
    directory = own_cache(tmp_path_factory, "contract") / "local"
    async with await open_local(directory, checker, clock=clock()) as workspace:
        yield Asking(workspace)


def problems(answer: Any, expected: Expectation) -> list[str]:
    sample = sample_of(expected.sample)
    if expected.models is None or expected.model is None:
        told = differences(answer, sample)
        return [each for each in told if each.partition(":")[0] not in NOT_IN_SAMPLES]
    models = Models(expected.models)
    if expected.items is None:
        return models.problems(answer, expected.model, sample)
    assert answer[expected.items], "nothing to compare"
    return [
        told
        for each in answer[expected.items]
        for told in models.problems(each, expected.model, sample[expected.items][0])
    ]


ANSWERED = [each for each in operations() if each.area]


async def test_every_answered_operation_is_compared_with_azure() -> None:
    assert {each.name for each in ANSWERED} == EXPECTED.keys() | WITHOUT_SAMPLE | WITHOUT_BODY


@pytest.mark.parametrize(
    "operation", [each for each in ANSWERED if each.name in EXPECTED], ids=lambda each: each.name
)
async def test_an_answer_has_the_shape_of_azures(asking: Asking, operation: Operation) -> None:
    answer = await asking.ask(operation)

    if operation.name == "Query_Execute":
        # The sample's cells are texts whatever their columns are; only their places are compared.
        for table in answer["tables"]:
            assert {len(row) for row in table.pop("rows")} == {len(table["columns"])}
    assert problems(answer, EXPECTED[operation.name]) == []


@pytest.mark.parametrize(
    "name",
    [
        "Incidents_ListAlerts",
        "Incidents_ListEntities",
        "IncidentComments_List",
        "IncidentTasks_List",
        "IncidentRelations_List",
    ],
)
async def test_what_belongs_to_each_incident_has_the_shape_of_azures(
    asking: Asking, name: str
) -> None:
    (operation,) = (each for each in ANSWERED if each.name == name)
    expected = EXPECTED[name]
    models = Models(SENTINEL)
    found: list[str] = []
    for incident in asking.incidents:
        answer = await asking.ask(operation, incident)
        for each in answer[expected.items]:
            sample = sample_of(expected.sample)[expected.items][0]
            found += models.problems(each, str(expected.model), sample)

    assert found == []


async def test_times_are_utc_and_ids_are_of_the_workspace(asking: Asking) -> None:
    (operation,) = (each for each in ANSWERED if each.name == "Incidents_List")
    for each in (await asking.ask(operation))["value"]:
        assert each["id"].startswith(f"{identity.INSIGHTS_ID}/incidents/")
        assert each["properties"]["createdTimeUtc"].endswith("Z")
