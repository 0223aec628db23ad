"""Analytics rules: reading and writing them, their actions and their templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

from sentinel_mcp.local import identity
from sentinel_mcp.local.appended import AppendedRows
from sentinel_mcp.local.documents import Documents
from sentinel_mcp.local.services import caller
from sentinel_mcp.local.services.faults import Body, bad_request, not_found
from sentinel_mcp.local.services.rules.checking import KINDS, WITH_QUERY, check
from sentinel_mcp.local.services.writing import Clock, choice_of, properties_of, stamp

RULES = "alertRules"
TEMPLATES = "alertRuleTemplates"
ACTIONS = "actions"

QueryProblem = Callable[[str], Awaitable[str | None]]
"""Returns what keeps a query from running in the workspace; None for a sound one."""

_OF_TEMPLATE = ("displayName", "description", "severity", "tactics", "techniques", "subTechniques")
"""What a rule without a query has of its template, whatever is written."""


class Rules:
    """The analytics rules of the workspace."""

    def __init__(self, documents: Documents, clock: Clock, query_problem: QueryProblem) -> None:
        self._documents = documents
        self._clock = clock
        self._query_problem = query_problem
        self._log = AppendedRows(documents)

    def list(self) -> list[Body]:
        """Return all rules."""
        return self._documents.list(RULES)

    def get(self, name: str) -> Body:
        """Return one rule."""
        found = self._documents.get(RULES, name)
        if found is None:
            raise not_found("Alert rule", name)
        return found

    async def put(self, name: str, body: Body, etag: str | None) -> tuple[Body, bool]:
        """Create or replace a rule; also say whether it is new.

        What Azure does not take is a 400; an etag that is not the rule's any more is a Conflict.
        """
        kind = choice_of(body, "kind", KINDS, required=True) or ""
        properties = properties_of(body)
        check(kind, properties)
        before = self._documents.get(RULES, name)
        if before is not None and before["kind"] != kind:
            raise bad_request(f"The kind of a rule cannot be changed from {before['kind']!r}.")
        if kind in WITH_QUERY and (problem := await self._query_problem(properties["query"])):
            raise bad_request(f"Failed to run the analytics rule query. {problem}")
        if kind not in WITH_QUERY and kind != "MicrosoftSecurityIncidentCreation":
            properties = self._of_template(properties)
        now = stamp(self._clock)
        document = {
            "id": f"{identity.INSIGHTS_ID}/{RULES}/{name}",
            "name": name,
            "type": f"Microsoft.SecurityInsights/{RULES}",
            "kind": kind,
            "properties": {
                "alertRuleTemplateName": None,
                **properties,
                "lastModifiedUtc": now,
            },
        }
        written = self._documents.put(RULES, name, document, etag=etag)
        self._note(written, "Write", now)
        return written, before is None

    def delete(self, name: str, etag: str | None) -> bool:
        """Delete a rule and its actions; say whether there was one."""
        found = self._documents.get(RULES, name)
        if found is None:
            return False
        self._documents.delete(RULES, name, etag=etag)
        for each in self._documents.list(ACTIONS, found["name"]):
            self._documents.delete(ACTIONS, each["name"], parent=found["name"])
        self._note(found, "Delete", stamp(self._clock))
        return True

    def actions(self, rule: str) -> list[Body]:
        """Return the actions of a rule."""
        return self._documents.list(ACTIONS, self.get(rule)["name"])

    def action(self, rule: str, name: str) -> Body:
        """Return one action of a rule."""
        found = self._documents.get(ACTIONS, name, parent=self.get(rule)["name"])
        if found is None:
            raise not_found("Action", name)
        return found

    def templates(self) -> list[Body]:
        """Return all templates, each with the number of rules that were made from it."""
        made = self._made()
        return [_counted(each, made) for each in self._documents.list(TEMPLATES)]

    def template(self, name: str) -> Body:
        """Return one template."""
        found = self._documents.get(TEMPLATES, name)
        if found is None:
            raise not_found("Alert rule template", name)
        return _counted(found, self._made())

    def _made(self) -> Counter[str]:
        return Counter(
            str(properties_of(each).get("alertRuleTemplateName")) for each in self.list()
        )

    def _of_template(self, written: Body) -> Body:
        found = self._documents.get(TEMPLATES, written["alertRuleTemplateName"])
        if found is None:
            raise bad_request("The rule's template does not exist.")
        stated = properties_of(found)
        return {**written, **{key: stated[key] for key in _OF_TEMPLATE if key in stated}}

    def _note(self, document: Body, operation: str, now: str) -> None:
        """Write the change to the log of changes, as Sentinel's auditing does."""
        row = {
            "TimeGenerated": now,
            "OperationName": f"Microsoft.SecurityInsights/{RULES}/{operation}",
            "Status": "Success",
            "Description": f"{operation} of an analytics rule.",
            "SentinelResourceId": document["id"],
            "SentinelResourceName": properties_of(document).get("displayName") or document["name"],
            "SentinelResourceKind": document["kind"],
            "SentinelResourceType": "Analytic Rule",
            "WorkspaceId": identity.WORKSPACE_ID,
            "ExtendedProperties": {
                "CallerName": caller.EMAIL,
                "CallerIpAddress": "127.0.0.1",
                "ResourceId": document["id"],
            },
        }
        self._log.append("SentinelAudit", [row])


def _counted(template: Body, made: Counter[str]) -> Body:
    """Return a template as it is sent: with its count, and without an etag."""
    shown = {key: value for key, value in template.items() if key != "etag"}
    count = made[template["name"]]
    return {
        **shown,
        "properties": {**properties_of(template), "alertRulesCreatedByTemplateCount": count},
    }
