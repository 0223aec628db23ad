"""What the user decides, read from the environment, the TOML file and arguments."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel_mcp.errors import ConfigError
from sentinel_mcp.settings import Settings, load

WHOLE = {
    "AZURE_SUBSCRIPTION_ID": "11111111-1111-1111-1111-111111111111",
    "AZURE_RESOURCE_GROUP": "soc",
    "AZURE_WORKSPACE_NAME": "logs",
    "AZURE_WORKSPACE_ID": "22222222-2222-2222-2222-222222222222",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give an environment without a setting of ours or of Azure."""
    import os

    for name in list(os.environ):
        if name.upper().startswith(("AZURE_", "SENTINEL_")):
            monkeypatch.delenv(name)
    return monkeypatch


def settings_file(folder: Path, text: str) -> Path:
    path = folder / "sentinel.toml"
    path.write_text(text, encoding="utf-8")
    return path


TWO_WORKSPACES = """
max_rows = 50
[workspaces.emea]
subscription_id = "s1"
resource_group = "g1"
workspace_name = "w1"
workspace_id = "i1"
[workspaces.apac]
subscription_id = "s2"
resource_group = "g2"
workspace_name = "w2"
workspace_id = "i2"
"""


def test_no_azure_setting_at_all_means_the_embedded_workspace(
    environment: pytest.MonkeyPatch,
) -> None:
    assert load().is_local


def test_the_four_azure_variables_make_one_workspace(environment: pytest.MonkeyPatch) -> None:
    for name, value in WHOLE.items():
        environment.setenv(name, value)

    (workspace,) = load().resolved_workspaces

    assert workspace.name == "logs"
    assert workspace.resource_id == (
        "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/soc"
        "/providers/Microsoft.OperationalInsights/workspaces/logs"
    )


@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_half_a_configuration_is_an_error_that_names_what_is_missing(
    environment: pytest.MonkeyPatch, missing: str
) -> None:
    for name, value in WHOLE.items():
        if name != missing:
            environment.setenv(name, value)

    with pytest.raises(ConfigError, match=f"incomplete: {missing} is not set"):
        load()


@pytest.mark.parametrize("name", ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"])
def test_an_identity_without_a_workspace_is_half_a_configuration(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    environment.setenv(name, "value")

    with pytest.raises(ConfigError, match="AZURE_WORKSPACE_ID"):
        load()


def test_asking_for_the_embedded_workspace_outranks_azure_settings(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("AZURE_CLIENT_ID", "value")
    environment.setenv("SENTINEL_WORKSPACE", "local")

    assert load().is_local


def test_a_blank_variable_counts_as_missing(environment: pytest.MonkeyPatch) -> None:
    for name, value in {**WHOLE, "AZURE_RESOURCE_GROUP": "  "}.items():
        environment.setenv(name, value)

    with pytest.raises(ConfigError, match="AZURE_RESOURCE_GROUP is not set"):
        load()


def test_the_file_names_several_workspaces_and_the_chosen_one_comes_first(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("SENTINEL_CONFIG", str(settings_file(tmp_path, TWO_WORKSPACES)))
    environment.setenv("SENTINEL_WORKSPACE", "apac")

    settings = load()

    assert [each.name for each in settings.resolved_workspaces] == ["apac", "emea"]
    assert settings.max_rows == 50


def test_the_environment_outranks_the_file_and_arguments_outrank_both(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = settings_file(tmp_path, TWO_WORKSPACES)
    environment.setenv("SENTINEL_MAX_ROWS", "60")

    assert load(path).max_rows == 60
    assert load(path, max_rows=70).max_rows == 70


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("= broken", "is not TOML"),
        ("max_rowz = 1", "unknown key: 'max_rowz'"),
        ("workspaces = 3", "must hold tables"),
        ("max_rows = 0", "'max_rows' is not valid"),
        ('[workspaces.a]\nsubscription_id = "s"', "is not valid: Field required"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_that_says_why(
    environment: pytest.MonkeyPatch, tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        load(settings_file(tmp_path, text))


def test_a_file_that_is_not_there_is_an_error(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_an_unknown_default_workspace_lists_the_configured_ones(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(settings_file(tmp_path, TWO_WORKSPACES), workspace="mars")

    assert caught.value.hint == "Configured: emea, apac, local."


def test_a_secret_does_not_show_in_the_settings_text(environment: pytest.MonkeyPatch) -> None:
    for name, value in {**WHOLE, "AZURE_CLIENT_SECRET": "hunter2"}.items():
        environment.setenv(name, value)

    assert "hunter2" not in repr(load())


def test_settings_cannot_be_changed_once_read(environment: pytest.MonkeyPatch) -> None:
    settings = load()

    with pytest.raises(ValueError, match="frozen"):
        settings.max_rows = 3  # pyright: ignore[reportAttributeAccessIssue] the point of the test

    assert isinstance(settings, Settings)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-30T07:12:00Z", datetime(2026, 11, 30, 7, 12, tzinfo=UTC)),
        ("2026-11-30T07:12:00+02:00", datetime(2026, 11, 30, 5, 12, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024-02-29 23:55", datetime(2024, 2, 29, 23, 55, tzinfo=UTC)),
    ],
)
def test_the_present_of_the_embedded_workspace_can_be_set_and_is_utc_unless_it_says_otherwise(
    environment: pytest.MonkeyPatch, written: str, moment: datetime
) -> None:
    environment.setenv("SENTINEL_NOW", written)

    assert load().now == moment


@pytest.mark.parametrize("written", ["tomorrow", "1969-01-01", "2200-01-01"])
def test_a_present_that_cannot_be_is_an_error(
    environment: pytest.MonkeyPatch, written: str
) -> None:
    environment.setenv("SENTINEL_NOW", written)

    with pytest.raises(ConfigError, match="'now'"):
        load()


def test_the_present_of_azure_cannot_be_set(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("SENTINEL_NOW", "2026-11-30")
    with pytest.raises(ConfigError, match="SENTINEL_NOW"):
        load(settings_file(tmp_path, TWO_WORKSPACES))

    for name, value in WHOLE.items():
        environment.setenv(name, value)
    with pytest.raises(ConfigError, match="SENTINEL_NOW"):
        load()

    environment.setenv("SENTINEL_WORKSPACE", "local")
    assert load().now
