"""Azure with a schema, plans and logs, for the tests of what looks values up."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from azure.core.rest import HttpRequest
from tests.scripted import Reply, Route, ScriptedAzure

Rows = Sequence[Mapping[str, Any]]

SCHEMA: Mapping[str, Sequence[str]] = {
    "SigninLogs": ["UserPrincipalName", "IPAddress"],
    "DnsEvents": ["ClientIP", "Name", "Computer"],
    "Mine_CL": ["Anything"],
    "Watchlist": ["WatchlistItem"],
    "ThreatIntelIndicators": ["ObservableValue"],
}


def table(rows: Rows) -> Reply:
    names = list(dict.fromkeys(name for row in rows for name in row)) or ["Seen"]
    columns = [{"name": each, "type": "string"} for each in names]
    cells = [[row.get(each) for each in names] for row in rows]
    return Reply({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": cells}]})


def partly(rows: Rows, message: str = "Some shards failed.") -> Reply:
    """Answer as Azure does where a part of the data could not be read."""
    whole = table(rows).content
    assert isinstance(whole, dict)
    return Reply({**whole, "error": {"code": "PartialError", "message": message}})  # pyright: ignore[reportUnknownArgumentType]  # JSON


def bad_query(message: str) -> Reply:
    inner = {"code": "SEM0100", "message": message}
    return Reply({"error": {"code": "BadArgumentError", "message": "x", "innererror": inner}}, 400)


class Logs:
    """Answers queries by the first key that is in them; with no rows where there is none.

    Of the queries that look values up, those for the tables that have any, for which they have, and
    those that count, each names the tables that it searches: `failing` are answered so wherever
    they are among them.
    """

    def __init__(
        self,
        answers: Mapping[str, Rows | Reply] | None = None,
        *,
        failing: Mapping[str, Reply] | None = None,
        seen: Rows = (),
    ) -> None:
        self._answers = answers or {}
        self._failing = failing or {}
        self._seen = seen
        self.queries: list[str] = []

    def __call__(self, request: HttpRequest) -> Reply:
        query: str = json.loads(request.content)["query"]  # pyright: ignore[reportArgumentType] bytes, as sent
        self.queries.append(query)
        searched = searched_tables(query)
        for name, answer in self._failing.items():
            if name in searched:
                return answer
        if searched:
            found = [each for each in self._seen if each["Seen"] in searched]
            return table(held(found, query) if "Held" in query else found)
        for key, answer in self._answers.items():
            if key in query:
                return answer if isinstance(answer, Reply) else table(answer)
        return table([])


def held(seen: Rows, query: str) -> Rows:
    """Return, by table, the numbers of the values that it has, of those that are asked for."""
    asked = set(re.findall(r"Held(\d+) = countif", query))
    numbers: dict[str, list[str]] = {}
    for row in seen:
        if str(row["Owner"]) in asked:
            numbers.setdefault(row["Seen"], []).append(f"{row['Owner']} ")
    return [{"Seen": name, "Held": "".join(each)} for name, each in numbers.items()]


def searched_tables(query: str) -> list[str]:
    """Return the tables that a query looks for values in; none where it is another query."""
    return re.findall(r'project Seen = "(\w+)"', query)


def workspace(
    logs: Route,
    *,
    schema: Mapping[str, Sequence[str]] | Reply = SCHEMA,
    plans: Mapping[str, str] | Reply | None = None,
    more: Mapping[str, Route] | None = None,
) -> ScriptedAzure:
    """Return a workspace with these tables, whose columns are texts."""
    listed = plans or {}
    routes: dict[str, Route] = {
        "POST query": logs,
        "GET metadata": schema if isinstance(schema, Reply) else metadata(schema),
        "GET tables": listed
        if isinstance(listed, Reply)
        else {"value": [{"name": n, "properties": {"plan": p}} for n, p in listed.items()]},
        **(more or {}),
    }
    return ScriptedAzure(routes)


def metadata(schema: Mapping[str, Sequence[str]]) -> Reply:
    return Reply(
        {
            "tables": [
                {
                    "name": name,
                    "columns": [
                        {"name": "TimeGenerated", "type": "datetime"},
                        *({"name": each, "type": "string"} for each in columns),
                    ],
                }
                for name, columns in schema.items()
            ]
        }
    )
