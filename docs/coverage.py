"""Which operations of Azure's two management SDKs are used, and which the embedded workspace has.

Read from the SDKs' request builders, the embedded workspace's table of operations, and the list of
what the tools were seen to send, which `tests/surface/test_operations.py` keeps.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SDKS = {
    "azure.mgmt.securityinsight": "Microsoft Sentinel",
    "azure.mgmt.loganalytics": "Log Analytics",
}


@dataclass(frozen=True, slots=True, order=True)
class SdkOperation:
    """An operation as the SDK has it: `client.<group>.<call>` sends `method` to `path`."""

    group: str
    call: str
    method: str
    path: str


@cache
def sdk_operations(package: str) -> tuple[SdkOperation, ...]:
    """Return every operation of an SDK, by group and method."""
    folder = _folder(package)
    module = ast.parse((folder / "operations" / "_operations.py").read_text(encoding="utf-8"))
    requests = {
        node.name: _request(node)
        for node in module.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("build_")
    }
    client = (folder / "_client.py").read_text(encoding="utf-8")
    groups: list[tuple[str, str]] = re.findall(r"self\.(\w+) = (\w*Operations)\(", client)
    classes = {node.name: node for node in module.body if isinstance(node, ast.ClassDef)}
    # Some operations are methods of the client itself.
    groups += [("(client)", name) for name in classes if name.endswith("OperationsMixin")]
    found: set[SdkOperation] = set()
    for group, name in groups:
        initial: dict[str, tuple[str, str]] = {}
        for node in classes[name].body:
            if isinstance(node, ast.FunctionDef) and (built := _built(node)):
                initial[node.name] = requests[built]
        for call, (method, path) in initial.items():
            # A long operation is begun by a public method; its private half sends the request.
            public = f"begin_{call[1:].removesuffix('_initial')}" if call[0] == "_" else call
            found.add(SdkOperation(group, public, method, path))
    return tuple(sorted(found))


@cache
def in_use() -> frozenset[tuple[str, str]]:
    """Return method and path of every operation that some tool was seen to send."""
    lines = (Path(__file__).parent / "operations_in_use.txt").read_text(encoding="utf-8")
    found = [line.split() for line in lines.splitlines()]
    return frozenset((method, _shape(path)) for method, path, _ in found)


@cache
def embedded() -> frozenset[tuple[str, str]]:
    """Return method and path of every operation that the embedded workspace answers."""
    from sentinel_mcp.local.services.operations import operations

    return frozenset((each.method, _shape(each.path)) for each in operations() if each.area)


def is_used(operation: SdkOperation) -> bool:
    """Whether some tool calls it."""
    return (operation.method, _shape(operation.path)) in in_use()


def is_embedded(operation: SdkOperation) -> bool:
    """Whether the embedded workspace answers it."""
    return (operation.method, _shape(operation.path)) in embedded()


def coverage_page() -> str:
    """Return the page."""
    lines = [
        "# Coverage of Azure's operations",
        "",
        "Every operation of the two management SDKs. *Used*: a tool sends it. *Embedded*: the "
        "embedded workspace answers it; any other is answered with 501 and its name.",
        "",
        "| SDK | operations | used | embedded |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {title} (`{package}`) | {len(known)} | {sum(map(is_used, known))} "
        f"| {sum(map(is_embedded, known))} |"
        for package, title in SDKS.items()
        for known in [sdk_operations(package)]
    ]
    for package, title in SDKS.items():
        lines += ["", f"## {title}", "", "| group | call | request | used | embedded |"]
        lines += ["| --- | --- | --- | --- | --- |", *_rows(package)]
    return "\n".join(lines)


def _rows(package: str) -> Iterator[str]:
    before = ""
    for each in sdk_operations(package):
        shown = "" if each.group == before else f"`{each.group}`"
        before = each.group
        marks = " | ".join("yes" if mark else "" for mark in (is_used(each), is_embedded(each)))
        yield f"| {shown} | `{each.call}` | {each.method} `{_tail(each.path)}` | {marks} |"


def _folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise LookupError(f"{package} is not installed")
    return Path(found.origin).parent


def _request(builder: ast.FunctionDef) -> tuple[str, str]:
    path = method = ""
    for node in ast.walk(builder):
        match node:
            case ast.Assign(targets=[ast.Name(id="_url")], value=ast.Constant(value=str(value))):
                path = value
            case ast.Call(func=ast.Name(id="HttpRequest"), keywords=keywords):
                method = next(
                    each.value.value
                    for each in keywords
                    if each.arg == "method"
                    and isinstance(each.value, ast.Constant)
                    and isinstance(each.value.value, str)
                )
            case _:
                continue
    return method, path


def _built(method: ast.FunctionDef) -> str | None:
    for node in ast.walk(method):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name.startswith("build_"):
                return name
            case _:
                continue
    return None


def _shape(path: str) -> str:
    """Return a path without the names of its parameters, which differ."""
    return re.sub(r"\{[^}]*\}", "{}", path).lower().rstrip("/")


def _tail(path: str) -> str:
    """Return what tells one path from another."""
    for start in ("/providers/Microsoft.SecurityInsights/", "/workspaces/{workspaceName}/"):
        if start in path:
            return path.partition(start)[2]
    return path
