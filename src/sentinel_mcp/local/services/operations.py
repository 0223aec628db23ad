"""Which operations of Azure's REST the embedded workspace answers, and the names of the others.

The routes, the refusals and the page that lists what is missing are all made from these tables.
Names are Azure's operation ids; paths are Azure's, with shorter names of parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Area = Literal["logs", "workspaces", "incidents", "discussion", "resources"]

_PLACES = {
    "{logs}": "/v1/workspaces/{workspace_id}",
    "{ti}": "{si}/threatIntelligence/main",
    "{si}": "{ws}/providers/Microsoft.SecurityInsights",
    "{ws}": "{group}/workspaces/{workspace}",
    "{group}": "/subscriptions/{subscription}/resourceGroups/{resource_group}{provider}",
    "{sub}": "/subscriptions/{subscription}{provider}",
    "{provider}": "/providers/Microsoft.OperationalInsights",
}

_ANSWERED = """
logs        POST  {logs}/query                              Query_Execute
logs        GET   {logs}/metadata                           Metadata_Get
logs        POST  {logs}/metadata                           Metadata_Post
workspaces  GET   /subscriptions                            Subscriptions_List
workspaces  GET   /subscriptions/{subscription}             Subscriptions_Get
workspaces  GET   {sub}/workspaces                          Workspaces_List
workspaces  GET   {group}/workspaces                        Workspaces_ListByResourceGroup
workspaces  GET   {ws}                                      Workspaces_Get
workspaces  GET   {ws}/tables                               Tables_ListByWorkspace
workspaces  GET   {ws}/tables/{name}                        Tables_Get
workspaces  GET   {si}/onboardingStates                     SentinelOnboardingStates_List
workspaces  GET   {si}/onboardingStates/{name}              SentinelOnboardingStates_Get
incidents   GET   {si}/incidents                            Incidents_List
incidents   GET   {si}/incidents/{incident}                 Incidents_Get
incidents   PUT   {si}/incidents/{incident}                 Incidents_CreateOrUpdate
incidents   POST  {si}/incidents/{incident}/alerts          Incidents_ListAlerts
incidents   POST  {si}/incidents/{incident}/entities        Incidents_ListEntities
incidents   POST  {si}/incidents/{incident}/bookmarks       Incidents_ListBookmarks
discussion  GET   {si}/incidents/{incident}/comments        IncidentComments_List
discussion  GET   {si}/incidents/{incident}/comments/{name} IncidentComments_Get
discussion  PUT   {si}/incidents/{incident}/comments/{name} IncidentComments_CreateOrUpdate
discussion  GET   {si}/incidents/{incident}/tasks           IncidentTasks_List
discussion  GET   {si}/incidents/{incident}/tasks/{name}    IncidentTasks_Get
discussion  PUT   {si}/incidents/{incident}/tasks/{name}    IncidentTasks_CreateOrUpdate
discussion  GET   {si}/incidents/{incident}/relations       IncidentRelations_List
discussion  GET   {si}/incidents/{incident}/relations/{name} IncidentRelations_Get
resources   GET   {si}/alertRules                           AlertRules_List
resources   GET   {si}/alertRules/{name}                    AlertRules_Get
resources   GET   {si}/bookmarks                            Bookmarks_List
resources   GET   {si}/bookmarks/{name}                     Bookmarks_Get
resources   GET   {si}/dataConnectors                       DataConnectors_List
resources   GET   {si}/dataConnectors/{name}                DataConnectors_Get
resources   GET   {si}/dataConnectorDefinitions             DataConnectorDefinitions_List
resources   GET   {si}/dataConnectorDefinitions/{name}      DataConnectorDefinitions_Get
"""
"""Area, method, path, name."""

# All of Microsoft Sentinel's operations of 2025-10-01-preview but the workspace manager's and the
# Office consents, and those of Log Analytics that a security team uses.
_REFUSED = """
GET    {logs}/query Query_Get
POST   {logs}/search Search_Execute
POST   /v1/$batch Query_Batch
PUT    {si}/alertRules/{name} AlertRules_CreateOrUpdate
DELETE {si}/alertRules/{name} AlertRules_Delete
GET    {si}/alertRuleTemplates/{name} AlertRuleTemplates_Get
GET    {si}/alertRuleTemplates AlertRuleTemplates_List
GET    {si}/automationRules/{name} AutomationRules_Get
PUT    {si}/automationRules/{name} AutomationRules_CreateOrUpdate
DELETE {si}/automationRules/{name} AutomationRules_Delete
GET    {si}/automationRules AutomationRules_List
DELETE {si}/incidents/{incident} Incidents_Delete
POST   {si}/incidents/{incident}/runPlaybook Incidents_RunPlaybook
PUT    {si}/bookmarks/{name} Bookmarks_CreateOrUpdate
DELETE {si}/bookmarks/{name} Bookmarks_Delete
PUT    {si}/dataConnectorDefinitions/{name} DataConnectorDefinitions_CreateOrUpdate
DELETE {si}/dataConnectorDefinitions/{name} DataConnectorDefinitions_Delete
PUT    {si}/dataConnectors/{name} DataConnectors_CreateOrUpdate
DELETE {si}/dataConnectors/{name} DataConnectors_Delete
POST   {si}/dataConnectors/{name}/connect DataConnectors_Connect
POST   {si}/dataConnectors/{name}/disconnect DataConnectors_Disconnect
DELETE {si}/incidents/{incident}/comments/{name} IncidentComments_Delete
GET    {si}/bookmarks/{bookmark}/relations/{name} BookmarkRelations_Get
PUT    {si}/bookmarks/{bookmark}/relations/{name} BookmarkRelations_CreateOrUpdate
DELETE {si}/bookmarks/{bookmark}/relations/{name} BookmarkRelations_Delete
GET    {si}/bookmarks/{bookmark}/relations BookmarkRelations_List
GET    {si}/entities/{entity}/relations/{name} EntityRelations_GetRelation
DELETE {si}/incidents/{incident}/tasks/{name} IncidentTasks_Delete
PUT    {si}/onboardingStates/{name} SentinelOnboardingStates_Create
DELETE {si}/onboardingStates/{name} SentinelOnboardingStates_Delete
GET    {si}/securityMLAnalyticsSettings/{name} SecurityMLAnalyticsSettings_Get
PUT    {si}/securityMLAnalyticsSettings/{name} SecurityMLAnalyticsSettings_CreateOrUpdate
DELETE {si}/securityMLAnalyticsSettings/{name} SecurityMLAnalyticsSettings_Delete
GET    {si}/securityMLAnalyticsSettings SecurityMLAnalyticsSettings_List
GET    {si}/sourcecontrols/{name} SourceControls_Get
PUT    {si}/sourcecontrols/{name} SourceControls_Create
GET    {si}/sourcecontrols SourceControls_List
POST   {si}/sourcecontrols/{name}/delete SourceControls_Delete
GET    {si}/watchlists/{name} Watchlists_Get
PUT    {si}/watchlists/{name} Watchlists_CreateOrUpdate
DELETE {si}/watchlists/{name} Watchlists_Delete
GET    {si}/watchlists Watchlists_List
GET    {si}/watchlists/{watchlist}/watchlistItems/{name} WatchlistItems_Get
PUT    {si}/watchlists/{watchlist}/watchlistItems/{name} WatchlistItems_CreateOrUpdate
DELETE {si}/watchlists/{watchlist}/watchlistItems/{name} WatchlistItems_Delete
GET    {si}/watchlists/{watchlist}/watchlistItems WatchlistItems_List
GET    {si}/billingStatistics/{name} BillingStatistics_Get
GET    {si}/billingStatistics BillingStatistics_List
GET    {si}/entities/{name} Entities_Get
GET    {si}/entities Entities_List
POST   {si}/entities/{entity}/runPlaybook Entities_RunPlaybook
POST   {si}/entities/{entity}/expand Entities_Expand
GET    {si}/entities/{entity}/queries Entities_Queries
POST   {si}/entities/{entity}/getInsights Entities_GetInsights
GET    {si}/entityQueries/{name} EntityQueries_Get
PUT    {si}/entityQueries/{name} EntityQueries_CreateOrUpdate
DELETE {si}/entityQueries/{name} EntityQueries_Delete
GET    {si}/entityQueries EntityQueries_List
GET    {si}/entityQueryTemplates/{name} EntityQueryTemplates_Get
GET    {si}/entityQueryTemplates EntityQueryTemplates_List
GET    {si}/fileImports/{name} FileImports_Get
PUT    {si}/fileImports/{name} FileImports_Create
DELETE {si}/fileImports/{name} FileImports_Delete
GET    {si}/fileImports FileImports_List
GET    {si}/hunts/{name} Hunts_Get
PUT    {si}/hunts/{name} Hunts_CreateOrUpdate
DELETE {si}/hunts/{name} Hunts_Delete
GET    {si}/hunts Hunts_List
GET    {si}/hunts/{hunt}/comments/{name} HuntComments_Get
PUT    {si}/hunts/{hunt}/comments/{name} HuntComments_CreateOrUpdate
DELETE {si}/hunts/{hunt}/comments/{name} HuntComments_Delete
GET    {si}/hunts/{hunt}/comments HuntComments_List
GET    {si}/hunts/{hunt}/relations/{name} HuntRelations_Get
PUT    {si}/hunts/{hunt}/relations/{name} HuntRelations_CreateOrUpdate
DELETE {si}/hunts/{hunt}/relations/{name} HuntRelations_Delete
GET    {si}/hunts/{hunt}/relations HuntRelations_List
GET    {si}/settings/{name} ProductSettings_Get
PUT    {si}/settings/{name} ProductSettings_Update
DELETE {si}/settings/{name} ProductSettings_Delete
GET    {si}/settings ProductSettings_List
POST   {si}/alertRules/{rule}/triggerRuleRun AlertRule_TriggerRuleRun
GET    {si}/alertRules/{rule}/actions/{name} Actions_Get
PUT    {si}/alertRules/{rule}/actions/{name} Actions_CreateOrUpdate
DELETE {si}/alertRules/{rule}/actions/{name} Actions_Delete
GET    {si}/alertRules/{rule}/actions Actions_ListByAlertRule
POST   {si}/bookmarks/{bookmark}/expand Bookmark_Expand
GET    {si}/contentPackages/{name} ContentPackages_Get
PUT    {si}/contentPackages/{name} ContentPackage_Install
DELETE {si}/contentPackages/{name} ContentPackage_Uninstall
GET    {si}/contentPackages ContentPackages_List
GET    {si}/contentProductPackages/{name} ProductPackage_Get
GET    {si}/contentProductPackages ProductPackages_List
GET    {si}/contentproducttemplates/{name} ProductTemplate_Get
GET    {si}/contentProductTemplates ProductTemplates_List
GET    {si}/contentTemplates/{name} ContentTemplate_Get
PUT    {si}/contentTemplates/{name} ContentTemplate_Install
DELETE {si}/contentTemplates/{name} ContentTemplate_Delete
GET    {si}/contentTemplates ContentTemplates_List
PUT    {si}/incidents/{incident}/relations/{name} IncidentRelations_CreateOrUpdate
DELETE {si}/incidents/{incident}/relations/{name} IncidentRelations_Delete
GET    {si}/entities/{entity}/relations EntitiesRelations_List
GET    {si}/metadata/{name} Metadata_Get
PUT    {si}/metadata/{name} Metadata_Create
PATCH  {si}/metadata/{name} Metadata_Update
DELETE {si}/metadata/{name} Metadata_Delete
GET    {si}/metadata Metadata_List
GET    {ti}/indicators/{name} ThreatIntelligenceIndicator_Get
PUT    {ti}/indicators/{name} ThreatIntelligenceIndicator_Create
DELETE {ti}/indicators/{name} ThreatIntelligenceIndicator_Delete
POST   {ti}/indicators/{name}/appendTags ThreatIntelligenceIndicator_AppendTags
POST   {ti}/indicators/{name}/replaceTags ThreatIntelligenceIndicator_ReplaceTags
POST   {ti}/createIndicator ThreatIntelligenceIndicator_CreateIndicator
POST   {ti}/queryIndicators ThreatIntelligenceIndicator_QueryIndicators
GET    {ti}/indicators ThreatIntelligenceIndicators_List
POST   {si}/dataConnectorsCheckRequirements DataConnectorsCheckRequirements_Post
POST   {si}/listRepositories SourceControl_ListRepositories
GET    {ti}/metrics ThreatIntelligenceIndicatorMetrics_List
POST   {si}/threatIntelligence/{type}/count ThreatIntelligence_Count
POST   {si}/threatIntelligence/{type}/query ThreatIntelligence_Query
POST   {si}/entities/{entity}/getTimeline EntitiesGetTimeline_List
GET    {si}/recommendations/{name} Get_SingleRecommendation
PATCH  {si}/recommendations/{name} Update_Recommendation
GET    {si}/recommendations GetRecommendations_List
POST   {si}/recommendations/{name}/triggerEvaluation Reevaluate_Recommendation
GET    {si}/triggeredAnalyticsRuleRuns/{name} TriggeredAnalyticsRuleRun_Get
GET    {si}/triggeredAnalyticsRuleRuns GetTriggeredAnalyticsRuleRuns_List
POST   {si}/enrichment/{type}/listGeodataByIp ListGeodataByIp
POST   {si}/enrichment/{type}/listWhoisByDomain ListWhoisByDomain
PUT    {ws} Workspaces_CreateOrUpdate
PATCH  {ws} Workspaces_Update
DELETE {ws} Workspaces_Delete
GET    {ws}/savedSearches/{name} SavedSearches_Get
PUT    {ws}/savedSearches/{name} SavedSearches_CreateOrUpdate
DELETE {ws}/savedSearches/{name} SavedSearches_Delete
GET    {ws}/savedSearches SavedSearches_ListByWorkspace
PUT    {ws}/tables/{name} Tables_CreateOrUpdate
PATCH  {ws}/tables/{name} Tables_Update
DELETE {ws}/tables/{name} Tables_Delete
POST   {ws}/tables/{name}/migrate Tables_Migrate
POST   {ws}/tables/{name}/cancelSearch Tables_CancelSearch
GET    {ws}/usages Usages_List
GET    {ws}/summaryLogs/{name} SummaryLogs_Get
PUT    {ws}/summaryLogs/{name} SummaryLogs_CreateOrUpdate
DELETE {ws}/summaryLogs/{name} SummaryLogs_Delete
GET    {ws}/summaryLogs SummaryLogs_ListByWorkspace
POST   {ws}/summaryLogs/{name}/start SummaryLogs_Start
POST   {ws}/summaryLogs/{name}/stop SummaryLogs_Stop
POST   {ws}/summaryLogs/{name}/retrybin SummaryLogs_RetryBin
"""
"""Method, path, name. What is in no table is refused all the same, named by its path."""


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
    for line in _ANSWERED.split("\n")[1:-1]:
        area, method, path, name = line.split()
        yield Operation(name, method, _full(path), areas[area])
    for line in _REFUSED.split("\n")[1:-1]:
        method, path, name = line.split()
        yield Operation(name, method, _full(path))


def _full(path: str) -> str:
    for short, meant in _PLACES.items():
        path = path.replace(short, meant)
    return path
