"""KQL for the alerts that are about an entity.

An alert names its entities as JSON, in which an account's UPN is in two parts; whatever else it
says is text. Both are searched, so that every tool finds the same alerts.
"""

from __future__ import annotations

from sentinel_mcp.domains.shared.entity import Subject
from sentinel_mcp.domains.shared.text_patterns import common_names, text_pattern
from sentinel_mcp.domains.shared.text_patterns import without as without_names
from sentinel_mcp.kql.literals import list_, string


def alert_ids(subject: Subject, *, prelude: str = "") -> str | None:
    """Return `let` statements after which `AlertsAbout` has the ids of the alerts.

    `prelude` are operators on SecurityAlert that come first, such as a bound of its time. None
    where alerts cannot name the subject.
    """
    parts: dict[str, str] = {}
    elsewhere = text_pattern(without_names(subject, "sam_name"))
    if elsewhere.names:
        parts["InText"] = f"{_table(prelude)}{_filter(elsewhere.terms, 'AlertNames')}"
    sam_names = text_pattern(without_names(subject, "sam_name", keep=True))
    if sam_names.names:
        # In `Entities` a name without its domain may be of an account of another domain.
        parts["InOther"] = (
            f"{_table(prelude)}| project-away Entities\n{_filter(sam_names.terms, 'AccountNames')}"
        )
    named = _named(subject)
    if named is not None:
        hints = list_(_hints(subject))
        parts["InEntities"] = (
            f"{_table(prelude)}| where Entities has_any {hints}\n"
            "| mv-expand Entity = todynamic(Entities)\n"
            f"| where {named}\n"
        )
    if not parts:
        return None
    lets = [
        f"let {name} = {string(pattern.expression)};\n"
        for name, pattern in (("AlertNames", elsewhere), ("AccountNames", sam_names))
        if pattern.names
    ]
    lets += [f"let {name} = {query}| distinct SystemAlertId;\n" for name, query in parts.items()]
    together = ", ".join(parts)
    return f"{''.join(lets)}let AlertsAbout = union {together}\n| distinct SystemAlertId;\n"


def _table(prelude: str) -> str:
    return f"SecurityAlert\n{prelude}"


def _filter(terms: tuple[str, ...], name: str) -> str:
    first = " or ".join(f"* has {string(each)}" for each in terms)
    words = f"| where {first}\n" if terms else ""
    return f"{words}| where * matches regex {name}\n"


def _hints(subject: Subject) -> tuple[str, ...]:
    local = [each.partition("@")[0] for each in subject.of("upn", "email")]
    return tuple(dict.fromkeys((*local, *subject.of("sam_name"), *common_names(subject))))


def _named(subject: Subject) -> str | None:
    """Return what holds of an entity of an alert that is the account or machine."""
    conditions: list[str] = []
    whole = 'strcat(tostring(Entity.Name), "@", tostring(Entity.UPNSuffix))'
    if addresses := subject.of("upn", "email"):
        conditions.append(f"{whole} in~ {list_(addresses)}")
    if names := subject.of("sam_name"):
        # Where it is not said whose name it is, or where the caller has not said it.
        bare = " and ".join(
            f"isempty(tostring(Entity.{each}))" for each in ("UPNSuffix", "Sid", "AadUserId")
        )
        condition = (
            f'tostring(Entity.Type) =~ "account" and tostring(Entity.Name) in~ {list_(names)}'
        )
        conditions.append(f"({condition} and {bare})" if addresses else f"({condition})")
    if hosts := [each for each in common_names(subject) if each in subject.of("host_name")]:
        conditions.append(f"tostring(Entity.HostName) in~ {list_(hosts)}")
    return " or ".join(conditions) or None
