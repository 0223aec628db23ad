"""Queries through the real LogsQueryClient, over a scripted transport."""

from __future__ import annotations

import asyncio
import json
import logging
import zlib
from typing import Any

import pytest
from azure.core.exceptions import IncompleteReadError, ServiceRequestError
from scripted_transport import Reply, opened, reply, rows_body

from sentinel_mcp.azure.logs import LogsFault, LogsRequest, query_logs, read_metadata
from sentinel_mcp.errors import (
    AccessDenied,
    InputError,
    KqlError,
    NotFound,
    SentinelError,
    Throttled,
    TimedOut,
    Unavailable,
    UnsupportedLocally,
)

MIB = 1024 * 1024
REQUEST = LogsRequest("SigninLogs | take 2", timespan="PT1H")


async def test_a_query_goes_to_the_workspace_with_its_preferences() -> None:
    asked = LogsRequest(
        "T",
        timespan="P1D",
        server_timeout_s=42,
        include_statistics=True,
        include_visualization=True,
        additional_workspaces=("other",),
    )
    async with opened(reply(rows_body([["a"]]))) as azure:
        await query_logs(azure.context, asked, max_bytes=MIB)

    sent = azure.transport.answers[0].request
    assert azure.sent == [
        "POST https://api.loganalytics.io/v1/workspaces/22222222-2222-2222-2222-222222222222/query"
    ]
    assert sent.headers["Prefer"] == "wait=42,include-statistics=true,include-render=true"
    assert sent.headers["Authorization"] == "Bearer token-1"
    assert json.loads(sent.content) == {"query": "T", "timespan": "P1D", "workspaces": ["other"]}
    assert azure.tokens.scopes == ["https://api.loganalytics.io/.default"]
    assert azure.transport.options[0]["read_timeout"] == 57


async def test_cells_statistics_and_visualization_stay_as_azure_sent_them() -> None:
    row: list[object] = [None, "2026-01-01T00:00:00.1234567Z", "NaN", 9007199254740993, '{"a":1}']
    body = rows_body([row], statistics={"query": {"executionTime": 1}}, render={"title": "x"})
    async with opened(reply(body)) as azure:
        answer = await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert answer.tables[0].name == "PrimaryResult"
    assert answer.tables[0].columns[0] == ("c0", "string")
    assert answer.tables[0].rows == [row]
    assert answer.statistics == {"query": {"executionTime": 1}}
    assert answer.visualization == {"title": "x"}
    assert (answer.fault, answer.truncated) == (None, False)
    assert answer.size_bytes == len(json.dumps(body))


async def test_a_partial_error_is_kept_beside_the_rows_it_came_with() -> None:
    inner = {"code": "-2133196797", "message": "The results exceed the limit of 500000 records."}
    error = {
        "code": "PartialError",
        "message": "There were some errors when processing your query.",
        "details": [
            {"code": "EngineError", "message": "Something went wrong.", "innererror": inner}
        ],
    }
    async with opened(reply(rows_body([["a"]], error=error))) as azure:
        answer = await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert answer.tables[0].rows == [["a"]]
    assert answer.fault == LogsFault("EngineError", inner["message"])


async def test_a_byte_cap_within_a_row_keeps_the_complete_rows_and_stops_reading() -> None:
    body = json.dumps(rows_body([["a" * 20, "],["], ["b" * 20, "],["], ["c" * 20, "],["]])).encode()
    cap = body.index(b"ccc")
    pieces = [body[at : at + 10] for at in range(0, len(body), 10)]
    async with opened(Reply(body=pieces)) as azure:
        answer = await query_logs(azure.context, REQUEST, max_bytes=cap)

    sent = azure.transport.answers[0]
    assert answer.truncated
    assert answer.tables[0].rows == [["a" * 20, "],["], ["b" * 20, "],["]]
    assert [name for name, _ in answer.tables[0].columns] == ["c0", "c1"]
    assert sent.is_closed
    assert sent.pieces_read == cap // 10 + 1


async def test_a_row_limit_stops_reading_a_long_answer() -> None:
    body = json.dumps(rows_body([number, "x" * 100] for number in range(20_000))).encode()
    pieces = [body[at : at + 16_384] for at in range(0, len(body), 16_384)]
    async with opened(Reply(body=pieces)) as azure:
        answer = await query_logs(azure.context, REQUEST, max_bytes=64 * MIB, max_rows=10)

    assert answer.truncated
    assert [row[0] for row in answer.tables[0].rows] == list(range(10))
    assert azure.transport.answers[0].pieces_read < len(pieces) / 5


@pytest.mark.parametrize("empty", [Reply(status=204), Reply(status=200)], ids=["204", "200"])
async def test_no_content_is_an_empty_answer(empty: Reply) -> None:
    async with opened(empty) as azure:
        answer = await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert (answer.tables, answer.truncated, answer.size_bytes) == ([], False, 0)


@pytest.mark.parametrize(
    "first",
    [
        Reply(body=[b'{"tables":[{"na'], broken_by=IncompleteReadError("peer closed")),
        Reply(body=[b'{"tables":[{"na'], broken_by=ServiceRequestError("reset")),
        Reply(body=[b'{"tables":[{"name":"t","columns":[],"rows":[["a"],["b"']),
        Reply(body=[b'{"tables":[{"name":"t","columns":[],"rows":["a"]}]}']),
        Reply(body=[b'{"tables":[{"name":"t","rows":[["a"]]}]}']),
        Reply(body=[b"<html>Sign in to the network</html>"]),
        Reply(broken_by=zlib.error("invalid block type")),
        ServiceRequestError("connection reset"),
        reply({}, 503),
    ],
    ids=[
        "incomplete",
        "reset while reading",
        "ends early",
        "rows that are none",
        "no columns",
        "a web page",
        "bad compression",
        "reset",
        "503",
    ],
)
async def test_a_query_whose_answer_is_lost_is_sent_again(first: Reply | Exception) -> None:
    async with opened(first, reply(rows_body([["a"]]))) as azure:
        answer = await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert answer.tables[0].rows == [["a"]]
    assert len(azure.sent) == 2
    assert all(each.is_closed for each in azure.transport.answers)


async def test_a_second_try_is_logged_by_its_own_outcome(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lost = Reply(body=[b'{"tables":['], broken_by=IncompleteReadError("peer closed"))
    async with opened(lost, reply(rows_body([["a"]]))) as azure:
        await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert caplog.text.count("/query -> 200 in") == 2


async def test_a_query_whose_answer_is_lost_twice_is_unavailable() -> None:
    lost = Reply(body=[b'{"tables":['], broken_by=IncompleteReadError("peer closed"))
    async with opened(lost) as azure:
        with pytest.raises(Unavailable, match="before it was complete"):
            await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert len(azure.sent) == 2


async def test_a_query_that_timed_out_at_azure_is_sent_once() -> None:
    async with opened(reply({"error": {"code": "GatewayTimeout", "message": "x"}}, 504)) as azure:
        with pytest.raises(TimedOut, match="in time") as failure:
            await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert len(azure.sent) == 1
    assert "shorter time range" in str(failure.value.hint)


@pytest.mark.parametrize("asked_s", [31, 3600])
async def test_a_long_retry_after_is_handed_on_at_once(asked_s: int) -> None:
    async with opened(reply({}, 429, Retry_After=str(asked_s))) as azure:
        with pytest.raises(Throttled) as failure:
            await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert failure.value.retry_after_s == asked_s
    assert (len(azure.sent), azure.clock.slept) == (1, [])


@pytest.mark.parametrize(
    ("headers", "waited_s"),
    [({"Retry_After": "7"}, 7), ({"x_ms_retry_after_ms": "1500"}, 1.5)],
    ids=["seconds", "milliseconds"],
)
async def test_a_short_retry_after_is_waited_for(headers: dict[str, str], waited_s: float) -> None:
    async with opened(reply({}, 429, **headers), reply(rows_body([["a"]]))) as azure:
        answer = await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert answer.tables[0].rows == [["a"]]
    assert azure.clock.slept == [waited_s]


async def test_throttling_that_does_not_end_stops_within_the_longest_wait() -> None:
    async with opened(reply({}, 429, Retry_After="12")) as azure:
        with pytest.raises(Throttled) as failure:
            await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert azure.clock.slept == [12, 12]
    assert failure.value.retry_after_s == 12


async def test_an_html_page_of_a_proxy_is_unavailable_after_few_attempts() -> None:
    page = Reply(502, [b"<html><body>Bad Gateway</body></html>"], {"Content-Type": "text/html"})
    async with opened(page) as azure:
        with pytest.raises(Unavailable, match="status 502"):
            await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert len(azure.sent) == 4
    assert sum(azure.clock.slept) < 5


async def test_a_refused_token_is_replaced_once_and_the_query_succeeds() -> None:
    refusal = reply({"error": {"code": "AuthenticationFailed", "message": "expired"}}, 401)
    async with opened(refusal, reply(rows_body([["a"]]))) as azure:
        answer = await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert answer.tables[0].rows == [["a"]]
    used = [each.headers["Authorization"] for each in azure.transport.requests]
    assert used == ["Bearer token-1", "Bearer token-2"]
    assert all(each.is_closed for each in azure.transport.answers)


async def test_tokens_that_are_all_refused_are_tried_twice_and_then_reported() -> None:
    async with opened(reply({"error": {"code": "AuthenticationFailed"}}, 401)) as azure:
        with pytest.raises(AccessDenied, match="token") as failure:
            await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert len(azure.sent) == 2
    assert "az login" in str(failure.value.hint)


SYNTAX = {
    "error": {
        "message": "The request had some invalid properties",
        "code": "BadArgumentError",
        "innererror": {
            "code": "SyntaxError",
            "message": "A recognition error occurred in the query.",
            "innererror": {
                "code": "SYN0002",
                "message": "Query could not be parsed at 'tak'",
                "line": 1,
                "pos": 14,
                "token": "tak",
            },
        },
    }
}
SEMANTIC = {
    "error": {
        "code": "BadArgumentError",
        "innererror": {
            "code": "SemanticError",
            "innererror": {"code": "SEM0100", "message": "Failed to resolve column 'x'"},
        },
    }
}


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (reply(SYNTAX, 400), KqlError, "parsed at 'tak' (line 1, position 14)"),
        (reply(SEMANTIC, 400), KqlError, "Failed to resolve column 'x'"),
        (
            reply({"error": {"code": "BadArgumentError", "message": "timespan"}}, 400),
            InputError,
            "BadArgumentError: timespan",
        ),
        (
            reply({"error": {"code": "InsufficientAccessError", "message": "no"}}, 403),
            AccessDenied,
            "Grant the identity `Log Analytics Reader` or `Microsoft Sentinel Reader`",
        ),
        (
            reply({"error": {"code": "InvalidAuthenticationToken", "message": "no"}}, 403),
            AccessDenied,
            "az login",
        ),
        (reply({"error": {"code": "WorkspaceNotFoundError"}}, 404), NotFound, "WorkspaceNotFound"),
        (
            reply(
                {"error": {"code": "UnsupportedLocally", "message": "No geo.", "hint": "Go."}}, 501
            ),
            UnsupportedLocally,
            "No geo. Go.",
        ),
        (reply({"error": {"code": "SemanticError", "message": "in a 200"}}), KqlError, "in a 200"),
    ],
)
async def test_each_refusal_says_what_happened_and_what_to_do(
    answer: Reply, kind: type[SentinelError], said: str
) -> None:
    async with opened(answer) as azure:
        with pytest.raises(kind) as failure:
            await query_logs(azure.context, REQUEST, max_bytes=MIB)

    assert type(failure.value) is kind
    assert said in str(failure.value)


async def test_cancelling_a_query_closes_the_answer_being_read() -> None:
    async with opened(Reply(body=[b'{"tables":[{"name"'], hangs=True)) as azure:
        call = asyncio.create_task(query_logs(azure.context, REQUEST, max_bytes=MIB))
        await azure.transport.hanging.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        assert azure.transport.answers[0].is_closed


async def test_a_query_past_its_deadline_is_ended_and_its_answer_closed() -> None:
    # The grace for connecting and retrying is 60 s, so this deadline is now.
    overdue = LogsRequest("T", server_timeout_s=-60)
    async with opened(Reply(body=[b'{"tables":'], hangs=True)) as azure:
        with pytest.raises(TimedOut):
            await query_logs(azure.context, overdue, max_bytes=MIB)

        assert all(each.is_closed for each in azure.transport.answers)


async def test_other_tasks_run_while_a_large_answer_is_read() -> None:
    body = json.dumps(rows_body([["x" * 50] * 10 for _ in range(5_000)])).encode()
    turns = 0

    async def ticking() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with opened(Reply(body=[body])) as azure:
        ticker = asyncio.create_task(ticking())
        await query_logs(azure.context, REQUEST, max_bytes=64 * MIB)
        ticker.cancel()

    assert turns >= len(body) // (128 * 1024)


async def test_an_answer_whose_first_row_is_over_the_cap_asks_for_less() -> None:
    async with opened(reply(rows_body([["x"]]))) as azure:
        with pytest.raises(Unavailable, match="larger than 20 bytes") as failure:
            await query_logs(azure.context, REQUEST, max_bytes=20)

    assert "project" in str(failure.value.hint)


async def test_text_that_is_no_unicode_is_refused_before_anything_is_sent() -> None:
    async with opened(reply({})) as azure:
        with pytest.raises(InputError, match="Unicode"):
            await query_logs(azure.context, LogsRequest("T | where a == '\ud800'"), max_bytes=MIB)

    assert azure.sent == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply({"error": {"code": "InsufficientAccessError"}}, 403), AccessDenied),
        (Reply(body=[b"<html></html>"]), Unavailable),
        (reply([]), Unavailable),
    ],
    ids=["refused", "a web page", "a list"],
)
async def test_metadata_that_cannot_be_had_is_an_error(
    answer: Reply, kind: type[SentinelError]
) -> None:
    async with opened(answer) as azure:
        with pytest.raises(kind):
            await read_metadata(azure.context)


async def test_metadata_is_returned_as_azure_describes_it() -> None:
    metadata: dict[str, Any] = {
        "tables": [{"name": "Heartbeat", "columns": [{"name": "OSType", "type": "string"}]}],
        "functions": [],
    }
    async with opened(reply(metadata)) as azure:
        found = await read_metadata(azure.context)

    assert found == metadata
    assert azure.sent[0].startswith("GET https://api.loganalytics.io/v1/workspaces/2222")
    assert azure.sent[0].endswith("/metadata")
