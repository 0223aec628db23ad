"""How the user is asked to agree, in both eras of the protocol, and where nobody can be asked."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from fastmcp import Client, FastMCP
from fastmcp.client.elicitation import ElicitResult
from fastmcp.dependencies import CurrentContext
from fastmcp.server.context import Context

from sentinel_mcp.answers import Failures, quieten_framework
from sentinel_mcp.wiring import approval

Mode = Literal["legacy", "auto"]
MODES: tuple[Mode, ...] = ("legacy", "auto")


class Shelf:
    """One thing, whose deletion asks first; `colour` changes when it is read."""

    def __init__(self, *colours: str) -> None:
        self._colours = list(colours) or ["red"]
        self.deleted = False

    def look(self) -> str:
        return self._colours.pop(0) if len(self._colours) > 1 else self._colours[0]


def serve(shelf: Shelf) -> FastMCP:
    quieten_framework()
    server = FastMCP("test", middleware=[Failures()], mask_error_details=True)

    @server.tool
    async def delete(confirm: bool = False, context: Context = CurrentContext()) -> str:  # noqa: B008 the shape of a tool
        await approval(context, confirm=confirm)(f"Delete the {shelf.look()} thing?")
        shelf.deleted = True
        return "gone"

    return server


Action = Literal["accept", "decline", "cancel"]


class User:
    """Answers what is asked, and remembers it."""

    def __init__(self, action: Action, *, value: bool = True):
        self._action: Action = action
        self._value = value
        self.asked: list[str] = []

    async def __call__(self, message: str, *_: Any) -> ElicitResult[dict[str, bool]]:
        self.asked.append(message)
        content = {"value": self._value} if self._action == "accept" else None
        return ElicitResult[dict[str, bool]](action=self._action, content=content)


async def call(shelf: Shelf, user: User | None, mode: Mode, **arguments: object) -> Any:
    async with Client(serve(shelf), mode=mode, elicitation_handler=user) as client:
        return await client.call_tool("delete", arguments, raise_on_error=False)


@pytest.mark.parametrize("mode", MODES)
async def test_a_user_who_agrees_is_asked_once_and_it_is_done(mode: Mode) -> None:
    shelf, user = Shelf(), User("accept")

    answer = await call(shelf, user, mode)

    assert not answer.is_error
    assert shelf.deleted
    assert user.asked == ["Delete the red thing?"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("user", [User("decline"), User("cancel"), User("accept", value=False)])
@pytest.mark.parametrize("confirm", [False, True])
async def test_a_user_who_does_not_agree_is_heard_whatever_confirm_says(
    mode: Mode, user: User, *, confirm: bool
) -> None:
    shelf = Shelf()

    answer = await call(shelf, user, mode, confirm=confirm)

    assert answer.meta["error"]["code"] == "declined"
    assert not shelf.deleted


@pytest.mark.parametrize("mode", MODES)
async def test_where_nobody_can_be_asked_the_call_says_how_to_confirm(mode: Mode) -> None:
    shelf = Shelf()

    answer = await call(shelf, None, mode)

    assert answer.meta["error"]["code"] == "confirmation_needed"
    assert answer.meta["error"]["message"] == "Delete the red thing?"
    assert "confirm=true" in answer.meta["error"]["hint"]
    assert not shelf.deleted


@pytest.mark.parametrize("mode", MODES)
async def test_where_nobody_can_be_asked_confirm_is_the_user_s_word(mode: Mode) -> None:
    shelf = Shelf()

    answer = await call(shelf, None, mode, confirm=True)

    assert not answer.is_error
    assert shelf.deleted


async def test_what_has_changed_while_the_user_thought_is_asked_again() -> None:
    shelf, user = Shelf("red", "blue"), User("accept")

    await call(shelf, user, "auto")

    assert user.asked == ["Delete the red thing?", "Delete the blue thing?"]
    assert shelf.deleted
