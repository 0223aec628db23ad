"""Lists that are kept by hand have all that there is, so that what was forgotten fails here."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

import sentinel_mcp
from sentinel_mcp import domains
from sentinel_mcp.area import Area
from sentinel_mcp.effects import WRITES
from sentinel_mcp.optional import parts
from sentinel_mcp.server import AREAS
from sentinel_mcp.surface import CORE, Choice

ROOT = Path(__file__).parents[2]
WITH_TOOLS = [
    each.name
    for each in pkgutil.iter_modules(domains.__path__)
    if (Path(domains.__path__[0]) / each.name / "tools.py").is_file()
]
MODULES = {each.name for each in pkgutil.iter_modules(sentinel_mcp.__path__)}


def contract(name: str) -> Mapping[str, Any]:
    """Return a contract of import-linter."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = cast("list[dict[str, Any]]", settings["tool"]["importlinter"]["contracts"])
    [found] = [each for each in contracts if each["name"] == name]
    return found


def own(modules: list[str]) -> set[str]:
    """Return the modules and packages of ours that are right below the root, by name."""
    split = [each.split(".") for each in modules]
    return {each[1] for each in split if each[0] == "sentinel_mcp" and len(each) == 2}


def areas_of(package: str) -> Iterator[Area]:
    module = importlib.import_module(f"sentinel_mcp.domains.{package}.tools")
    yield from (each for each in vars(module).values() if isinstance(each, Area))


def test_the_server_has_the_tools_of_every_area() -> None:
    shown = {id(each) for each in (*AREAS, *(part.area for part in parts(None, AREAS)))}

    for package in WITH_TOOLS:
        assert {id(each) for each in areas_of(package)} <= shown, package


@pytest.mark.parametrize("part", parts(None, AREAS), ids=lambda each: each.kind.__name__)
def test_an_area_that_is_loaded_when_it_is_chosen_is_loaded_by_each_of_its_toolsets(
    part: Any,
) -> None:
    toolsets = {tag for tags in part.area.tools.values() for tag in tags} - {WRITES}

    assert CORE not in toolsets
    for toolset in toolsets:
        assert part.area in [each.area for each in parts(Choice(toolsets=(toolset,)), AREAS)]


@pytest.mark.parametrize(
    "toolset", sorted({t for a in AREAS for ts in a.tools.values() for t in ts})
)
def test_no_optional_area_is_loaded_for_a_toolset_that_is_always_there(toolset: str) -> None:
    assert parts(Choice(toolsets=(toolset,)), AREAS) == []


def test_import_linter_keeps_every_area_from_the_others() -> None:
    kept = contract("Areas never import each other")["modules"]

    assert kept == [f"sentinel_mcp.domains.{each}" for each in WITH_TOOLS]


def test_import_linter_keeps_the_embedded_workspace_apart_from_everything_else() -> None:
    local = contract("The embedded workspace knows the engine, KQL, errors and the clock only")
    others = contract("Only the command line opens the embedded workspace")

    assert own(local["forbidden_modules"]) == MODULES - {
        "local", "engine", "kql", "errors", "clock",
    }  # fmt: skip
    assert own(others["source_modules"]) == MODULES - {"local", "cli"}


def test_every_module_has_its_layer() -> None:
    layers = contract("Layers import downwards only")["layers"]
    names = [name for layer in layers for name in layer.split(" | ")]

    assert own(names) == MODULES - {"local"}
    assert len(names) == len(set(names))


PLACES = re.findall(
    r"(?<!`)`([^`\n]+)`(?!`)", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
)

FILES = [
    *("domains/<area>/models.py", "domains/<area>/service.py", "domains/<area>/tools.py"),
    *("server.py", "optional.py", "azure/reads.py", "azure/policies.py"),
    *("domains/workspace/rights/needs.py", "domains/workspace/rights/roles.py"),
    *("local/services/<area>", "local/services/operations.py"),
    *("tests/contract/test_contract_shapes.py", "tests/contract/test_contract_both.py"),
    *("tests/surface/test_every_tool.py", "tests/surface/forms.py"),
    *("tests/surface/test_operations.py", "tests/surface/test_untrusted.py"),
    *("tests/surface/test_surface.py", "tests/surface/test_lost_answers.py"),
    *("pyproject.toml", "CHANGELOG.md"),
]
"""What a new tool may touch."""


@pytest.mark.parametrize("file", FILES)
def test_contributing_names_each_place_that_a_new_tool_touches(file: str) -> None:
    path = file.replace("<area>", "incidents")

    assert file in PLACES
    assert (ROOT / path).exists() or (ROOT / "src" / "sentinel_mcp" / path).exists()


def test_every_file_that_lists_tools_is_a_place_that_contributing_names() -> None:
    tools = {name for area in AREAS for name in area.tools}
    of_tests = (ROOT / "tests" / folder for folder in ("surface", "contract"))
    for path in (path for folder in of_tests for path in folder.glob("*.py")):
        listed = re.findall(r'^    "(\w+)"[,:]', path.read_text(encoding="utf-8"), re.MULTILINE)
        if tools & set(listed):
            assert path.relative_to(ROOT).as_posix() in PLACES, path
