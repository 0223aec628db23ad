"""The documents of the embedded workspace, through the class that its services use."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_mcp.errors import ConfigError, Conflict, NotFound, StoreCorrupt
from sentinel_mcp.local.documents import Body, Document, Documents


def incident(name: str, title: str = "Phish") -> Body:
    return {"id": f"/incidents/{name}", "name": name, "etag": "", "properties": {"title": title}}


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    opened = Documents(tmp_path / "resources.sqlite")
    yield opened
    opened.close()


def test_a_document_comes_back_as_it_was_put_with_an_etag(documents: Documents) -> None:
    put = documents.put("incidents", "a", incident("a"))

    assert put["etag"].startswith('"')
    assert documents.get("incidents", "a") == put
    assert put["properties"] == {"title": "Phish"}


def test_every_change_makes_another_etag(documents: Documents) -> None:
    first = documents.put("incidents", "a", incident("a"))
    second = documents.put("incidents", "a", incident("a", "Spray"))

    assert first["etag"] != second["etag"]


def test_a_stale_etag_is_refused_and_changes_nothing(documents: Documents) -> None:
    first = documents.put("incidents", "a", incident("a"))
    documents.put("incidents", "a", incident("a", "Spray"), etag=first["etag"])

    with pytest.raises(Conflict):
        documents.put("incidents", "a", incident("a", "Other"), etag=first["etag"])

    found = documents.get("incidents", "a")
    assert found
    assert found["properties"]["title"] == "Spray"


def test_an_etag_counts_with_and_without_its_quotes(documents: Documents) -> None:
    first = documents.put("incidents", "a", incident("a"))

    assert documents.put("incidents", "a", incident("a"), etag=first["etag"].strip('"'))


def test_an_etag_for_a_document_that_is_not_there_is_refused(documents: Documents) -> None:
    with pytest.raises(Conflict):
        documents.put("incidents", "a", incident("a"), etag='"1"')


def test_names_are_found_whatever_their_case(documents: Documents) -> None:
    documents.put("incidents", "aB", incident("aB"))

    assert documents.get("incidents", "Ab") is not None


def test_a_list_keeps_the_order_in_which_documents_came(documents: Documents) -> None:
    for name in ("c", "a", "b"):
        documents.put("comments", name, incident(name), parent="one")
    documents.put("comments", "c", incident("c", "changed"), parent="one")

    assert [each["name"] for each in documents.list("comments", "one")] == ["c", "a", "b"]


def test_children_of_another_parent_are_not_listed(documents: Documents) -> None:
    documents.put("comments", "a", incident("a"), parent="one")
    documents.put("comments", "a", incident("a", "other"), parent="two")

    (found,) = documents.list("comments", "two")
    assert found["properties"]["title"] == "other"
    assert documents.get("comments", "a", parent="three") is None


def test_alerts_and_entities_carry_no_etag(documents: Documents) -> None:
    put = documents.put("entities", "e", {"name": "e", "kind": "Ip"}, parent="one")

    assert "etag" not in put


def test_a_deleted_document_is_gone(documents: Documents) -> None:
    documents.put("comments", "a", incident("a"), parent="one")
    documents.delete("comments", "a", parent="one")

    assert documents.list("comments", "one") == []
    with pytest.raises(NotFound):
        documents.delete("comments", "a", parent="one")


def test_a_new_scenario_replaces_its_own_documents_and_keeps_a_users(documents: Documents) -> None:
    scenario = [Document("incidents", name, incident(name)) for name in ("a", "b", "c")]
    documents.fill(scenario, build="first")
    documents.put("incidents", "a", incident("a", "mine"))
    documents.delete("incidents", "b")

    kept = documents.fill(
        [Document("incidents", name, incident(name, "newer")) for name in ("a", "b", "c", "d")],
        build="second",
    )

    titles = {each["name"]: each["properties"]["title"] for each in documents.list("incidents")}
    assert titles == {"a": "mine", "c": "newer", "d": "newer"}
    assert kept == 2
    assert documents.build == "second"


def test_a_failing_scenario_changes_nothing(documents: Documents) -> None:
    documents.fill([Document("incidents", "a", incident("a"))], build="first")

    with pytest.raises(TypeError):
        documents.fill([Document("incidents", "b", {"name": object()})], build="second")

    assert [each["name"] for each in documents.list("incidents")] == ["a"]
    assert documents.build == "first"


def test_two_connections_see_each_others_changes(tmp_path: Path) -> None:
    one, two = Documents(tmp_path / "r.sqlite"), Documents(tmp_path / "r.sqlite")
    one.put("incidents", "a", incident("a"))

    assert two.get("incidents", "a") is not None
    one.close()
    two.close()


@pytest.mark.parametrize(
    "content", [b"no database at all" * 500, b"SQLite format 3\0" + b"\7" * 900]
)
def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.sqlite"
    path.write_bytes(content)

    with pytest.raises(StoreCorrupt):
        Documents(path)


def test_damage_found_while_reading_is_said_to_be_damage(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    documents = Documents(path)
    documents.fill(
        [Document("incidents", str(n), {"fill": "x" * 60_000}) for n in range(100)], build="a"
    )
    documents.close()
    documents = Documents(path)
    # As a failing disk does. There are 6 MB, of which SQLite remembers 2; the schema stays.
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\x2a" * (path.stat().st_size - 8 * 4096))

    with pytest.raises(StoreCorrupt):
        documents.list("incidents")
    documents.close()


def test_a_file_of_another_version_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE appended_row (something_else TEXT)")
    other.commit()
    other.close()

    with pytest.raises(ConfigError, match="of this version"):
        Documents(path)


def test_a_notice_is_kept_until_it_is_dismissed(tmp_path: Path) -> None:
    one, two = Documents(tmp_path / "r.sqlite"), Documents(tmp_path / "r.sqlite")
    one.add_notice("first")
    one.add_notice("second")

    assert two.notices() == ["first", "second"]
    two.dismiss_notices()
    assert one.notices() == []
    one.close()
    two.close()
