"""What the commands say and do where there is no .NET, and how `setup` brings it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bare_environment import BareEnvironment, make_wheel

from sentinel_mcp.kql import dotnet

UNKNOWN_NAME = "SigninLogs | where UserPrincipleName == 'x'"

on_pip = pytest.mark.skipif(
    not dotnet.is_on_pip(), reason="pip has no .NET runtime for this machine"
)


@pytest.fixture
def bare(tmp_path: Path, cache_dir: Path) -> BareEnvironment:
    return BareEnvironment.make(tmp_path, cache_dir)


@pytest.fixture
def query(tmp_path: Path) -> str:
    """Write a query with an unknown name in it."""
    file = tmp_path / "hunt.kql"
    file.write_text(UNKNOWN_NAME, encoding="utf-8")
    return str(file)


def test_names_that_nobody_checked_are_not_called_valid(bare: BareEnvironment, query: str) -> None:
    text = bare.run("validate", query)
    lines = bare.run("validate", "--json", query)

    assert text.code == lines.code == 2
    assert text.out.splitlines() == [
        f"{query}: no mistake in its syntax",
        "1 checked for syntax only",
    ]
    assert dotnet.remedy() in text.err
    assert dotnet.remedy() in lines.err
    [answer] = lines.objects
    assert answer["valid"] is None
    assert answer["engine"] == "grammar"
    assert [each["code"] for each in answer["diagnostics"]] == ["syntax-only"]


def test_whoever_asks_for_the_syntax_only_gets_it_everywhere_alike(
    bare: BareEnvironment, query: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from sentinel_mcp.cli import main

    here = main(["validate", "--syntax-only", "--json", query])
    there = bare.run("validate", "--syntax-only", "--json", query)

    assert here == there.code == 0
    assert there.out == capsys.readouterr().out
    assert there.objects[0]["valid"] is None
    assert there.err == ""


def test_what_no_kql_can_be_is_invalid_without_dotnet_too(
    bare: BareEnvironment, tmp_path: Path, query: str
) -> None:
    broken = tmp_path / "broken.kql"
    broken.write_text("SigninLogs | where (", encoding="utf-8")

    outcome = bare.run("validate", query, str(broken))

    assert outcome.code == 1
    assert outcome.out.splitlines()[-1] == "1 checked, 1 invalid; 1 checked for syntax only"


def test_a_query_that_not_even_the_grammar_could_read_is_not_said_to_be_checked(
    bare: BareEnvironment, tmp_path: Path
) -> None:
    unread = tmp_path / "unread.kql"
    unread.write_text("print " + "1 + " * 20_000 + "1", encoding="utf-8")

    outcome = bare.run("validate", "--syntax-only", str(unread))

    assert outcome.code == 2
    assert outcome.out.splitlines()[-1] == "1 not checked"


def test_the_doctor_names_what_would_bring_full_checking(bare: BareEnvironment) -> None:
    outcome = bare.run("doctor", "--local", "--json")

    assert outcome.code == 0, outcome.out + outcome.err
    [checker] = [each for each in outcome.objects if each["check"] == "query checker"]
    assert checker["state"] == "warn"
    assert checker["remedy"] == dotnet.remedy()


def test_the_demo_plays_to_its_end_and_says_what_it_could_not_show(bare: BareEnvironment) -> None:
    outcome = bare.run("demo")

    assert outcome.code == 0, outcome.out + outcome.err
    assert "This cannot be shown here. The mistake is in a name" in outcome.out
    assert "Conclusion" in outcome.out
    assert f"of the steps need .NET, which is not here. {dotnet.remedy()}" in outcome.out


@on_pip
def test_setup_does_nothing_that_nobody_agreed_to(bare: BareEnvironment) -> None:
    outcome = bare.run("setup")

    assert outcome.code == 2
    assert f"--no-deps --only-binary :all: {dotnet.PACKAGE}" in outcome.out
    assert f"--target {bare.runtime_folder}" in outcome.out
    assert "Add --yes" in outcome.err
    assert not bare.runtime_folder.parent.exists()


@on_pip
def test_setup_brings_dotnet_once_and_names_are_checked_from_then_on(
    bare: BareEnvironment, tmp_path: Path, query: str
) -> None:
    roots = dotnet.runtimes()
    if not roots:
        pytest.skip("there is no .NET here to bring")
    make_wheel(tmp_path / "wheels", roots[0])
    links = str(tmp_path / "wheels")

    brought = bare.run("setup", "--yes", PIP_FIND_LINKS=links)
    checked = bare.run("validate", "--json", query)
    again = bare.run("setup")

    assert brought.code == 0, brought.out + brought.err
    assert brought.out.splitlines()[-1].startswith("Done: queries are checked by Kusto.Language")
    assert checked.code == 1
    assert "'UserPrincipalName'" in json.dumps(checked.objects)
    assert again.code == 0
    assert again.out.startswith("Nothing is lacking")


@on_pip
def test_a_package_that_cannot_be_had_leaves_nothing_behind(bare: BareEnvironment) -> None:
    outcome = bare.run("setup", "--yes")

    assert outcome.code == 2
    assert "No matching distribution" in outcome.err
    assert "It could not be installed" in outcome.err
    assert list(bare.runtime_folder.parent.iterdir()) == []


@on_pip
def test_a_runtime_that_does_not_start_is_removed_again(
    bare: BareEnvironment, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    (broken / "host" / "fxr").mkdir(parents=True)
    (broken / "host" / "fxr" / "nothing").touch()
    (broken / "shared" / "Microsoft.NETCore.App" / "9.0.0").mkdir(parents=True)
    (broken / "shared" / "Microsoft.NETCore.App" / "9.0.0" / "nothing").touch()
    make_wheel(tmp_path / "wheels", broken)

    outcome = bare.run("setup", "--yes", PIP_FIND_LINKS=str(tmp_path / "wheels"))

    assert outcome.code == 2
    assert "does not start here" in outcome.err
    assert list(bare.runtime_folder.parent.iterdir()) == []
