"""What the pipeline lets through, sends again and logs, seen through the real SDK clients."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from azure.core.exceptions import ServiceRequestError, ServiceResponseTimeoutError
from azure.core.rest import HttpRequest
from hypothesis import given
from hypothesis import strategies as st
from scripted_transport import WORKSPACE, Reply, Tokens, opened, reply

from sentinel_mcp.azure.failures import translated
from sentinel_mcp.errors import (
    AccessDenied,
    AzureError,
    Conflict,
    ReadOnly,
    SentinelError,
    Throttled,
    Unavailable,
)
from sentinel_mcp.local.services.operations import operations

INCIDENT = {"name": "i1", "properties": {"title": "Phish"}}
WS = WORKSPACE.resource_id
SI = f"{WS}/providers/Microsoft.SecurityInsights"
ARM = "https://management.azure.com"
NAMES = (WORKSPACE.resource_group, WORKSPACE.workspace_name)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/next",
        "http://management.azure.com/next",
        "https://management.azure.com.evil.example/next",
        "https://management.azure.com@evil.example/next",
        "https://evil.example\\@management.azure.com/next",
        "https://management.azure.com:444/next",
        "https://api.loganalytics.io/next",
        "https://[::1/next",
    ],
)
async def test_a_continuation_link_to_another_place_gets_no_request_and_no_token(link: str) -> None:
    tokens = Tokens()
    async with opened(reply({"value": [INCIDENT], "nextLink": link}), tokens=tokens) as azure:
        pages = azure.context.security_insights_client.incidents.list(*NAMES).by_page()
        await anext(pages)
        with pytest.raises((AzureError, ValueError)):
            await anext(pages)

    assert len(azure.sent) == 1
    assert tokens.scopes == [f"{ARM}/.default"]


async def test_a_continuation_link_to_the_same_place_is_followed() -> None:
    first = reply({"value": [INCIDENT], "nextLink": f"{ARM}{SI}/incidents?$skipToken=a"})
    async with opened(first, reply({"value": []})) as azure:
        listed = azure.context.security_insights_client.incidents.list(*NAMES)
        assert [item.name async for item in listed] == ["i1"]

    assert len(azure.sent) == 2


WRITES = [
    ("PUT", f"{SI}/incidents/i1"),
    ("PATCH", f"{SI}/incidents/i1"),
    ("DELETE", f"{SI}/incidents/i1"),
    ("POST", f"{SI}/incidents/i1/runPlaybook"),
    ("POST", f"{SI}/sourcecontrols/s1/delete"),
    ("POST", f"{SI}/sourcecontrols/query"),
    ("POST", f"{SI}/incidents/i1/delete/../alerts"),
    ("POST", f"{SI}/sourcecontrols/s1/delete;/incidents/i1/alerts"),
    ("POST", f"{SI}/incidents/i1%2f..%2f..%2fsourcecontrols/alerts"),
    ("POST", f"{SI}/sourcecontrols/s1/delete%3f{SI}/incidents/i1/alerts"),
    ("POST", f"{SI}/sourcecontrols/s1/delete?x=/incidents/i1/alerts"),
    ("POST", f"{SI}/sourcecontrols/s1/delete#/incidents/i1/alerts"),
    ("POST", f"{WS}/sharedKeys"),
    ("POST", f"{WS}/purge"),
    ("POST", "/subscriptions/s/providers/Microsoft.SecurityInsights/register"),
]
READS = [
    ("GET", f"{SI}/incidents"),
    ("HEAD", f"{SI}/incidents/i1"),
    ("POST", f"{SI}/incidents/i1/alerts"),
    ("POST", f"{SI.lower()}/Incidents/i1/ENTITIES"),
    ("POST", f"{SI}/incidents/i1/bookmarks"),
    ("POST", f"{SI}/threatIntelligence/main/query"),
    ("POST", f"{SI}/threatIntelligence/main/count"),
    ("POST", f"{SI}/threatIntelligence/main/queryIndicators"),
    ("POST", "/providers/Microsoft.ResourceGraph/resources"),
]


@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_a_write_is_refused_in_read_only_mode_and_nothing_is_sent(
    method: str, path: str
) -> None:
    tokens = Tokens()
    async with opened(reply({}), tokens=tokens) as azure:
        with pytest.raises(ReadOnly) as failure:
            await azure.context.security_insights_client.send_request(
                HttpRequest(method, ARM + path)
            )

    assert (azure.sent, tokens.scopes) == ([], [])
    assert "SENTINEL_ALLOW_WRITES" in str(failure.value.hint)


@pytest.mark.parametrize(("method", "path"), READS)
async def test_a_read_passes_in_read_only_mode(method: str, path: str) -> None:
    async with opened(reply({})) as azure:
        await azure.context.security_insights_client.send_request(HttpRequest(method, ARM + path))

    assert len(azure.sent) == 1


async def test_a_read_that_asks_to_be_taken_for_a_write_is_refused() -> None:
    request = HttpRequest(
        "GET", f"{ARM}{SI}/incidents/i1", headers={"X-HTTP-Method-Override": "DELETE"}
    )
    async with opened(reply({})) as azure:
        with pytest.raises(ReadOnly):
            await azure.context.security_insights_client.send_request(request)

    assert azure.sent == []


async def test_the_sdks_own_write_methods_are_refused_and_pass_when_writes_are_on() -> None:
    async with opened(reply({})) as azure:
        with pytest.raises(ReadOnly):
            await azure.context.security_insights_client.incidents.delete(*NAMES, "i1")
    async with opened(reply({}), read_only=False) as writable:
        await writable.context.security_insights_client.incidents.delete(*NAMES, "i1")

    assert azure.sent == []
    assert [each.split(" ")[0] for each in writable.sent] == ["DELETE"]


async def test_a_read_never_registers_a_resource_provider_on_its_own() -> None:
    body = {"error": {"code": "MissingSubscriptionRegistration", "message": "not registered"}}
    async with opened(reply(body, 409), read_only=False) as azure:
        with (
            pytest.raises(AzureError, match="not registered") as failure,
            translated("read the incident", role="Microsoft Sentinel Reader"),
        ):
            await azure.context.security_insights_client.incidents.get(*NAMES, "i1")

    assert [each.split(" ")[0] for each in azure.sent] == ["GET"]
    assert "az provider register" in str(failure.value.hint)
    assert not isinstance(failure.value, Conflict)


async def put(azure: Any) -> None:
    with translated("update the incident", role="Microsoft Sentinel Responder"):
        await azure.context.security_insights_client.incidents.create_or_update(
            *NAMES, "i1", INCIDENT
        )


async def playbook(azure: Any) -> None:
    with translated("run the playbook", role="Microsoft Sentinel Playbook Operator"):
        await azure.context.security_insights_client.incidents.run_playbook(*NAMES, "i1")


async def get(azure: Any) -> None:
    with translated("read the incident", role="Microsoft Sentinel Reader"):
        await azure.context.security_insights_client.incidents.get(*NAMES, "i1")


RESET = ServiceRequestError("reset")
UNTRUSTED = ServiceRequestError("x", error=ssl.SSLCertVerificationError("self-signed"))


@pytest.mark.parametrize(
    ("call", "fault", "kind", "times"),
    [
        (get, reply({}, 500), Unavailable, 4),
        (get, reply({}, 504), Unavailable, 4),
        (get, RESET, Unavailable, 4),
        (get, ServiceResponseTimeoutError("x"), Unavailable, 1),
        (get, UNTRUSTED, Unavailable, 1),
        (get, reply({}, 400), SentinelError, 1),
        (get, reply({}, 403), AccessDenied, 1),
        (get, reply({}, 429), Throttled, 4),
        (put, reply({}, 503), Unavailable, 4),
        (put, reply({}, 409), Conflict, 1),
        (playbook, reply({}, 503), Unavailable, 1),
        (playbook, RESET, Unavailable, 1),
        (playbook, reply({}, 429), Throttled, 4),
    ],
)
async def test_only_what_is_safe_to_repeat_is_sent_again(
    call: Any, fault: Reply | Exception, kind: type[SentinelError], times: int
) -> None:
    async with opened(fault, read_only=False) as azure:
        with pytest.raises(kind):
            await call(azure)

    assert len(azure.sent) == times
    assert len(azure.clock.slept) == times - 1
    assert sum(azure.clock.slept) < 5


async def test_a_credential_without_another_token_makes_the_first_401_stand() -> None:
    async with opened(reply({"error": {"code": "x"}}, 401), tokens=Tokens(same=True)) as azure:
        with pytest.raises(AccessDenied):
            await get(azure)

    assert len(azure.sent) == 1


async def test_the_log_names_neither_tokens_queries_nor_names(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened(reply({"value": []})) as azure:
        client = azure.context.security_insights_client
        await client.incidents.get(*NAMES, "alice@example.com")
        assert [x async for x in client.incidents.list(*NAMES, filter="title eq 'secret'")] == []

    written = caplog.text
    assert "GET management.azure.com/subscriptions/{}/resourceGroups/{}/providers/" in written
    assert "incidents/{} -> 200 in" in written
    for hidden in ("alice", "secret", "token-1", "Phish", WORKSPACE.subscription_id):
        assert hidden not in written


async def test_a_request_that_fails_is_logged_by_the_kind_of_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with opened(ServiceResponseTimeoutError("x")) as azure:
        with pytest.raises(Unavailable):
            await get(azure)

    assert "incidents/{} -> ServiceResponseTimeoutError in" in caplog.text


ANSWERED = [each for each in operations() if each.area]
NAME = re.compile(r"{[^}]*}")
# Nothing that says what it is may be logged, be it a name, an address or part of a path.
hostile = st.text(min_size=1, max_size=30).filter(
    lambda text: text.strip(".") != ""
) | st.sampled_from(
    [
        "alice@example.com",
        "4111 1111",
        "bearer x",
        "incidents%2Falerts",
        "Microsoft.Secret",
        "é\n->",
    ]
)


class Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@given(operation=st.sampled_from(ANSWERED), names=st.lists(hostile, min_size=8, max_size=8))
async def test_whatever_a_resource_is_called_the_log_names_only_its_kind(
    operation: Any, names: list[str]
) -> None:
    def filled() -> Iterator[str]:
        for part in NAME.split(operation.path):
            yield from (part, quote(next(given_names), safe=""))

    given_names = iter([*names, *names])
    path = "".join([*filled()][:-1])
    handler, logger = Lines(), logging.getLogger("sentinel_mcp.azure.policies")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        async with opened(reply({}), read_only=False) as azure:
            request = HttpRequest(operation.method, f"{ARM}{path}?name={quote(names[0])}")
            await azure.context.security_insights_client.send_request(request)
    finally:
        logger.removeHandler(handler)

    [line] = handler.lines
    assert re.fullmatch(r"(\w+) [\w.]+(/\S*) -> 200 in \d+ ms \(request [\w-]+\)", line)
    spelt = set(line.split(" ")[1].split("/")[1:])
    assert spelt <= {"{}", *NAME.sub("{}", operation.path).split("/")}
