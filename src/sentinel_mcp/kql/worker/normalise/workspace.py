"""Stands in for the functions that a workspace has, where their meaning is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sentinel_mcp.kql.worker.normalise.refusal import Refused
from sentinel_mcp.kql.worker.normalise.scopes import Scope
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
            return self._watchlist(arguments, scope)
        parser = _PARSER.match(name)
        if parser is not None and parser["schema"] in _SCHEMA_TABLES:
            return self._parsed(parser["schema"], name, arguments, scope)
        raise Refused(f"{name}()", "the embedded workspace does not have this function")

    def _watchlist(self, arguments: list[Node], scope: Scope) -> str:
        del arguments, scope
        raise Refused("_GetWatchlist", "a watchlist's columns are not known before it is read")

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
