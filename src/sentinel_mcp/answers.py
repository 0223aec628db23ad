"""What every answer of the server has in common: failures and warnings, in one shape each."""

from __future__ import annotations

import difflib
import logging

import fastmcp.exceptions
from fastmcp.exceptions import ToolError
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext
from fastmcp.tools import InputRequiredToolResult, ToolResult
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolRequestParams, TextContent
from pydantic import ValidationError

from sentinel_mcp.azure.context import ServiceNotices
from sentinel_mcp.errors import InputError, SentinelError, TimedOut
from sentinel_mcp.wiring import InputNeeded

_FRAMEWORK_LOGGERS = ("fastmcp.server.server", "fastmcp.tools.function_tool")


class Failures(Middleware):
    """Turns what a tool raised into an `isError` answer with a code and a remedy.

    The error goes into `meta`, not into the structured content: clients validate that against
    the tool's output schema even when the answer is an error.
    """

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Answer with the failure, if it is one that a caller can understand."""
        try:
            return await call_next(context)
        except fastmcp.exceptions.ValidationError as error:
            if not isinstance(cause := error.__cause__, ValidationError):
                raise
            return _answer(await _input_error(cause, context))
        except ToolError as error:
            # FastMCP has already wrapped, and masked, whatever the tool raised.
            match error.__cause__:
                case SentinelError() as cause:
                    return _answer(cause)
                case InputNeeded() as cause:
                    return InputRequiredToolResult(cause.asked)
                case MCPError() as cause if "timed out" in str(cause):
                    return _answer(
                        TimedOut(
                            f"{context.message.name} took longer than this tool may.",
                            hint="Narrow the question, or run it as a task with `start_query`.",
                        )
                    )
                case _:
                    raise


class ServiceWarnings(Middleware):
    """Puts what the service says for people to read into the `warnings` of every answer."""

    def __init__(self, notices: ServiceNotices) -> None:
        self._notices = notices

    async def on_call_tool(
        self,
        context: MiddlewareContext[CallToolRequestParams],
        call_next: CallNext[CallToolRequestParams, ToolResult],
    ) -> ToolResult:
        """Answer as the tool does, with the warnings."""
        result = await call_next(context)
        if isinstance(result, InputRequiredToolResult) or not self._notices.texts:
            return result
        texts = list(self._notices.texts)
        found = result.structured_content
        if found is None:
            # An error: its structure is in `meta`.
            blocks = [TextContent(type="text", text=f"Warning: {each}") for each in texts]
            meta = {**(result.meta or {}), "warnings": texts}
            content = [*result.content, *blocks]
            return ToolResult(content=content, meta=meta, is_error=result.is_error)
        told = {**found, "warnings": [*texts, *found.get("warnings", [])]}
        return ToolResult(
            content=told, structured_content=told, meta=result.meta, is_error=result.is_error
        )


def _answer(error: SentinelError) -> ToolResult:
    return ToolResult(content=str(error), meta={"error": error.as_dict()}, is_error=True)


async def _input_error(
    error: ValidationError, context: MiddlewareContext[CallToolRequestParams]
) -> InputError:
    """Tell the first wrong argument in a sentence, and the nearest name for an unknown one."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    known = await _arguments(context)
    if first["type"] == "unexpected_keyword_argument":
        near = difflib.get_close_matches(where, known, n=1)
        return InputError(
            f"There is no argument {where!r}.",
            hint=(f"Did you mean {near[0]!r}? " if near else "")
            + f"Arguments of {context.message.name}: {', '.join(known)}.",
        )
    if first["type"] in ("missing_argument", "missing"):
        return InputError(f"The argument {where!r} is missing.", hint="It has no default.")
    more = error.error_count() - 1
    return InputError(
        f"Argument {where!r}: {first['msg']}.",
        hint=f"{more} more arguments are wrong too." if more else None,
    )


async def _arguments(context: MiddlewareContext[CallToolRequestParams]) -> list[str]:
    if context.fastmcp_context is None:
        return []
    tool = await context.fastmcp_context.fastmcp.get_tool(context.message.name)
    return sorted(tool.parameters.get("properties", {})) if tool else []


class _Expected(logging.Filter):
    """Drops the framework's log records of failures that the caller is told anyway."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg == "Invalid arguments for tool %r: %s":
            return False
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, SentinelError | MCPError | InputNeeded)


def quieten_framework() -> None:
    """Keep the framework from logging a traceback for every error that is an answer."""
    for name in _FRAMEWORK_LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, _Expected) for each in logger.filters):
            logger.addFilter(_Expected())
