"""The worker's loop: one request, one answer, until the parent closes the pipe."""

from __future__ import annotations

import faulthandler
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO

from sentinel_mcp.kql.protocol import Message, encode, read_frame
from sentinel_mcp.kql.results import Column
from sentinel_mcp.kql.worker import analysis
from sentinel_mcp.kql.worker.diagnosis import diagnose
from sentinel_mcp.kql.worker.kusto import versions
from sentinel_mcp.kql.worker.positions import Positions
from sentinel_mcp.kql.worker.states import State, States

_RUNAWAY_S = 60
"""Longer than any parent waits: a worker that is still busy then has lost its parent.

The watchdog is a thread of C, so it ends the process even while .NET holds the interpreter.
"""


class Fault(Exception):
    """A request that could not be done, as the protocol says it."""

    def __init__(self, **fields: object) -> None:
        super().__init__(fields.get("kind"))
        self.fields = fields


class Service:
    """Answers requests against the schemas pushed to it."""

    def __init__(self) -> None:
        self._states = States()
        self._operations: dict[str, Callable[[Message], object]] = {
            "schema": self._schema,
            "check": self._check,
            "normalise": self._normalise,
        }

    def run(self, requests: BinaryIO, answers: BinaryIO) -> None:
        """Greet, then answer until the requests end."""
        answers.write(encode({"hello": versions()}))
        answers.flush()
        while (request := read_frame(requests)) is not None:
            faulthandler.dump_traceback_later(_RUNAWAY_S, exit=True, file=sys.stderr)
            answer = self._answer(request)
            faulthandler.cancel_dump_traceback_later()
            answers.write(encode(answer))
            answers.flush()

    def _answer(self, request: Message) -> Message:
        number = request["id"]
        try:
            return {"id": number, "done": self._operations[request["op"]](request)}
        except Fault as fault:
            return {"id": number, "fault": fault.fields}
        except Exception as error:  # noqa: BLE001 a bug must not cost all callers their worker
            # The message of an error may quote the query; its place in the code does not.
            trace = "".join(traceback.format_tb(error.__traceback__))
            fault = {"kind": "crashed", "error": type(error).__name__, "trace": trace}
            return {"id": number, "fault": fault}

    def _schema(self, request: Message) -> None:
        self._states.push(request["key"], request)

    def _check(self, request: Message) -> object:
        asked_at = datetime.fromisoformat(request["now"])
        return analysis.check(request["query"], self._state(request), asked_at)

    def _normalise(self, request: Message) -> object:
        # Imported on demand: only the embedded workspace and kept results need it.
        from sentinel_mcp.kql.worker.normalise import Refused, normalise

        state = self._state(request)
        code = analysis.bind(request["query"], state)
        found = diagnose(code, state, Positions(request["query"]))
        if any(each.severity == "error" for each in found):
            raise Fault(kind="invalid", diagnostics=found)
        try:
            text, tables, columns = normalise(code, state.globals, state.tables)
        except Refused as refusal:
            raise Fault(
                kind="refused", construct=refusal.construct, reason=refusal.reason
            ) from refusal
        shaped = None if columns is None else [Column(name, type_) for name, type_ in columns]
        return {"text": text, "tables": tables, "columns": shaped}

    def _state(self, request: Message) -> State:
        state = self._states.get(request["key"])
        if state is None:
            raise Fault(kind="unknown_schema")
        return state
