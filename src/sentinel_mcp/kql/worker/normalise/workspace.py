"""Stands in for the functions that a workspace has, where their meaning is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sentinel_mcp.kql import literals
from sentinel_mcp.kql.functions import WATCHLIST_COLUMNS
from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.scopes import Binding, Scope
from sentinel_mcp.kql.worker.normalise.tree import Node, columns_of, kind, text, type_of

if TYPE_CHECKING:
    from sentinel_mcp.kql.worker.normalise.rewriter import Rewriter

# The unifying parsers of ASIM, in both namings, by the schema that they parse into.
_PARSER = re.compile(r"(?:_Im_|_ASim_|im|ASim)(?P<schema>[A-Z]\w*)\Z")
_SCHEMA_TABLES = {
    "AuditEvent": "ASimAuditEventLogs",
    "Authentication": "ASimAuthenticationEventLogs",
    "Dhcp": "ASimDhcpEventLogs",
    "DhcpEvent": "ASimDhcpEventLogs",
    "Dns": "ASimDnsActivityLogs",
    "FileEvent": "ASimFileEventLogs",
    "NetworkSession": "ASimNetworkSessionLogs",
    "ProcessEvent": "ASimProcessEventLogs",
    "ProcessCreate": "ASimProcessEventLogs",
    "ProcessTerminate": "ASimProcessEventLogs",
    "RegistryEvent": "ASimRegistryEventLogs",
    "Registry": "ASimRegistryEventLogs",
    "UserManagement": "ASimUserManagementActivityLogs",
    "WebSession": "ASimWebSessionLogs",
}
_NEWEST = "let Newest = Watchlist; Newest"
_ALIASES = (
    f'{_NEWEST} | where _DTItemType == "watchlist" '
    "| summarize arg_max(_DTTimestamp, _DTItemStatus, WatchlistAlias) by _DTItemId "
    '| where _DTItemStatus != "Delete" | distinct WatchlistAlias'
)
_READ_AS = {"string": "tostring", "long": "tolong", "real": "toreal", "bool": "tobool"}
_EVENT_OF = {"ProcessCreate": "ProcessCreated", "ProcessTerminate": "ProcessTerminated"}


class Workspace:
    """Writes calls of workspace functions."""

    def __init__(self, rewriter: Rewriter) -> None:
        self._rewriter = rewriter

    def function(self, name: str, node: Node, arguments: list[Node], scope: Scope) -> str:
        """Write a call that yields rows.

        Raises:
            Refused: what the function yields is not known here.

        """
        if name == "_GetWatchlist":
            return self._watchlist(node, arguments)
        if name == "_GetWatchlistAlias":
            return self._own(_ALIASES)
        parser = _PARSER.match(name)
        if parser is not None and parser["schema"] in _SCHEMA_TABLES:
            return self._parsed(parser["schema"], name, arguments, scope)
        raise Refused(f"{name}()", "the embedded workspace does not have this function")

    def _watchlist(self, node: Node, arguments: list[Node]) -> str:
        alias = arguments[0].ConstantValue
        if not isinstance(alias, str) or node.ResultType.IsOpen or len(arguments) > 1:
            raise Refused("_GetWatchlist", "which columns it yields is known at run time only")
        own = columns_of(node.ResultType)[len(WATCHLIST_COLUMNS) :]
        fixed = ", ".join(each.name for each in WATCHLIST_COLUMNS)
        unpacked = [
            f", {literals.identifier(column)} = {_unpacked(column, of)}" for column, of in own
        ]
        return self._own(
            f'{_NEWEST} | where _DTItemType == "watchlist-item" '
            f"and WatchlistAlias == {literals.string(alias)} "
            "| summarize arg_max(_DTTimestamp, _DTItemStatus, LastUpdatedTimeUTC, SearchKey, "
            'WatchlistItem) by _DTItemId | where _DTItemStatus != "Delete" '
            f"| project {fixed}{''.join(unpacked)}"
        )

    def _own(self, query: str) -> str:
        """Write KQL of our own over the Watchlist table, whatever the time range asked for."""
        table = self._rewriter.table("Watchlist")
        if table is None:
            raise Refused("_GetWatchlist", "there is no table Watchlist")
        rows = self._rewriter.operators.stored(table, untimed=True)
        scope = Scope({"Newest": Binding(rows, tabular=True)})
        return self._rewriter.operators.rows(self._rewriter.bound(query), scope)

    def _parsed(self, schema: str, name: str, arguments: list[Node], scope: Scope) -> str:
        table = self._rewriter.table(_SCHEMA_TABLES[schema])
        if table is None:
            raise Refused(f"{name}()", f"there is no table {_SCHEMA_TABLES[schema]}")
        column = self._rewriter.names.column
        rows = self._rewriter.operators.stored(table)
        have = dict(columns_of(table))
        if schema in _EVENT_OF:
            rows += f' | where {column("EventType")} == "{_EVENT_OF[schema]}"'
        for each in arguments:
            if kind(each) != "SimpleNamedExpression":
                raise Refused(f"{name}()", "its arguments must be named")
            parameter = str(each.Name.SimpleName).lower()
            value = self._rewriter.scalars.write(each.Expression, scope)
            if parameter in ("starttime", "endtime") and have.get("TimeGenerated") == "datetime":
                sign = ">=" if parameter == "starttime" else "<="
                rows += f" | where {column('TimeGenerated')} {sign} {value}"
            elif parameter in ("pack", "disabled"):
                continue
            else:
                raise Refused(
                    f"{name}({parameter}=…)",
                    f"what it filters ({type_of(each.Expression)} {text(each)[:40]}) is not known",
                )
        return rows


def _unpacked(column: str, of: str) -> str:
    value = f"WatchlistItem[{literals.string(column)}]"
    return f"{_READ_AS[of]}({value})" if of in _READ_AS else value
