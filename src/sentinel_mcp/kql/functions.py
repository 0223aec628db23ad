"""Functions that a workspace has and Kusto.Language does not know: declared so that they bind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sentinel_mcp.kql.results import Column, Environment

FunctionKind = Literal["table", "body", "database"]
"""Answers with a table of known columns; is a KQL body; stands for another workspace's tables."""


@dataclass(frozen=True, slots=True)
class FunctionSchema:
    """A function's name, its parameters as KQL declares them, and what it answers with.

    `open` says that the table may have more columns (or the database more tables) than are known.
    `columns_by` are the columns by the first argument, where they depend on it and all that can be
    given are known. `takes_columns` says that the service lets a column stand where the
    declaration has a string; `assumed` that only some workspaces have the function, so that it
    counts until one is asked.
    """

    name: str
    parameters: str = ""
    kind: FunctionKind = "table"
    columns: tuple[Column, ...] = ()
    columns_by: tuple[tuple[str, tuple[Column, ...]], ...] | None = None
    open: bool = False
    body: str = ""
    takes_columns: bool = False
    assumed: bool = False


# Filter parameters of the parsers that unify all sources, by schema, in their order; the names and
# types are those of the parsers published with Microsoft Sentinel, read in November 2026.
_ASIM_FILTERS: Mapping[str, str] = {
    "AlertEvent": (
        "ipaddr_has_any_prefix hostname_has_any username_has_any attacktactics_has_any "
        "attacktechniques_has_any threatcategory_has_any alertverdict_has_any eventseverity_has_any"
    ),
    "AuditEvent": (
        "srcipaddr_has_any_prefix actorusername_has_any operation_has_any eventtype_in "
        "eventresult object_has_any newvalue_has_any"
    ),
    "Authentication": (
        "username_has_any targetappname_has_any srcipaddr_has_any_prefix srchostname_has_any "
        "eventtype_in eventresultdetails_in eventresult"
    ),
    "DhcpEvent": "srcipaddr_has_any_prefix srchostname_has_any srcusername_has_any eventresult",
    "Dns": (
        "srcipaddr domain_has_any responsecodename response_has_ipv4 response_has_any_prefix "
        "eventtype"
    ),
    "FileEvent": (
        "eventtype_in srcipaddr_has_any_prefix actorusername_has_any targetfilepath_has_any "
        "srcfilepath_has_any hashes_has_any dvchostname_has_any"
    ),
    "NetworkSession": (
        "srcipaddr_has_any_prefix dstipaddr_has_any_prefix ipaddr_has_any_prefix dstportnumber "
        "hostname_has_any dvcaction eventresult"
    ),
    "ProcessEvent": (
        "commandline_has_any commandline_has_all commandline_has_any_ip_prefix "
        "actingprocess_has_any targetprocess_has_any parentprocess_has_any targetusername_has "
        "targetusername dvcipaddr_has_any_prefix dvchostname_has_any dvcname_has_any "
        "hashes_has_any eventtype"
    ),
    "RegistryEvent": (
        "eventtype_in actorusername_has_any registrykey_has_any registryvalue_has_any "
        "registrydata_has_any dvchostname_has_any"
    ),
    "UserManagement": (
        "srcipaddr_has_any_prefix targetusername_has_any actorusername_has_any eventtype_in"
    ),
    "WebSession": (
        "srcipaddr_has_any_prefix ipaddr_has_any_prefix url_has_any httpuseragent_has_any "
        "eventresultdetails_in eventresult eventresultdetails_has_any"
    ),
}

_TEXT_FILTERS = frozenset(
    {
        "eventresult",
        "eventtype",
        "response_has_ipv4",
        "responsecodename",
        "srcipaddr",
        "targetusername",
        "targetusername_has",
    }
)

# Where a schema's parsers have further names than the schema's own.
_ASIM_NAMES: Mapping[str, tuple[str, ...]] = {
    "AuditEvent": ("AuditEvent",),
    "ProcessEvent": (
        "Process",
        "ProcessEvent",
        "ProcessCreate",
        "ProcessTerminate",
        "ProcessEventCreate",
        "ProcessEventTerminate",
    ),
    "RegistryEvent": ("Registry", "RegistryEvent"),
    "FileEvent": ("FileEvent", "File"),
}

# Parsers that Content hub solutions install, by the names their published rules call them.
_SOLUTION_PARSERS = """AIShield ADOAuditLogs afad_parser AkamaiSIEMEvent ApacheHTTPServer Auth0AM
Bitglass BoxEvents CiscoDuo CiscoISEEvent CiscoMeraki CiscoSEGEvent CiscoSecureEndpoint CiscoUCS
CiscoWSAEvent Cisco_Umbrella CitrixADCEvent ClarotyEvent Cloudflare ConfluenceAudit Corelight
CrowdStrikeFalconEventStream CrowdStrikeReplicator CrowdStrikeReplicatorV2 CyberArkEPM
CyberSixgill_Alerts DigitalGuardianDLPEvent dsp_parser ESETPROTECT ExabeamEvent
ExchangeAdminAuditLogs ExchangeConfiguration ForescoutEvent Fortinet_FortiNDR_Cloud GCPCloudDNS
GCP_IAM GWorkspaceActivityReports GitHubAudit GitHubAuditData GitHubRepo GitLabAccess GitLabApp
GitLabAudit ImpervaWAFCloud Infoblox InfobloxCDC InfobloxInsight Infoblox_dnsclient
IvantiUEMEvent JiraAudit JuniperIDP JuniperSRX MarkLogicAudit McAfeeEPOEvent McAfeeNSPEvent
MongoDBAudit NGINXHTTPServer OCILogs OktaSSO OneLogin OracleDatabaseAuditEvent
OracleWebLogicServerEvent OSSECEvent PaloAltoCDLEvent PaloAltoPrismaCloud PingFederateEvent
PostgreSQLEvent PrancerFindings ProofpointPOD PulseConnectSecure RadiflowEvent RSASecurIDAMEvent
SQLEvent SalesforceServiceCloud SecurityBridgeLogs SentinelOne SlackAudit Snowflake
SophosEPEvents SophosXGFirewall SquidProxy SymantecDLP SymantecEndpointProtection SymantecProxySG
SymantecVIP TMApexOneEvent TomcatEvent TrendMicroCAS TrendMicroDeepSecurity
TrendMicroTippingPoint UbiquitiAuditEvent vCenter VectraStream VMwareESXi WatchGuardFirebox
Workplace_Facebook ZNAccessOrchestratorAudit ZPAEvent ZoomLogs"""

_FILE_PROFILE_COLUMNS = (
    "GlobalPrevalence=long(null), GlobalFirstSeen=datetime(null), GlobalLastSeen=datetime(null), "
    'Signer="", Issuer="", SignerHash="", IsCertificateValid=bool(null), '
    "IsRootSignerMicrosoft=bool(null), SignatureState='', IsExecutable=bool(null), ThreatName='', "
    "Publisher='', SoftwareName='', ProfileAvailability='', MD5='', SHA1='', SHA256='', "
    "FileSize=long(null)"
)


def declared(
    environment: Environment, asim_columns: Callable[[str], tuple[Column, ...]]
) -> dict[str, FunctionSchema]:
    """Return the functions of an environment by name; `asim_columns` answers for a schema."""
    functions = [*_defender_functions()]
    if environment == "sentinel":
        functions += [*_workspace_functions(), *_asim_functions(asim_columns)]
    return {each.name: each for each in functions}


WATCHLIST_COLUMNS = (
    Column("_DTItemId", "string"),
    Column("LastUpdatedTimeUTC", "datetime"),
    Column("SearchKey", "string"),
    Column("WatchlistItem", "dynamic"),
)
"""What `_GetWatchlist` answers with for every watchlist, beside the watchlist's own columns."""


def _workspace_functions() -> list[FunctionSchema]:
    watchlist = (
        Column("_DTItemId", "string"),
        Column("_DTItemStatus", "string"),
        Column("_DTItemType", "string"),
        Column("_DTTimestamp", "datetime"),
        Column("LastUpdatedTimeUTC", "datetime"),
        Column("SearchKey", "string"),
        Column("Tags", "string"),
        Column("WatchlistItem", "dynamic"),
        Column("TimeGenerated", "datetime"),
    )
    event_time = Column("TimeGenerated", "datetime")
    elsewhere = [
        FunctionSchema(name, "(name:string)", kind="database", open=True)
        for name in ("workspace", "app", "resource", "adx")
    ]
    return [
        *elsewhere,
        FunctionSchema("arg", '(scope:string="")', kind="database", open=True),
        FunctionSchema(
            "_GetWatchlist",
            "(alias:string, keys:dynamic=dynamic([]))",
            columns=watchlist,
            open=True,
        ),
        FunctionSchema("_GetWatchlistAlias", columns=(Column("WatchlistAlias", "string"),)),
        FunctionSchema("_SentinelAudit", columns=(event_time,), open=True),
        FunctionSchema("_SentinelHealth", columns=(event_time,), open=True),
        *(
            FunctionSchema(name, columns=(event_time,), open=True, assumed=True)
            for name in _SOLUTION_PARSERS.split()
        ),
    ]


def _defender_functions() -> list[FunctionSchema]:
    return [
        FunctionSchema(
            "FileProfile",
            '(T:(*), hash:string="SHA1", limit:long=100)',
            kind="body",
            body=f"{{ T | extend {_FILE_PROFILE_COLUMNS} }}",
            takes_columns=True,
        ),
        FunctionSchema(
            "DeviceFromIP",
            "(T:(*), ip:string='IP', at:datetime=datetime(null))",
            kind="body",
            body="{ T | extend IP='', DeviceId='' }",
            takes_columns=True,
        ),
        FunctionSchema(
            "SeenBy",
            "(T:(*), device:string='DeviceId')",
            kind="body",
            body="{ T | extend SeenBy=dynamic(null) }",
            takes_columns=True,
        ),
        FunctionSchema(
            "AssignedIPAddresses",
            "(device:string, at:datetime=datetime(null))",
            columns=(
                Column("Timestamp", "datetime"),
                Column("IPAddress", "string"),
                Column("IPType", "string"),
                Column("NetworkAdapterType", "int"),
                Column("ConnectedNetworks", "dynamic"),
            ),
        ),
    ]


def _asim_functions(asim_columns: Callable[[str], tuple[Column, ...]]) -> list[FunctionSchema]:
    functions: list[FunctionSchema] = []
    for schema, filters in _ASIM_FILTERS.items():
        columns = asim_columns(schema)
        with_filters = _filter_parameters(filters)
        for name in _ASIM_NAMES.get(schema, (schema,)):
            functions += [
                FunctionSchema(f"{prefix}{name}", with_filters, columns=columns)
                for prefix in ("_Im_", "im")
            ]
            functions += [
                FunctionSchema(f"{prefix}{name}", "(pack:bool=false)", columns=columns)
                for prefix in ("_ASim_", "ASim")
            ]
    return functions


def _filter_parameters(filters: str) -> str:
    written = ["starttime:datetime=datetime(null)", "endtime:datetime=datetime(null)"]
    for name in filters.split():
        if name in _TEXT_FILTERS:
            default = "lookup" if name == "eventtype" and "domain_has_any" in filters else "*"
            written.append(f'{name}:string="{default}"')
        elif name == "dstportnumber":
            written.append(f"{name}:int=int(null)")
        else:
            written.append(f"{name}:dynamic=dynamic([])")
    return f"({', '.join([*written, 'disabled:bool=false', 'pack:bool=false'])})"
