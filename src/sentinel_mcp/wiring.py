"""How a tool gets its service, tells its caller of progress, and asks them to agree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar, cast

from fastmcp.dependencies import CurrentContext
from fastmcp.server.context import Context
from mcp.types import (
    ClientCapabilities,
    ElicitationCapability,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)

from sentinel_mcp.errors import ConfirmationNeeded, Declined
from sentinel_mcp.tasks.manager import TaskInfo, utc_now

T = TypeVar("T")

SERVICES = "services"
"""Key of the lifespan's result under which the services are, by type."""


def service(kind: type[T]) -> Callable[..., T]:
    """Return the dependency that looks `kind` up.

    Only a look-up: what is raised inside a dependency reaches the caller as a RuntimeError of
    the framework, so whatever can fail has failed at the start.
    """

    def find(context: Context = CurrentContext()) -> T:  # noqa: B008 FastMCP's convention
        services = cast("Mapping[type, object]", context.lifespan_context[SERVICES])
        # The server registers each service under its own type.
        return cast("T", services[kind])

    return find


def progress_to(context: Context) -> Callable[[TaskInfo], Awaitable[None]]:
    """Return a watcher that sends a task's state to the caller as progress notifications.

    The unit is seconds since the start, unless the work reports its own.
    """

    async def tell(info: TaskInfo) -> None:
        elapsed_s = (utc_now() - info.start_time).total_seconds()
        await context.report_progress(
            progress=elapsed_s if info.total is None else info.progress or 0,
            total=info.total,
            message=f"{info.name}: {info.message or info.status}, {elapsed_s:.0f} s",
        )

    return tell


def steps_to(context: Context, what: str) -> Callable[[int, int], Awaitable[None]]:
    """Return what tells the caller how many of `what` are done, of how many."""

    async def tell(done: int, total: int) -> None:
        await context.report_progress(done, total, f"{done} of {total} {what}")

    return tell


class InputNeeded(Exception):
    """Ends a call whose answer is a question to the user; the client then calls again."""

    def __init__(self, asked: InputRequiredResult) -> None:
        super().__init__("the user is asked")
        self.asked = asked


def approval(context: Context, *, confirm: bool) -> Callable[[str], Awaitable[None]]:
    """Return what asks the user to agree to a change.

    A client that can ask its user is made to, whatever `confirm` says; of any other, `confirm`
    is the user's word.

    Raises (when it is awaited):
        ConfirmationNeeded: nobody can be asked, and `confirm` is not set.
        Declined: the user said no.

    """

    async def approve(question: str) -> None:
        if not _can_ask(context):
            if not confirm:
                raise ConfirmationNeeded(
                    question,
                    hint="Show the user what would change (`dry_run`); when they agree, call "
                    "again with confirm=true.",
                )
        elif not await _agrees(context, question):
            raise Declined(f"The user did not agree: {question}", hint="Nothing was written.")

    return approve


_ANSWER = "agree"
_MODERN = "2026-07-28"
"""From this version on a server asks by ending the call, and is called again with the answer."""


def _can_ask(context: Context) -> bool:
    return context.session.check_client_capability(
        ClientCapabilities(elicitation=ElicitationCapability())
    )


async def _agrees(context: Context, question: str) -> bool:
    request = context.request_context
    if request is None or request.protocol_version < _MODERN:
        answer = await context.elicit(question, bool, response_title="Do it?")
        return answer.action == "accept" and answer.data is True
    answered = (context.input_responses or {}).get(_ANSWER)
    # The state is the question that was answered: if what would be changed has changed since,
    # it is another question, and is asked anew.
    if isinstance(answered, ElicitResult) and context.request_state == question:
        return answered.action == "accept" and (answered.content or {}).get("value") is True
    schema = {
        "type": "object",
        "properties": {"value": {"type": "boolean", "title": "Do it?"}},
        "required": ["value"],
    }
    asked = ElicitRequest(params=ElicitRequestFormParams(message=question, requested_schema=schema))
    raise InputNeeded(InputRequiredResult(input_requests={_ANSWER: asked}, request_state=question))
