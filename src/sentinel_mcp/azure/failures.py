"""Turns whatever Azure or its SDK fails with into one of our errors.

Importing this module imports no Azure package; the classes are looked up when something fails.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from sentinel_mcp.azure.problems import Problem, clean, read_problem, retry_after
from sentinel_mcp.errors import (
    AccessDenied,
    AzureError,
    Conflict,
    InputError,
    KqlError,
    NotFound,
    SentinelError,
    Throttled,
    TimedOut,
    Unavailable,
    UnsupportedLocally,
)

if TYPE_CHECKING:
    from azure.core import exceptions as azure

_BAD_TOKEN = frozenset(
    {"InvalidAuthenticationToken", "ExpiredAuthenticationToken", "AuthenticationFailed"}
)
_BAD_QUERY = re.compile(r"SyntaxError|SemanticError|SYN\d+|SEM\d+")
_SIGN_IN = (
    "Sign in with `az login`, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and a secret, certificate "
    "or managed identity; AZURE_TOKEN_CREDENTIALS chooses one of them."
)
_TRY_AGAIN = "Try again in a minute."


def translated(
    operation: str, *, role: str, grant: str | None = None
) -> AbstractContextManager[None]:
    """Raise our error in place of Azure's, within the block.

    `operation` completes the sentence "Azure could not …"; `role` is the least role that
    suffices for it, several joined by " or ". Where it is granted elsewhere than on the
    workspace's resource group, `grant` is the sentence that says how.
    """
    return _Translation(operation, role, grant)


def refused(
    status: int,
    headers: Mapping[str, str],
    body: object,
    *,
    operation: str,
    role: str,
    grant: str | None = None,
) -> SentinelError:
    """Return the error for an answer of Azure that is not a success."""
    return _Refusal(status, headers, read_problem(body), operation, role, grant).error()


class _Translation(AbstractContextManager[None]):
    def __init__(self, operation: str, role: str, grant: str | None) -> None:
        self._operation = operation
        self._role = role
        self._grant = grant

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not isinstance(error, Exception) or isinstance(error, SentinelError):
            return
        if translation := _translation(error, self._operation, self._role, self._grant):
            raise translation from error


def _translation(
    error: Exception, operation: str, role: str, grant: str | None
) -> SentinelError | None:
    from azure.core import exceptions as azure

    match error:
        case (
            TimeoutError()
            | azure.ServiceRequestTimeoutError()
            | azure.ServiceResponseTimeoutError()
        ):
            return TimedOut(f"Azure did not {operation} in time.", hint=_TRY_AGAIN)
        case azure.HttpResponseError():
            return _from_response(error, operation, role, grant)
        case azure.ServiceRequestError() | azure.ServiceResponseError() | ConnectionError():
            return Unavailable(
                f"Azure could not be reached to {operation}: {clean(str(error))}",
                hint="Check the network, the proxy settings and SENTINEL_CLOUD; then try again.",
            )
        case azure.SerializationError():
            return InputError(
                f"An argument cannot be sent to {operation}: {clean(str(error))}",
                hint="Check the types of the arguments.",
            )
        case azure.StreamConsumedError() | azure.StreamClosedError() | azure.ResponseNotReadError():
            return _unreadable(operation)
        case azure.DeserializationError() | json.JSONDecodeError() | UnicodeDecodeError():
            return _unreadable(operation)
        case zlib.error():
            return _unreadable(operation)
        case azure.AzureError():
            return AzureError(f"Azure could not {operation}: {clean(str(error))}", hint=_TRY_AGAIN)
        case _:
            return None


def _from_response(
    error: azure.HttpResponseError, operation: str, role: str, grant: str | None
) -> SentinelError:
    from azure.core import exceptions as azure

    if isinstance(error, azure.ClientAuthenticationError) and _is_of_identity(error):
        return _not_signed_in(error, operation)
    match error:
        case azure.IncompleteReadError():
            return Unavailable(
                f"The connection ended before Azure's answer to {operation} was complete.",
                hint=_TRY_AGAIN,
            )
        case azure.DecodeError() | azure.TooManyRedirectsError():
            return _unreadable(operation)
        case _:
            status = error.status_code or _status_of(error)
            headers, problem = _headers(error), _problem(error)
            return _Refusal(status, headers, problem, operation, role, grant).error()


def _status_of(error: azure.HttpResponseError) -> int:
    """Return the status that a class stands for, for errors of it without a response."""
    from azure.core import exceptions as azure

    match error:
        case azure.ClientAuthenticationError():
            return 401
        case azure.ResourceNotFoundError():
            return 404
        case azure.ResourceExistsError():
            return 409
        case azure.ResourceModifiedError():
            return 412
        case _:
            return 0


def _is_of_identity(error: azure.ClientAuthenticationError) -> bool:
    return error.response is None or "AADSTS" in error.message


def _not_signed_in(error: azure.ClientAuthenticationError, operation: str) -> AccessDenied:
    from azure.identity import CredentialUnavailableError

    if isinstance(error, CredentialUnavailableError):
        return AccessDenied(f"There is no identity to {operation} with.", hint=_SIGN_IN)
    # Only the code and its sentence: the whole message lists what was tried, and trace ids.
    found = re.search(r"AADSTS\d+:[^.\n]*\.?", error.message)
    said = clean(found[0] if found else error.message.split("\n")[0])
    return AccessDenied(f"The identity could not sign in to {operation}: {said}", hint=_SIGN_IN)


def _headers(error: azure.HttpResponseError) -> Mapping[str, str]:
    return getattr(error.response, "headers", {})


def _problem(error: azure.HttpResponseError) -> Problem:
    from azure.core.exceptions import ResponseNotReadError

    # Proxies answer with HTML, and a streamed answer may not have been read.
    with suppress(ValueError, ResponseNotReadError):
        if error.response is not None:
            return read_problem(json.loads(error.response.text()))
    return Problem()


def _unreadable(operation: str) -> Unavailable:
    return Unavailable(
        f"Azure's answer to {operation} cannot be read.",
        hint="Something between here and Azure may have answered instead. " + _TRY_AGAIN,
    )


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An answer of Azure that is not a success, on its way to becoming an error."""

    status: int
    headers: Mapping[str, str]
    problem: Problem
    operation: str
    role: str
    grant: str | None = None

    def error(self) -> SentinelError:
        if "UnsupportedLocally" in self.problem.codes:
            return UnsupportedLocally(self.problem.message, hint=self.problem.hint)
        if self.status == 401 or _BAD_TOKEN.intersection(self.problem.codes):
            return AccessDenied(
                f"Azure did not accept the token to {self.operation}{self._why()}", hint=_SIGN_IN
            )
        match self.status:
            case 403:
                return self._lacks_role()
            case 404 | 410:
                return NotFound(
                    f"Azure could not {self.operation}{self._why()}",
                    hint=self.problem.hint or "Take the name or id from a list of what there is.",
                )
            case 408 | 504:
                return TimedOut(
                    f"Azure did not {self.operation} in time{self._why()}",
                    hint="Ask for less: a shorter time range, fewer tables, or an earlier filter.",
                )
            case 409 | 412 | 423:
                return self._conflict()
            case 429:
                return self._throttled()
            case status if status >= 500:
                return Unavailable(
                    f"Azure could not {self.operation}, status {status}{self._why()}",
                    hint=_TRY_AGAIN,
                )
            case status if status in (400, 405, 413, 414, 416, 422):
                return self._bad_request()
            case status:
                return AzureError(
                    f"Azure could not {self.operation}, status {status}{self._why()}",
                    hint=self.problem.hint,
                )

    def _why(self) -> str:
        said = [self.problem.code, self.problem.message]
        return "".join(f": {each}" for each in said if each).removesuffix(".") + "."

    def _lacks_role(self) -> AccessDenied:
        roles = " or ".join(f"`{each}`" for each in self.role.split(" or "))
        return AccessDenied(
            f"Azure refused to {self.operation}{self._why()}",
            hint=self.grant or f"Grant the identity {roles} on the workspace's resource group.",
        )

    def _conflict(self) -> SentinelError:
        if "MissingSubscriptionRegistration" in self.problem.codes:
            return AzureError(
                f"Azure could not {self.operation}{self._why()}",
                hint="An owner of the subscription registers the provider once: "
                "`az provider register`.",
            )
        return Conflict(
            f"Azure could not {self.operation}{self._why()}",
            hint="Read it again, then repeat the change on what it is now.",
        )

    def _throttled(self) -> Throttled:
        after_s = retry_after(self.headers)
        return Throttled(
            f"Azure asks to slow down and did not {self.operation}.",
            hint=_TRY_AGAIN if after_s is None else f"Try again in {after_s:.0f} s.",
            retry_after_s=after_s,
        )

    def _bad_request(self) -> InputError:
        said = self.problem.message or f"status {self.status}"
        if any(_BAD_QUERY.fullmatch(code) for code in self.problem.codes):
            where = ""
            if self.problem.line is not None:
                where = f" (line {self.problem.line}, position {self.problem.position})"
            return KqlError(
                f"The query cannot run: {said}{where}",
                hint="Check it with `validate_query`; `get_table` shows a table's columns.",
            )
        return InputError(
            f"Azure could not {self.operation}{self._why()}",
            hint=self.problem.hint or "Change the arguments that Azure names.",
        )
