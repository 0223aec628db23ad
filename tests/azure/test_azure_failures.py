"""Every failure of Azure and its SDK has one of our errors, and none of them tells secrets."""

from __future__ import annotations

import asyncio
import inspect
import json
import zlib

import pytest
from azure.core import exceptions as azure
from azure.core.rest import HttpRequest
from azure.identity import CredentialUnavailableError
from scripted_transport import Answer, Reply, Tokens, opened, reply

from sentinel_mcp.azure.failures import translated
from sentinel_mcp.azure.problems import retry_after
from sentinel_mcp.errors import (
    AccessDenied,
    AzureError,
    Conflict,
    InputError,
    NotFound,
    SentinelError,
    Throttled,
    TimedOut,
    Unavailable,
)

ROLE = "Microsoft Sentinel Reader"
GET = HttpRequest("GET", "https://management.azure.com/x?sig=s3cret")
NO_BODY = Answer(GET, Reply(), asyncio.Event())

EXPECTED: dict[type[Exception], type[SentinelError]] = {
    azure.AzureError: AzureError,
    azure.ServiceRequestError: Unavailable,
    azure.ServiceResponseError: Unavailable,
    azure.ServiceRequestTimeoutError: TimedOut,
    azure.ServiceResponseTimeoutError: TimedOut,
    azure.HttpResponseError: AzureError,
    azure.DecodeError: Unavailable,
    azure.IncompleteReadError: Unavailable,
    azure.ResourceExistsError: Conflict,
    azure.ResourceNotFoundError: NotFound,
    azure.ClientAuthenticationError: AccessDenied,
    azure.ResourceModifiedError: Conflict,
    azure.ResourceNotModifiedError: AzureError,
    azure.TooManyRedirectsError: Unavailable,
    azure.ODataV4Error: AzureError,
    azure.StreamConsumedError: Unavailable,
    azure.StreamClosedError: Unavailable,
    azure.ResponseNotReadError: Unavailable,
    azure.SerializationError: InputError,
    azure.DeserializationError: Unavailable,
    CredentialUnavailableError: AccessDenied,
    TimeoutError: TimedOut,
    ConnectionResetError: Unavailable,
    zlib.error: Unavailable,
}
TAKING_A_RESPONSE = (
    azure.ODataV4Error,
    azure.StreamConsumedError,
    azure.StreamClosedError,
    azure.ResponseNotReadError,
)


def of(kind: type[Exception]) -> Exception:
    if kind in TAKING_A_RESPONSE:
        return kind(NO_BODY)
    return kind([] if kind is azure.TooManyRedirectsError else "it failed")


def test_every_exception_of_azure_core_has_an_expectation() -> None:
    found = {
        kind
        for _, kind in inspect.getmembers(azure, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == azure.__name__
    }

    assert found - set(EXPECTED) == set()


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_every_failure_becomes_one_of_ours(kind: type[Exception]) -> None:
    with pytest.raises(SentinelError) as failure, translated("list incidents", role=ROLE):
        raise of(kind)

    assert type(failure.value) is EXPECTED[kind]
    assert isinstance(failure.value.__cause__, kind)
    assert "list incidents" in failure.value.message


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, AzureError),
        (400, InputError),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, NotFound),
        (408, TimedOut),
        (409, Conflict),
        (410, NotFound),
        (412, Conflict),
        (413, InputError),
        (418, AzureError),
        (422, InputError),
        (423, Conflict),
        (429, Throttled),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, TimedOut),
    ],
)
async def test_a_status_becomes_an_error_with_azures_words_for_it(
    status: int, kind: type[SentinelError]
) -> None:
    body = {"error": {"code": "TheCode", "message": "The words."}}
    async with opened(reply(body, status)) as opened_azure:
        client = opened_azure.context.security_insights_client
        with pytest.raises(SentinelError) as failure, translated("read it", role=ROLE):
            await client.incidents.get("g", "w", "i1")

    assert type(failure.value) is kind
    if kind is not Throttled:
        assert "TheCode: The words." in failure.value.message
    if status == 403:
        assert "`Microsoft Sentinel Reader`" in str(failure.value.hint)


async def test_an_html_page_with_status_200_is_unavailable() -> None:
    async with opened(Reply(200, [b"<html>Sign in to the network</html>"])) as opened_azure:
        client = opened_azure.context.security_insights_client
        with pytest.raises(Unavailable, match="cannot be read"), translated("read it", role=ROLE):
            await client.incidents.get("g", "w", "i1")


SIGN_IN = (
    "AADSTS7000215: Invalid client secret provided. Trace ID: 1 Correlation ID: 2\n"
    "To mitigate this issue, see the troubleshooting guidelines"
)


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (CredentialUnavailableError("EnvironmentCredential: no variables"), "no identity"),
        (azure.ClientAuthenticationError(SIGN_IN), "Invalid client secret provided."),
        (azure.ClientAuthenticationError("DefaultAzureCredential failed\nCLI: x"), "DefaultAzure"),
    ],
)
async def test_a_failed_sign_in_says_how_to_sign_in_and_sends_nothing(
    refusal: Exception, said: str
) -> None:
    async with opened(reply({}), tokens=Tokens(refusal=refusal)) as opened_azure:
        client = opened_azure.context.security_insights_client
        with pytest.raises(AccessDenied, match=said) as failure, translated("read", role=ROLE):
            await client.incidents.get("g", "w", "i1")

    assert "az login" in str(failure.value.hint)
    assert "Trace ID" not in str(failure.value)
    assert opened_azure.sent == []


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJ4In0.c2lnbmF0dXJl",
        "Bearer abcdef0123456789",
        "https://management.azure.com/x?$skipToken=abcdef0123456789&sig=zzz",
        "client_secret=abcdef0123456789",
        "AccountKey=abcdef0123456789;EndpointSuffix=core",
    ],
)
async def test_secrets_in_azures_words_are_not_passed_on(secret: str) -> None:
    body = {"error": {"code": "x", "message": f"Refused {secret} here\n\tand {'now ' * 500}"}}
    async with opened(reply(body, 400)) as opened_azure:
        client = opened_azure.context.security_insights_client
        with pytest.raises(InputError) as failure, translated("read", role=ROLE):
            await client.incidents.get("g", "w", "i1")

    said = json.dumps(failure.value.as_dict())
    assert "abcdef0123456789" not in said
    assert "eyJ" not in said
    assert "Refused" in said
    assert len(failure.value.message) < 700
    assert "\n" not in failure.value.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "12"}, 12),
        ({"retry-after": "0"}, 0),
        ({"Retry-After-Ms": "250", "Retry-After": "12"}, 0.25),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
def test_the_time_to_come_back_is_read_in_each_form_it_comes_in(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers) == seconds


def test_our_own_errors_and_bugs_pass_unchanged() -> None:
    ours = NotFound("There is none.")
    with pytest.raises(NotFound) as failure, translated("read", role=ROLE):
        raise ours
    assert failure.value is ours

    with pytest.raises(ZeroDivisionError), translated("read", role=ROLE):
        raise ZeroDivisionError
