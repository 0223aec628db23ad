"""When a table had its last event: three tools say the same, and it is what the table holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.truth.reading import Connected, Store, ask, ask_all

pytestmark = pytest.mark.asyncio(loop_scope="package")


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


async def test_three_tools_tell_the_last_event_that_each_table_holds(
    client: Connected, store: Store
) -> None:
    held = {
        each: store.moment(f'SELECT max(TimeGenerated) FROM "{each}"') for each in store.table_names
    }

    fresh = {
        each["table"]: moment(each["last_event"])
        for each in await ask_all(client, "check_data_freshness", "tables")
    }
    searched = {
        each["name"]: moment(each["last_event"])
        for each in (await ask(client, "search_tables", text="", limit=100))["tables"]
        if each["in_workspace"]
    }

    assert len(held) >= 25
    assert {each: fresh.get(each) for each in held if each != "Usage"} == {
        each: at for each, at in held.items() if each != "Usage"
    }
    assert {each: searched.get(each) for each in held} == held
    for name, at in held.items():
        assert moment((await ask(client, "get_table", name=name))["last_event"]) == at, name


async def test_a_last_event_is_never_the_end_of_an_hour_that_is_accounted_for(
    client: Connected, store: Store
) -> None:
    listed = (await ask(client, "search_tables", text="", limit=100))["tables"]
    latest = max(at for each in listed if (at := moment(each["last_event"])))

    assert latest <= store.anchor + timedelta(minutes=1)
