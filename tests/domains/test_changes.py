"""Changes as every area makes them, on a resource held in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sentinel_mcp.domains.changes import (
    ChangeReport,
    Manner,
    Target,
    create,
    delete,
    update,
)
from sentinel_mcp.domains.differences import differences
from sentinel_mcp.domains.documents import Document
from sentinel_mcp.errors import (
    AccessDenied,
    Conflict,
    Declined,
    NotFound,
    SentinelError,
    Unavailable,
)

LOST = Unavailable("The connection was closed.")
STALE = Conflict("The etag is not the newest.")


class Shelf:
    """One resource; a write may fail with `failure`, and be carried out all the same."""

    def __init__(
        self,
        properties: Mapping[str, Any] | None = None,
        *,
        failure: SentinelError | None = None,
        arrives: bool = False,
        filled_in: Mapping[str, Any] | None = None,
        unreadable_after: bool = False,
    ) -> None:
        self.document: dict[str, Any] | None = (
            None if properties is None else {"etag": '"1"', "properties": dict(properties)}
        )
        self.failure = failure
        self.arrives = arrives
        self.filled_in = dict(filled_in or {})
        self.unreadable_after = unreadable_after
        self.sent: list[dict[str, Any] | None] = []
        self.questions: list[str] = []

    @property
    def target(self) -> Target:
        return Target(workspace="soc", kind="thing", name="t1", read=self.read, title="Thing")

    async def read(self) -> Document | None:
        if self.unreadable_after and self.sent:
            raise Unavailable("No route to host.")
        return self.document

    async def write(self, document: dict[str, Any]) -> Document:
        self.sent.append(document)
        if self.failure is None or self.arrives:
            properties = {**document["properties"], **self.filled_in}
            self.document = {"etag": '"2"', "properties": properties}
        if self.failure:
            raise self.failure
        assert self.document is not None
        return self.document

    async def remove(self) -> None:
        self.sent.append(None)
        if self.failure is None or self.arrives:
            self.document = None
        if self.failure:
            raise self.failure

    async def agree(self, question: str) -> None:
        self.questions.append(question)

    async def refuse(self, question: str) -> None:
        raise Declined(question)

    async def update(self, manner: Manner | None = None, **revised: Any) -> ChangeReport:
        return await update(self.target, lambda _: revised, self.write, manner or Manner())

    async def create(
        self, manner: Manner | None = None, *, fresh: bool = False, **properties: Any
    ) -> ChangeReport:
        document = {"properties": properties}
        return await create(self.target, document, self.write, manner or Manner(), fresh=fresh)


def told(report: ChangeReport) -> list[tuple[str, str | None, str | None]]:
    return [(each.field, each.before, each.after) for each in report.changes]


async def test_an_update_sends_the_whole_document_with_the_etag_that_was_read() -> None:
    shelf = Shelf({"title": "A", "kept": 1, "gone": "x"})

    report = await shelf.update(title="B", gone=None)

    assert shelf.sent == [{"etag": '"1"', "properties": {"title": "B", "kept": 1}}]
    assert (report.outcome, report.etag) == ("done", '"2"')
    assert told(report) == [("gone", "x", None), ("title", "A", "B")]


async def test_an_object_within_is_told_by_its_dotted_names() -> None:
    shelf = Shelf({"owner": {"objectId": "1", "assignedTo": "Bo"}})

    report = await shelf.update(owner={"objectId": "2"})

    assert report.outcome == "done"
    assert told(report) == [("owner.assigned_to", "Bo", None), ("owner.object_id", "1", "2")]


async def test_an_object_within_that_changes_alone_is_a_change() -> None:
    shelf = Shelf({"owner": {"objectId": "1"}})

    report = await shelf.update(owner={"objectId": None})

    assert report.outcome == "done"
    assert len(shelf.sent) == 1


@pytest.mark.parametrize(
    "revised", [{}, {"title": "A"}, {"labels": ["x"]}, {"empty": ""}, {"owner": {"name": None}}]
)
async def test_what_is_so_already_is_not_written(revised: dict[str, Any]) -> None:
    shelf = Shelf({"title": "A", "labels": ["x"]})

    report = await shelf.update(Manner(approve=shelf.refuse), **revised)

    assert (report.outcome, shelf.sent) == ("unchanged", [])


async def test_a_dry_run_shows_the_change_asks_nobody_and_writes_nothing() -> None:
    shelf = Shelf({"title": "A"})

    report = await shelf.update(Manner(dry_run=True, approve=shelf.refuse), title="B")

    assert (report.outcome, told(report), shelf.sent) == ("preview", [("title", "A", "B")], [])


async def test_the_question_says_what_would_change() -> None:
    shelf = Shelf({"title": "A"})

    await shelf.update(Manner(approve=shelf.agree), title="B")

    assert shelf.questions == ["Update thing 'Thing'? title: 'A' -> 'B'"]


async def test_without_the_users_word_nothing_is_written() -> None:
    shelf = Shelf({"title": "A"})

    with pytest.raises(Declined):
        await shelf.update(Manner(approve=shelf.refuse), title="B")

    assert shelf.sent == []


@pytest.mark.parametrize("etag", ['"1"', "1", 'W/"1"'])
async def test_an_etag_counts_without_its_quotes(etag: str) -> None:
    shelf = Shelf({"title": "A"})

    assert (await shelf.update(Manner(etag=etag), title="B")).outcome == "done"


async def test_another_etag_is_a_conflict_and_nothing_is_written() -> None:
    shelf = Shelf({"title": "A"})

    with pytest.raises(Conflict, match="changed since"):
        await shelf.update(Manner(etag='"0"'), title="B")

    assert shelf.sent == []


async def test_a_conflict_says_what_somebody_changed_meanwhile() -> None:
    shelf = Shelf({"title": "A"}, failure=STALE)

    async def write(document: dict[str, Any]) -> Document:
        shelf.document = {"etag": '"7"', "properties": {"title": "C"}}
        return await shelf.write(document)

    with pytest.raises(Conflict, match="title: 'A' -> 'C'"):
        await update(shelf.target, lambda _: {"title": "B"}, write, Manner())


async def test_what_was_deleted_meanwhile_is_a_conflict_that_says_so() -> None:
    shelf = Shelf({"title": "A"}, failure=STALE)

    async def write(document: dict[str, Any]) -> Document:
        shelf.document = None
        return await shelf.write(document)

    with pytest.raises(Conflict, match="deleted meanwhile"):
        await update(shelf.target, lambda _: {"title": "B"}, write, Manner())


@pytest.mark.parametrize("failure", [LOST, STALE])
async def test_a_write_whose_answer_was_lost_is_found_by_reading(failure: SentinelError) -> None:
    shelf = Shelf({"title": "A"}, failure=failure, arrives=True)

    report = await shelf.update(title="B")

    assert (report.outcome, report.etag) == ("done", '"2"')
    assert report.notices == ["Its answer was lost; it was found written."]


async def test_a_lost_write_is_found_although_azure_filled_an_object_in() -> None:
    whole = {"owner": {"objectId": "2", "assignedTo": "Ana"}}
    shelf = Shelf({"owner": {"objectId": "1"}}, failure=LOST, arrives=True, filled_in=whole)

    report = await shelf.update(owner={"objectId": "2"})

    assert report.outcome == "done"


async def test_a_part_of_an_object_that_was_to_go_and_is_there_was_not_written() -> None:
    # The old object holds all that was to be written, and more: it is the old one still.
    shelf = Shelf({"values": {"a": "1", "b": "2"}}, failure=LOST)

    with pytest.raises(Unavailable, match="Nothing was written"):
        await shelf.update(values={"a": "1"})


async def test_a_lost_write_that_did_not_arrive_is_an_error_that_says_so() -> None:
    shelf = Shelf({"title": "A"}, failure=LOST)

    with pytest.raises(Unavailable, match="Nothing was written"):
        await shelf.update(title="B")


async def test_whether_it_was_written_is_not_known_where_nothing_can_be_read() -> None:
    shelf = Shelf({"title": "A"}, failure=LOST, arrives=True, unreadable_after=True)

    with pytest.raises(Unavailable, match="not known"):
        await shelf.update(title="B")


async def test_a_refusal_is_handed_on_as_it_is() -> None:
    shelf = Shelf({"title": "A"}, failure=AccessDenied("No."))

    with pytest.raises(AccessDenied):
        await shelf.update(title="B")


async def test_what_does_not_exist_is_neither_updated_nor_deleted() -> None:
    shelf = Shelf()

    with pytest.raises(NotFound):
        await shelf.update(title="B")
    with pytest.raises(NotFound):
        await delete(shelf.target, shelf.remove, Manner())

    assert shelf.sent == []


async def test_creating_the_same_again_is_unchanged_and_another_is_a_conflict() -> None:
    shelf = Shelf()

    first = await shelf.create(title="A", owner={"objectId": "1"})
    assert shelf.document
    # What Azure fills in does not make it another.
    shelf.document["properties"]["owner"]["assignedTo"] = "Ana"
    second = await shelf.create(title="A", owner={"objectId": "1"})
    with pytest.raises(Conflict, match="There is another thing"):
        await shelf.create(title="B")

    assert (first.outcome, second.outcome) == ("done", "unchanged")
    assert len(shelf.sent) == 1


async def test_a_name_made_here_is_not_looked_up_first() -> None:
    shelf = Shelf({"title": "other"})

    report = await shelf.create(fresh=True, title="A")

    assert report.outcome == "done"


async def test_a_creation_whose_answer_was_lost_is_found_by_reading() -> None:
    found = await Shelf(failure=LOST, arrives=True).create(fresh=True, title="A")
    with pytest.raises(Unavailable, match="Nothing was written"):
        await Shelf(failure=LOST).create(fresh=True, title="A")

    assert found.outcome == "done"


async def test_a_creation_is_previewed_and_asked_for_like_an_update() -> None:
    shelf = Shelf()

    shown = await shelf.create(Manner(dry_run=True), title="A")
    with pytest.raises(Declined):
        await shelf.create(Manner(approve=shelf.refuse), title="A")

    assert (shown.outcome, told(shown), shelf.sent) == ("preview", [("title", None, "A")], [])


async def test_a_deletion_tells_what_is_lost_with_it() -> None:
    shelf = Shelf({"title": "A"})

    shown = await delete(shelf.target, shelf.remove, Manner(dry_run=True))
    done = await delete(shelf.target, shelf.remove, Manner(approve=shelf.agree))

    assert (shown.outcome, done.outcome) == ("preview", "done")
    assert told(shown) == told(done) == [("title", "A", None)]
    assert shelf.questions == ["Delete thing 'Thing'?"]


async def test_a_deletion_whose_answer_was_lost_is_found_by_reading() -> None:
    gone = Shelf({"title": "A"}, failure=LOST, arrives=True)
    there = Shelf({"title": "A"}, failure=LOST)

    report = await delete(gone.target, gone.remove, Manner())
    with pytest.raises(Unavailable, match="Nothing was written"):
        await delete(there.target, there.remove, Manner())

    assert report.outcome == "done"


async def test_a_deletion_of_another_version_is_refused() -> None:
    shelf = Shelf({"title": "A"})

    with pytest.raises(Conflict):
        await delete(shelf.target, shelf.remove, Manner(etag='"0"'))

    assert shelf.sent == []


def test_of_very_many_differences_the_rest_is_counted() -> None:
    properties = {f"p{each:03}": each + 1 for each in range(60)}

    found = differences({}, {"properties": properties})

    assert len(found) == 41
    assert found[-1].after == "20 more fields"


def test_labels_and_texts_are_told_by_name_and_other_lists_as_json() -> None:
    after: Document = {
        "properties": {
            "labels": [{"labelName": "a"}, {"labelName": "b"}],
            "tactics": ["X", "Y"],
            "mixed": [1, {"k": True}],
            "on": True,
            "nothing": {},
        }
    }

    found = {each.field: each.after for each in differences({}, after)}

    assert found == {"labels": "a, b", "tactics": "X, Y", "mixed": '[1, {"k": true}]', "on": "true"}


def test_a_change_at_the_end_of_a_long_text_of_the_same_length_is_one() -> None:
    query = "SigninLogs | where UserPrincipalName == 'ann' " * 20

    found = differences(
        {"properties": {"query": f"{query}| take 1"}}, {"properties": {"query": f"{query}| take 2"}}
    )

    assert [each.field for each in found] == ["query"]


def test_a_list_of_objects_is_told_in_our_spelling() -> None:
    mappings = [{"entityType": "Host", "fieldMappings": [{"columnName": "Computer"}]}]

    found = differences({}, {"properties": {"entityMappings": mappings}})

    assert found[0].after == (
        '[{"entity_type": "Host", "field_mappings": [{"column_name": "Computer"}]}]'
    )
