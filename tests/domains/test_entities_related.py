"""What is seen together with an entity: nothing of itself, and what most tables have first."""

from __future__ import annotations

import json

from sentinel_mcp.domains.entities.rows import related
from sentinel_mcp.domains.shared.entity import subject_of


def test_an_entity_is_not_related_to_itself_and_what_most_tables_have_comes_first() -> None:
    host = subject_of("host", "fs.corp.example", "given")
    rows = [
        {"Seen": "A", "Hosts": '["FS","fs.corp.example","other"]', "Ips": '["192.0.2.1"]'},
        {"Seen": "B", "Hosts": '["OTHER","third"]', "Accounts": "not json"},
        {"Seen": "C", "Hosts": '["third"]'},
        {"Seen": "D", "Hosts": '["third"]'},
    ]

    found, cuts = related(rows, host)

    assert cuts == []
    assert [(each.kind, each.value, each.tables) for each in found] == [
        ("host", "third", ["B", "C", "D"]),
        ("host", "other", ["A", "B"]),
        ("ip", "192.0.2.1", ["A"]),
    ]


def test_an_account_counts_for_all_its_names_and_what_is_cut_is_said() -> None:
    many = [f"user{each}@x.example" for each in range(30)]
    rows = [
        {"Seen": "A", "Accounts": json.dumps([*many, "adele@x.example"])},
        {"Seen": "B", "Accounts": '["X\\\\adele"]'},
    ]

    found, cuts = related(rows, subject_of("ip", "192.0.2.1", "given"))

    assert [each.value for each in found[:2]] == ["adele@x.example", "X\\adele"]
    assert cuts == ["20 of 32 related entities of kind account are here."]
