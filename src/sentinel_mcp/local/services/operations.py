"""Which operations of Azure's REST the embedded workspace answers, and the names of the others.

The routes, the refusals and the page that lists what is missing are all made from this table.
Names are Azure's operation ids; paths are Azure's, with shorter names of parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Area = Literal[
    "logs",
    "workspaces",
    "metrics",
    "incidents",
    "discussion",
    "rules",
    "hunting",
    "watchlists",
    "threat_intel",
    "entities",
    "content",
    "resources",
    "directory",
    "defender",
    "lake",
]

_PLACES = {
    "{logs}": "/v1/workspaces/{workspace_id}",
    "{graph}": "/v1.0",
    "{auth}": "providers/Microsoft.Authorization",
    "{ti}": "{si}/threatIntelligence/main",
    "{si}": "{ws}/providers/Microsoft.SecurityInsights",
    "{ws}": "{group}/workspaces/{workspace}",
    "{group}": "/subscriptions/{subscription}/resourceGroups/{resource_group}{provider}",
    "{insights}": "/subscriptions/{subscription}/resourceGroups/{resource_group}"
    "/providers/Microsoft.Insights",
    "{sub}": "/subscriptions/{subscription}{provider}",
    "{provider}": "/providers/Microsoft.OperationalInsights",
}

# All of Microsoft Sentinel's operations of 2025-10-01-preview and of Log Analytics' of 2025-07-01,
# and of other services those that the tools use.
_OPERATIONS = """
logs         POST   {logs}/query Query_Execute
logs         GET    {logs}/metadata Metadata_Get
logs         POST   {logs}/metadata Metadata_Post
workspaces   GET    /subscriptions Subscriptions_List
workspaces   GET    /subscriptions/{subscription} Subscriptions_Get
workspaces   GET    {sub}/workspaces Workspaces_List
workspaces   GET    {group}/workspaces Workspaces_ListByResourceGroup
workspaces   GET    {ws} Workspaces_Get
workspaces   GET    {ws}/tables Tables_ListByWorkspace
workspaces   GET    {ws}/tables/{name} Tables_Get
workspaces   GET    {si}/onboardingStates SentinelOnboardingStates_List
workspaces   GET    {si}/onboardingStates/{name} SentinelOnboardingStates_Get
workspaces   GET    {si}/securityMLAnalyticsSettings/{name} SecurityMLAnalyticsSettings_Get
workspaces   GET    {si}/securityMLAnalyticsSettings SecurityMLAnalyticsSettings_List
workspaces   GET    {si}/sourcecontrols/{name} SourceControls_Get
workspaces   GET    {si}/sourcecontrols SourceControls_List
workspaces   GET    {si}/settings/{name} ProductSettings_Get
workspaces   GET    {si}/settings ProductSettings_List
workspaces   GET    {si}/metadata/{name} SentinelMetadata_Get
workspaces   GET    {si}/metadata Metadata_List
workspaces   GET    {ws}/providers/Microsoft.Authorization/permissions Permissions_ListForResource
metrics      GET    {ws}/usages Usages_List
metrics      GET    {ws}/providers/Microsoft.Insights/metricDefinitions MetricDefinitions_List
metrics      GET    {ws}/providers/Microsoft.Insights/metrics Metrics_List
metrics      POST   /subscriptions/{subscription}/metrics:getBatch Metrics_Batch
incidents    GET    {si}/incidents Incidents_List
incidents    GET    {si}/incidents/{incident} Incidents_Get
incidents    PUT    {si}/incidents/{incident} Incidents_CreateOrUpdate
incidents    POST   {si}/incidents/{incident}/alerts Incidents_ListAlerts
incidents    POST   {si}/incidents/{incident}/entities Incidents_ListEntities
incidents    POST   {si}/incidents/{incident}/bookmarks Incidents_ListBookmarks
incidents    DELETE {si}/incidents/{incident} Incidents_Delete
incidents    POST   {si}/incidents/{incident}/runPlaybook Incidents_RunPlaybook
discussion   GET    {si}/incidents/{incident}/comments IncidentComments_List
discussion   GET    {si}/incidents/{incident}/comments/{name} IncidentComments_Get
discussion   PUT    {si}/incidents/{incident}/comments/{name} IncidentComments_CreateOrUpdate
discussion   GET    {si}/incidents/{incident}/tasks IncidentTasks_List
discussion   GET    {si}/incidents/{incident}/tasks/{name} IncidentTasks_Get
discussion   PUT    {si}/incidents/{incident}/tasks/{name} IncidentTasks_CreateOrUpdate
discussion   GET    {si}/incidents/{incident}/relations IncidentRelations_List
discussion   GET    {si}/incidents/{incident}/relations/{name} IncidentRelations_Get
discussion   DELETE {si}/incidents/{incident}/comments/{name} IncidentComments_Delete
discussion   DELETE {si}/incidents/{incident}/tasks/{name} IncidentTasks_Delete
discussion   PUT    {si}/incidents/{incident}/relations/{name} IncidentRelations_CreateOrUpdate
discussion   DELETE {si}/incidents/{incident}/relations/{name} IncidentRelations_Delete
rules        GET    {si}/alertRules AlertRules_List
rules        GET    {si}/alertRules/{name} AlertRules_Get
rules        PUT    {si}/alertRules/{name} AlertRules_CreateOrUpdate
rules        DELETE {si}/alertRules/{name} AlertRules_Delete
rules        GET    {si}/alertRuleTemplates/{name} AlertRuleTemplates_Get
rules        GET    {si}/alertRuleTemplates AlertRuleTemplates_List
rules        GET    {si}/alertRules/{rule}/actions/{name} Actions_Get
rules        GET    {si}/alertRules/{rule}/actions Actions_ListByAlertRule
hunting      GET    {si}/bookmarks Bookmarks_List
hunting      GET    {si}/bookmarks/{name} Bookmarks_Get
hunting      PUT    {si}/bookmarks/{name} Bookmarks_CreateOrUpdate
hunting      DELETE {si}/bookmarks/{name} Bookmarks_Delete
hunting      GET    {si}/hunts/{name} Hunts_Get
hunting      GET    {si}/hunts Hunts_List
hunting      GET    {si}/hunts/{hunt}/comments/{name} HuntComments_Get
hunting      GET    {si}/hunts/{hunt}/comments HuntComments_List
hunting      GET    {si}/hunts/{hunt}/relations/{name} HuntRelations_Get
hunting      GET    {si}/hunts/{hunt}/relations HuntRelations_List
hunting      GET    {ws}/savedSearches/{name} SavedSearches_Get
hunting      PUT    {ws}/savedSearches/{name} SavedSearches_CreateOrUpdate
hunting      DELETE {ws}/savedSearches/{name} SavedSearches_Delete
hunting      GET    {ws}/savedSearches SavedSearches_ListByWorkspace
watchlists   GET    {si}/watchlists/{name} Watchlists_Get
watchlists   PUT    {si}/watchlists/{name} Watchlists_CreateOrUpdate
watchlists   DELETE {si}/watchlists/{name} Watchlists_Delete
watchlists   GET    {si}/watchlists Watchlists_List
watchlists   GET    {si}/watchlists/{watchlist}/watchlistItems/{name} WatchlistItems_Get
watchlists   PUT    {si}/watchlists/{watchlist}/watchlistItems/{name} WatchlistItems_CreateOrUpdate
watchlists   DELETE {si}/watchlists/{watchlist}/watchlistItems/{name} WatchlistItems_Delete
watchlists   GET    {si}/watchlists/{watchlist}/watchlistItems WatchlistItems_List
threat_intel GET    {ti}/indicators/{name} ThreatIntelligenceIndicator_Get
threat_intel PUT    {ti}/indicators/{name} ThreatIntelligenceIndicator_Create
threat_intel DELETE {ti}/indicators/{name} ThreatIntelligenceIndicator_Delete
threat_intel POST   {ti}/indicators/{name}/appendTags ThreatIntelligenceIndicator_AppendTags
threat_intel POST   {ti}/indicators/{name}/replaceTags ThreatIntelligenceIndicator_ReplaceTags
threat_intel POST   {ti}/createIndicator ThreatIntelligenceIndicator_CreateIndicator
threat_intel POST   {ti}/queryIndicators ThreatIntelligenceIndicator_QueryIndicators
threat_intel GET    {ti}/indicators ThreatIntelligenceIndicators_List
threat_intel GET    {ti}/metrics ThreatIntelligenceIndicatorMetrics_List
threat_intel POST   {si}/threatIntelligence/{type}/count ThreatIntelligence_Count
threat_intel POST   {si}/threatIntelligence/{type}/query ThreatIntelligence_Query
entities     GET    {si}/entities/{name} Entities_Get
entities     GET    {si}/entities Entities_List
entities     POST   {si}/entities/{entity}/expand Entities_Expand
entities     GET    {si}/entityQueries/{name} EntityQueries_Get
entities     GET    {si}/entityQueries EntityQueries_List
entities     POST   {si}/entities/{entity}/getTimeline EntitiesGetTimeline_List
entities     POST   {si}/enrichment/{type}/listGeodataByIp ListGeodataByIp
entities     POST   {si}/enrichment/{type}/listWhoisByDomain ListWhoisByDomain
content      GET    {si}/automationRules/{name} AutomationRules_Get
content      PUT    {si}/automationRules/{name} AutomationRules_CreateOrUpdate
content      DELETE {si}/automationRules/{name} AutomationRules_Delete
content      GET    {si}/automationRules AutomationRules_List
content      GET    {si}/contentPackages/{name} ContentPackages_Get
content      GET    {si}/contentPackages ContentPackages_List
content      GET    {si}/contentProductPackages/{name} ProductPackage_Get
content      GET    {si}/contentProductPackages ProductPackages_List
content      GET    {si}/contentproducttemplates/{name} ProductTemplate_Get
content      GET    {si}/contentProductTemplates ProductTemplates_List
content      GET    {si}/contentTemplates/{name} ContentTemplate_Get
content      GET    {si}/contentTemplates ContentTemplates_List
content      GET    {si}/recommendations/{name} Get_SingleRecommendation
content      GET    {si}/recommendations GetRecommendations_List
content      GET    {ws}/summaryLogs/{name} SummaryLogs_Get
content      GET    {ws}/summaryLogs SummaryLogs_ListByWorkspace
content      GET    {insights}/workbooks Workbooks_ListByResourceGroup
content      GET    {insights}/workbooks/{name} Workbooks_Get
resources    GET    {si}/dataConnectors DataConnectors_List
resources    GET    {si}/dataConnectors/{name} DataConnectors_Get
resources    GET    {si}/dataConnectorDefinitions DataConnectorDefinitions_List
resources    GET    {si}/dataConnectorDefinitions/{name} DataConnectorDefinitions_Get
directory    GET    {graph}/users Users_List
directory    GET    {graph}/users/{user} Users_Get
directory    GET    {graph}/users/{user}/manager Users_GetManager
directory    GET    {graph}/users/{user}/memberOf Users_ListMemberOf
directory    GET    {graph}/users/{user}/transitiveMemberOf Users_ListTransitiveMemberOf
directory    GET    {graph}/identityProtection/riskyUsers/{user} RiskyUsers_Get
directory    GET    {graph}/groups Groups_List
directory    GET    {graph}/groups/{object_id} Groups_Get
directory    GET    {graph}/groups/{object_id}/owners Groups_ListOwners
directory    GET    {graph}/groups/{object_id}/members Groups_ListMembers
directory    POST   {graph}/directoryObjects/getByIds DirectoryObjects_GetByIds
directory    GET    {ws}/{auth}/roleAssignments RoleAssignments_ListForScope
directory    GET    {ws}/{auth}/roleDefinitions RoleDefinitions_List
defender     GET    {graph}/security/incidents SecurityIncidents_List
defender     GET    {graph}/security/incidents/{incident} SecurityIncidents_Get
defender     GET    {graph}/security/alerts_v2 SecurityAlerts_List
defender     GET    {graph}/security/alerts_v2/{alert} SecurityAlerts_Get
defender     POST   {graph}/security/runHuntingQuery Security_RunHuntingQuery
lake         POST   /lake/kql/v2/rest/query Lake_Query
- GET    {logs}/query Query_Get
- POST   {logs}/search Search_Execute
- POST   /v1/$batch Query_Batch
- PUT    {si}/dataConnectorDefinitions/{name} DataConnectorDefinitions_CreateOrUpdate
- DELETE {si}/dataConnectorDefinitions/{name} DataConnectorDefinitions_Delete
- PUT    {si}/dataConnectors/{name} DataConnectors_CreateOrUpdate
- DELETE {si}/dataConnectors/{name} DataConnectors_Delete
- POST   {si}/dataConnectors/{name}/connect DataConnectors_Connect
- POST   {si}/dataConnectors/{name}/disconnect DataConnectors_Disconnect
- GET    {si}/bookmarks/{bookmark}/relations/{name} BookmarkRelations_Get
- PUT    {si}/bookmarks/{bookmark}/relations/{name} BookmarkRelations_CreateOrUpdate
- DELETE {si}/bookmarks/{bookmark}/relations/{name} BookmarkRelations_Delete
- GET    {si}/bookmarks/{bookmark}/relations BookmarkRelations_List
- PUT    {si}/onboardingStates/{name} SentinelOnboardingStates_Create
- DELETE {si}/onboardingStates/{name} SentinelOnboardingStates_Delete
- PUT    {si}/securityMLAnalyticsSettings/{name} SecurityMLAnalyticsSettings_CreateOrUpdate
- DELETE {si}/securityMLAnalyticsSettings/{name} SecurityMLAnalyticsSettings_Delete
- PUT    {si}/sourcecontrols/{name} SourceControls_Create
- POST   {si}/sourcecontrols/{name}/delete SourceControls_Delete
- POST   {si}/entities/{entity}/runPlaybook Entities_RunPlaybook
- GET    {si}/entities/{entity}/queries Entities_Queries
- POST   {si}/entities/{entity}/getInsights Entities_GetInsights
- GET    {si}/entities/{entity}/relations EntitiesRelations_List
- GET    {si}/entities/{entity}/relations/{name} EntityRelations_GetRelation
- PUT    {si}/entityQueries/{name} EntityQueries_CreateOrUpdate
- DELETE {si}/entityQueries/{name} EntityQueries_Delete
- GET    {si}/entityQueryTemplates/{name} EntityQueryTemplates_Get
- GET    {si}/entityQueryTemplates EntityQueryTemplates_List
- GET    {si}/fileImports/{name} FileImports_Get
- PUT    {si}/fileImports/{name} FileImports_Create
- DELETE {si}/fileImports/{name} FileImports_Delete
- GET    {si}/fileImports FileImports_List
- GET    {si}/billingStatistics/{name} BillingStatistics_Get
- GET    {si}/billingStatistics BillingStatistics_List
- PUT    {si}/settings/{name} ProductSettings_Update
- DELETE {si}/settings/{name} ProductSettings_Delete
- PUT    {si}/alertRules/{rule}/actions/{name} Actions_CreateOrUpdate
- DELETE {si}/alertRules/{rule}/actions/{name} Actions_Delete
- POST   {si}/alertRules/{rule}/triggerRuleRun AlertRule_TriggerRuleRun
- POST   {si}/bookmarks/{bookmark}/expand Bookmark_Expand
- PUT    {si}/contentPackages/{name} ContentPackage_Install
- DELETE {si}/contentPackages/{name} ContentPackage_Uninstall
- PUT    {si}/contentTemplates/{name} ContentTemplate_Install
- DELETE {si}/contentTemplates/{name} ContentTemplate_Delete
- PUT    {si}/metadata/{name} Metadata_Create
- PATCH  {si}/metadata/{name} Metadata_Update
- DELETE {si}/metadata/{name} Metadata_Delete
- POST   {si}/dataConnectorsCheckRequirements DataConnectorsCheckRequirements_Post
- POST   {si}/listRepositories SourceControl_ListRepositories
- PATCH  {si}/recommendations/{name} Update_Recommendation
- POST   {si}/recommendations/{name}/triggerEvaluation Reevaluate_Recommendation
- GET    {si}/triggeredAnalyticsRuleRuns/{name} TriggeredAnalyticsRuleRun_Get
- GET    {si}/triggeredAnalyticsRuleRuns GetTriggeredAnalyticsRuleRuns_List
- PUT    {ws} Workspaces_CreateOrUpdate
- PATCH  {ws} Workspaces_Update
- DELETE {ws} Workspaces_Delete
- PUT    {ws}/tables/{name} Tables_CreateOrUpdate
- PATCH  {ws}/tables/{name} Tables_Update
- DELETE {ws}/tables/{name} Tables_Delete
- POST   {ws}/tables/{name}/migrate Tables_Migrate
- POST   {ws}/tables/{name}/cancelSearch Tables_CancelSearch
- PUT    {si}/hunts/{name} Hunts_CreateOrUpdate
- DELETE {si}/hunts/{name} Hunts_Delete
- PUT    {si}/hunts/{hunt}/comments/{name} HuntComments_CreateOrUpdate
- DELETE {si}/hunts/{hunt}/comments/{name} HuntComments_Delete
- PUT    {si}/hunts/{hunt}/relations/{name} HuntRelations_CreateOrUpdate
- DELETE {si}/hunts/{hunt}/relations/{name} HuntRelations_Delete
- PUT    {ws}/summaryLogs/{name} SummaryLogs_CreateOrUpdate
- DELETE {ws}/summaryLogs/{name} SummaryLogs_Delete
- POST   {ws}/summaryLogs/{name}/start SummaryLogs_Start
- POST   {ws}/summaryLogs/{name}/stop SummaryLogs_Stop
- POST   {ws}/summaryLogs/{name}/retrybin SummaryLogs_RetryBin
- DELETE {si}/officeConsents/{consent_id} OfficeConsents_Delete
- GET    {si}/officeConsents/{consent_id} OfficeConsents_Get
- GET    {si}/officeConsents OfficeConsents_List
- GET    /providers/Microsoft.SecurityInsights/operations SentinelOperations_List
- POST   {si}/workspaceManagerAssignments/{a}/jobs WorkspaceManagerAssignmentJobs_Create
- DELETE {si}/workspaceManagerAssignments/{a}/jobs/{job} WorkspaceManagerAssignmentJobs_Delete
- GET    {si}/workspaceManagerAssignments/{a}/jobs/{job} WorkspaceManagerAssignmentJobs_Get
- GET    {si}/workspaceManagerAssignments/{a}/jobs WorkspaceManagerAssignmentJobs_List
- PUT    {si}/workspaceManagerAssignments/{a} WorkspaceManagerAssignments_CreateOrUpdate
- DELETE {si}/workspaceManagerAssignments/{a} WorkspaceManagerAssignments_Delete
- GET    {si}/workspaceManagerAssignments/{a} WorkspaceManagerAssignments_Get
- GET    {si}/workspaceManagerAssignments WorkspaceManagerAssignments_List
- PUT    {si}/workspaceManagerConfigurations/{name} WorkspaceManagerConfigurations_CreateOrUpdate
- DELETE {si}/workspaceManagerConfigurations/{name} WorkspaceManagerConfigurations_Delete
- GET    {si}/workspaceManagerConfigurations/{name} WorkspaceManagerConfigurations_Get
- GET    {si}/workspaceManagerConfigurations WorkspaceManagerConfigurations_List
- PUT    {si}/workspaceManagerGroups/{name} WorkspaceManagerGroups_CreateOrUpdate
- DELETE {si}/workspaceManagerGroups/{name} WorkspaceManagerGroups_Delete
- GET    {si}/workspaceManagerGroups/{name} WorkspaceManagerGroups_Get
- GET    {si}/workspaceManagerGroups WorkspaceManagerGroups_List
- PUT    {si}/workspaceManagerMembers/{name} WorkspaceManagerMembers_CreateOrUpdate
- DELETE {si}/workspaceManagerMembers/{name} WorkspaceManagerMembers_Delete
- GET    {si}/workspaceManagerMembers/{name} WorkspaceManagerMembers_Get
- GET    {si}/workspaceManagerMembers WorkspaceManagerMembers_List
- GET    {ws}/availableServiceTiers AvailableServiceTiers_ListByWorkspace
- PUT    {group}/clusters/{cluster} Clusters_CreateOrUpdate
- DELETE {group}/clusters/{cluster} Clusters_Delete
- PATCH  {group}/clusters/{cluster} Clusters_Update
- GET    {group}/clusters/{cluster} Clusters_Get
- GET    {sub}/clusters Clusters_List
- GET    {group}/clusters Clusters_ListByResourceGroup
- PUT    {ws}/dataExports/{data_export} DataExports_CreateOrUpdate
- DELETE {ws}/dataExports/{data_export} DataExports_Delete
- GET    {ws}/dataExports/{data_export} DataExports_Get
- GET    {ws}/dataExports DataExports_ListByWorkspace
- PUT    {ws}/dataSources/{data_source} DataSources_CreateOrUpdate
- DELETE {ws}/dataSources/{data_source} DataSources_Delete
- GET    {ws}/dataSources/{data_source} DataSources_Get
- GET    {ws}/dataSources DataSources_ListByWorkspace
- GET    {sub}/deletedWorkspaces DeletedWorkspaces_List
- GET    {group}/deletedWorkspaces DeletedWorkspaces_ListByResourceGroup
- DELETE {ws}/gateways/{gateway_id} Gateways_Delete
- POST   {ws}/intelligencePacks/{intelligence_pack}/Disable IntelligencePacks_Disable
- POST   {ws}/intelligencePacks/{intelligence_pack}/Enable IntelligencePacks_Enable
- GET    {ws}/intelligencePacks IntelligencePacks_List
- PUT    {ws}/linkedServices/{linked_service} LinkedServices_CreateOrUpdate
- DELETE {ws}/linkedServices/{linked_service} LinkedServices_Delete
- GET    {ws}/linkedServices/{linked_service} LinkedServices_Get
- GET    {ws}/linkedServices LinkedServices_ListByWorkspace
- PUT    {ws}/linkedStorageAccounts/{data_source_type} LinkedStorageAccounts_CreateOrUpdate
- DELETE {ws}/linkedStorageAccounts/{data_source_type} LinkedStorageAccounts_Delete
- GET    {ws}/linkedStorageAccounts/{data_source_type} LinkedStorageAccounts_Get
- GET    {ws}/linkedStorageAccounts LinkedStorageAccounts_ListByWorkspace
- GET    {ws}/managementGroups ManagementGroups_List
- GET    {sub}/locations/{location}/operationStatuses/{async_operation_id} OperationStatuses_Get
- GET    /providers/Microsoft.OperationalInsights/operations Operations_List
- DELETE {group}/queryPacks/{query_pack}/queries/{id} Queries_Delete
- GET    {group}/queryPacks/{query_pack}/queries/{id} Queries_Get
- GET    {group}/queryPacks/{query_pack}/queries Queries_List
- PUT    {group}/queryPacks/{query_pack}/queries/{id} Queries_Put
- POST   {group}/queryPacks/{query_pack}/queries/search Queries_Search
- PATCH  {group}/queryPacks/{query_pack}/queries/{id} Queries_Update
- PUT    {group}/queryPacks/{query_pack} QueryPacks_CreateOrUpdate
- PUT    {group}/queryPacks QueryPacks_CreateOrUpdateWithoutName
- DELETE {group}/queryPacks/{query_pack} QueryPacks_Delete
- GET    {group}/queryPacks/{query_pack} QueryPacks_Get
- GET    {sub}/queryPacks QueryPacks_List
- GET    {group}/queryPacks QueryPacks_ListByResourceGroup
- PATCH  {group}/queryPacks/{query_pack} QueryPacks_UpdateTags
- POST   {ws}/schema Schema_Get
- POST   {ws}/sharedKeys SharedKeys_GetSharedKeys
- POST   {ws}/regenerateSharedKey SharedKeys_Regenerate
- PUT    {ws}/storageInsightConfigs/{storage_insight} StorageInsightConfigs_CreateOrUpdate
- DELETE {ws}/storageInsightConfigs/{storage_insight} StorageInsightConfigs_Delete
- GET    {ws}/storageInsightConfigs/{storage_insight} StorageInsightConfigs_Get
- GET    {ws}/storageInsightConfigs StorageInsightConfigs_ListByWorkspace
- GET    {ws}/operations/{purge_id} WorkspacePurge_GetPurgeStatus
- POST   {ws}/purge WorkspacePurge_Purge
- POST   {ws}/failback Workspaces_Failback
- POST   {group}/locations/{location}/workspaces/{workspace}/failover Workspaces_Failover
- POST   {ws}/networkSecurityPerimeterConfigurations/{nsp}/reconcile Workspaces_ReconcileNsp
- GET    {ws}/networkSecurityPerimeterConfigurations/{nsp} Workspaces_GetNsp
- GET    {ws}/networkSecurityPerimeterConfigurations Workspaces_ListNsp
"""
"""Area, method, path, name; of area `-` are those that are refused by name.

What is in no line is refused all the same, named by its path.
"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `area` is the package beside this module that answers it, if one does."""

    name: str
    method: str
    path: str
    area: Area | None = None


def operations() -> Iterator[Operation]:
    """Yield every known operation, those that are answered first."""
    areas: dict[str, Area] = {area: area for area in get_args(Area)}
    for line in _OPERATIONS.split("\n")[1:-1]:
        area, method, path, name = line.split()
        yield Operation(name, method, _full(path), areas.get(area))


def _full(path: str) -> str:
    for short, meant in _PLACES.items():
        path = path.replace(short, meant)
    return path
