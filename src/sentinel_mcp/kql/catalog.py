"""Which tables, columns and functions there are, by environment."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import cast

from sentinel_mcp.errors import ConfigError
from sentinel_mcp.kql.functions import WATCHLIST_COLUMNS, FunctionSchema, declared
from sentinel_mcp.kql.nearest import nearest
from sentinel_mcp.kql.results import Column, Environment

SCALAR_TYPES = frozenset(
    {"bool", "datetime", "decimal", "dynamic", "guid", "int", "long", "real", "string", "timespan"}
)

# Spellings found in the bundled schemas and in the metadata of live workspaces. What is not here
# is prose of the ASIM documents ("IP address", "Enumerated", "Username"), and holds text.
_TYPE_SPELLINGS = {
    "bigint": "long",
    "boolean": "bool",
    "date": "datetime",
    "date/time": "datetime",
    "double": "real",
    "float": "real",
    "integer": "int",
    "latitude": "real",
    "longitude": "real",
    "object": "dynamic",
    "time": "timespan",
    "uniqueidentifier": "guid",
    "uuid": "guid",
}

# Azure Monitor documents these for every table of a workspace; queries may name them although
# most table pages leave some out.
_STANDARD_COLUMNS = (
    Column("TimeGenerated", "datetime", "When the event happened, or when it was collected."),
    Column("TenantId", "string", "Id of the workspace."),
    Column("Type", "string", "Name of the table."),
    Column("SourceSystem", "string", "Agent or service that collected the record."),
    Column("_ResourceId", "string", "Id of the resource that the record is about."),
    Column("_SubscriptionId", "string", "Id of the subscription that the record is about."),
    Column("_TimeReceived", "datetime", "When Azure Monitor received the record."),
    Column("_ItemId", "string", "Id of the record."),
    Column("_IsBillable", "string", "Whether ingestion of the record is billed."),
    Column("_BilledSize", "real", "Billed size of the record in bytes."),
)

# Collects the logs of resources that have no table of their own, under columns made as they come.
_OPEN_TABLES = frozenset({"AzureDiagnostics"})

# Documented tables of Defender XDR that the bundled schemas do not have yet.
_NEWER_XDR_TABLES = """AIAgentsInfo CampaignInfo CloudProcessEvents CloudStorageAggregatedEvents
DataSecurityBehaviors DataSecurityEvents DeviceBaselineComplianceAssessment
DeviceBaselineComplianceAssessmentKB DeviceBaselineComplianceProfiles DeviceTvmBrowserExtensions
DeviceTvmBrowserExtensionsKB DeviceTvmCertificateInfo DisruptionAndResponseEvents
EntraIdSignInEvents EntraIdSpnSignInEvents FileMaliciousContentInfo GraphApiAuditEvents
IdentityAccountInfo IdentityEvents MessageEvents MessagePostDeliveryEvents MessageUrlInfo
OAuthAppInfo"""

# The bundled ASIM schemas go by the name of one of the parsers of each.
_ASIM_SOURCES = {
    "AuditEvent": ("imAuditEvent", "ASimAuditEventLogs"),
    "Authentication": ("imAuthentication", "ASimAuthenticationEventLogs"),
    "DhcpEvent": ("", "ASimDhcpEventLogs"),
    "Dns": ("_Im_Dns", "ASimDnsActivityLogs"),
    "FileEvent": ("imFileEvent", "ASimFileEventLogs"),
    "NetworkSession": ("imNetworkSession", "ASimNetworkSessionLogs"),
    "ProcessEvent": ("imProcessCreate", "ASimProcessEventLogs"),
    "RegistryEvent": ("imRegistry", "ASimRegistryEventLogs"),
    "UserManagement": ("", "ASimUserManagementActivityLogs"),
    "WebSession": ("imWebSession", "ASimWebSessionLogs"),
}


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table: its columns, and whether the workspace has it.

    `open` says that it may have more columns than are known.
    """

    name: str
    columns: tuple[Column, ...]
    description: str = ""
    present: bool = True
    open: bool = False


@dataclass(frozen=True)
class Catalog:
    """The tables and functions that queries of one environment may name; never changes.

    `live` says that a workspace was asked, so that a custom table it does not list is unknown.
    """

    environment: Environment
    tables: Mapping[str, TableSchema] = field(repr=False)
    functions: Mapping[str, FunctionSchema] = field(
        default_factory=dict[str, FunctionSchema], repr=False
    )
    live: bool = False

    @cached_property
    def version(self) -> str:
        """A hash of all names and types: equal versions bind the same queries."""
        digest = hashlib.blake2b(f"{self.environment}|{self.live}".encode(), digest_size=12)
        for name in sorted(self.tables):
            table = self.tables[name]
            shape = ",".join(f"{each.name}:{each.type}" for each in table.columns)
            digest.update(f"\n{name}|{table.open}|{table.present}|{shape}".encode())
        for name in sorted(self.functions):
            digest.update(f"\n{self.functions[name]!r}".encode())
        return digest.hexdigest()

    def nearest(self, name: str, limit: int = 3) -> tuple[str, ...]:
        """Return the names of tables and functions most like `name`, best first."""
        return nearest(name, [*self.tables, *self.functions], limit)

    def with_tables(self, live: Iterable[TableSchema]) -> Catalog:
        """Return a catalog in which the workspace's own tables win.

        A bundled table that the workspace does not list is kept, as not present. Live tables get
        the standard columns they do not list. Functions that were only assumed are gone.
        """
        tables = {name: replace(table, present=False) for name, table in self.tables.items()}
        for table in live:
            known = self.tables.get(table.name)
            columns = tuple(replace(each, type=scalar_type(each.type)) for each in table.columns)
            tables[table.name] = replace(
                table,
                columns=_completed(columns, self.environment),
                description=table.description or (known.description if known else ""),
                present=True,
            )
        functions = {name: each for name, each in self.functions.items() if not each.assumed}
        return Catalog(
            self.environment, MappingProxyType(tables), MappingProxyType(functions), live=True
        )

    def with_functions(self, live: Iterable[FunctionSchema]) -> Catalog:
        """Return a catalog that also knows the workspace's own functions.

        One that is declared here stays as declared: the parsers that a workspace lists with their
        bodies call hundreds of others, and binding those takes longer than a check may.
        """
        functions = {**{each.name: each for each in live}, **self.functions}
        return replace(self, functions=MappingProxyType(functions))

    def with_watchlists(self, watchlists: Mapping[str, Mapping[str, str]]) -> Catalog:
        """Return a catalog that knows all watchlists: their columns and types, by alias."""
        known = self.functions["_GetWatchlist"]
        fixed = {each.name for each in WATCHLIST_COLUMNS}
        by_alias = tuple(
            (
                alias,
                (*WATCHLIST_COLUMNS, *(Column(n, t) for n, t in columns.items() if n not in fixed)),
            )
            for alias, columns in sorted(watchlists.items())
        )
        exact = replace(known, columns=WATCHLIST_COLUMNS, columns_by=by_alias)
        functions = {**self.functions, exact.name: exact}
        return replace(self, functions=MappingProxyType(functions))


@cache
def bundled(environment: Environment) -> Catalog:
    """Return the catalog that needs no workspace: the tables Microsoft documents.

    Raises:
        ConfigError: the package that carries the schemas is not installed as expected.

    """
    if environment == "xdr":
        raw = _schemas("microsoftxdr", "MICROSOFT_XDR_TABLES")
    else:
        raw = _schemas("azuremonitor", "AZURE_MONITOR_TABLES")
    tables = {
        name: TableSchema(
            name, _completed(_columns(columns), environment), open=name in _OPEN_TABLES
        )
        for name, columns in raw.items()
    }
    if environment == "xdr":
        time = Column("Timestamp", "datetime", "When the event was recorded.")
        tables |= {
            name: TableSchema(name, (time,), open=True) for name in _NEWER_XDR_TABLES.split()
        }
    functions = declared(environment, lambda schema: _asim_columns(schema, tables))
    return Catalog(environment, MappingProxyType(tables), MappingProxyType(functions))


def scalar_type(spelling: str) -> str:
    """Return the Kusto scalar type that a type's spelling means; prose holds text."""
    folded = spelling.strip().lower()
    return folded if folded in SCALAR_TYPES else _TYPE_SPELLINGS.get(folded, "string")


def _columns(raw: Mapping[str, Mapping[str, str]]) -> tuple[Column, ...]:
    # A backtick begins the footnote of a scraped name ("Type` [*](#mdi-only)"); "Dvc fields" and
    # the like are headings, not columns.
    named = {name.partition("`")[0]: facts for name, facts in raw.items()}
    return tuple(
        Column(name, scalar_type(facts["data_type"]), facts["description"])
        for name, facts in named.items()
        if name.isidentifier()
    )


def _completed(columns: tuple[Column, ...], environment: Environment) -> tuple[Column, ...]:
    if environment == "xdr":
        return columns
    known = {each.name for each in columns}
    return columns + tuple(each for each in _STANDARD_COLUMNS if each.name not in known)


def _asim_columns(schema: str, tables: Mapping[str, TableSchema]) -> tuple[Column, ...]:
    """Return every column that a parser of the schema may answer with.

    A parser adds aliases to the native table's columns, so both sources count; where they differ
    in a type, the table is right.
    """
    documented = _schemas("sentinelasim", "SENTINEL_ASIM_TABLES")
    common = _schemas("sentinelasim", "SENTINEL_ASIM_COMMON_FIELDS")["COMMON"]
    parser, native = _ASIM_SOURCES.get(schema, ("", ""))
    sources = [
        tables[native].columns if native in tables else _STANDARD_COLUMNS,
        _columns(documented.get(parser, {})),
        _columns(common),
    ]
    if schema == "WebSession":  # a web session is a network session, too
        sources.append(_columns(documented["imNetworkSession"]))
    found: dict[str, Column] = {}
    for column in (each for source in sources for each in source):
        found.setdefault(column.name, column)
    return tuple(found.values())


def _schemas(package: str, constant: str) -> dict[str, dict[str, dict[str, str]]]:
    # The pipelines package holds literals of fixed shape, which pySigma does not type.
    return cast("dict[str, dict[str, dict[str, str]]]", getattr(_module(package), constant))


@cache
def _module(package: str) -> ModuleType:
    """Load a module of table schemas alone: by its package's name, it would load all of pySigma.

    Measured: 20 ms instead of 200.
    """
    pipelines = importlib.util.find_spec("sigma.pipelines")
    for folder in (pipelines.submodule_search_locations or ()) if pipelines else ():
        path = Path(folder) / package / "tables.py"
        if path.is_file():
            name = f"_sentinel_mcp_schemas_{package}"
            spec = importlib.util.spec_from_file_location(name, path)
            if spec and spec.loader:
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module
    raise ConfigError(
        f"The table schemas ({package}) of pysigma-backend-kusto cannot be found.",
        hint="Install the package again: pip install --force-reinstall pysigma-backend-kusto.",
    )
