"""Every failure a caller can see.

* SentinelError
  x ConfigError          a setting is missing or contradicts another
  x InputError           the caller fixes it by changing an argument
    + KqlError           the query does not parse or bind
    + QueryRefused       the guard does not let this query run
    + NotFound           no such thing in this workspace
    + ConfirmationNeeded the user has to agree to this change first
  x AzureError           Azure answered, and the answer was no
    + AccessDenied       401/403; the hint names the least role that suffices
    + Conflict           the thing changed since it was read
    + Throttled          429; carries when to try again
  x Unavailable          no usable answer: connection, 5xx, unreadable body
    + TimedOut           the deadline passed, here or at Azure
  x Busy                 too much is waiting already
  x ReadOnly             a write, while writes are off
  x Declined             the user was asked, and said no
  x UnsupportedLocally   the embedded workspace does not have this
  x StoreCorrupt         the embedded workspace's file cannot be read
"""

from __future__ import annotations

from typing import ClassVar


class SentinelError(Exception):
    """A failure with a stable code, for programs, and a remedy, for the reader."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def as_dict(self) -> dict[str, object]:
        """Return the error as a tool answers with it."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
        }


class ConfigError(SentinelError):
    """A setting is missing or contradicts another."""

    code = "config"


class InputError(SentinelError):
    """The caller fixes it by changing an argument."""

    code = "invalid_input"


class KqlError(InputError):
    """The query does not parse or bind; the message gives line and column."""

    code = "invalid_query"


class QueryRefused(InputError):
    """The query is sound KQL, and the guard does not let it run."""

    code = "query_refused"


class NotFound(InputError):
    """No such thing in this workspace."""

    code = "not_found"


class ConfirmationNeeded(InputError):
    """The user has to agree to this change first, and the client cannot ask them."""

    code = "confirmation_needed"


class AzureError(SentinelError):
    """Azure answered, and the answer was no."""

    code = "azure_error"


class AccessDenied(AzureError):
    """The identity lacks a role; the hint names the least one that suffices."""

    code = "access_denied"


class Conflict(AzureError):
    """The thing was changed by somebody else since it was read."""

    code = "conflict"


class Throttled(AzureError):
    """Azure asks to slow down; `retry_after_s` says for how long, where Azure does."""

    code = "throttled"
    retryable = True

    def __init__(
        self, message: str, *, hint: str | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s

    def as_dict(self) -> dict[str, object]:
        """Return the error as a tool answers with it, with the time to come back."""
        return {**super().as_dict(), "retry_after_s": self.retry_after_s}


class Unavailable(SentinelError):
    """There is no usable answer: no connection, a server error or an unreadable body."""

    code = "unavailable"
    retryable = True


class TimedOut(Unavailable):
    """The deadline passed, here or at Azure."""

    code = "timeout"


class Busy(SentinelError):
    """Too much is waiting already; nothing was started."""

    code = "busy"
    retryable = True


class Declined(SentinelError):
    """The user was asked, and said no."""

    code = "declined"


class ReadOnly(SentinelError):
    """A write was attempted while writes are off; no request was sent."""

    code = "read_only"


class UnsupportedLocally(SentinelError):
    """The embedded workspace does not have this; Azure might."""

    code = "unsupported_locally"


class StoreCorrupt(SentinelError):
    """The embedded workspace's file cannot be read."""

    code = "store_corrupt"
