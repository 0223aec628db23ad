"""Users of the directory; what belongs to one is read at once, each part for itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sentinel_mcp.azure.graph import GraphPage
from sentinel_mcp.domains.calls import AzureCalls, Failure
from sentinel_mcp.domains.documents import Document, text, time
from sentinel_mcp.domains.graph_calls import FRAME_BYTES, GraphCalls, fitting
from sentinel_mcp.domains.identity import requests
from sentinel_mcp.domains.identity.documents import (
    SHOWN_OF_USER,
    is_group,
    is_role,
    read_member,
    read_membership,
    read_risk,
    read_role,
    read_sign_ins,
    read_user,
    remaining,
    user_fields,
)
from sentinel_mcp.domains.identity.models import (
    MissingUserPart,
    UserDetail,
    UserListing,
    UserPart,
)
from sentinel_mcp.domains.identity.requests import UserFilter
from sentinel_mcp.errors import InputError, NotFound, SentinelError

if TYPE_CHECKING:
    from sentinel_mcp.azure.context import AzureServicesContext


class Users:
    """Reads users."""

    def __init__(self, azure: AzureCalls) -> None:
        self._azure = azure
        self._graph = GraphCalls(azure)

    async def page(
        self, context: AzureServicesContext, wanted: UserFilter, *, limit: int, cursor: str | None
    ) -> UserListing:
        """Return one page of users, by name; of a search, as Entra orders them."""
        call = {
            "tool": "list_users",
            "workspace": context.config.name,
            "text": wanted.text,
            "department": wanted.department,
            "enabled": wanted.enabled,
            "account_type": wanted.account_type,
            "limit": limit,
        }
        page = await self._graph.listing(
            context,
            requests.list_users(wanted, limit),
            read_user,
            call=call,
            cursor=cursor,
            max_bytes=self._azure.max_answer_bytes - FRAME_BYTES,
        )
        return UserListing(
            workspace=context.config.name,
            users=page.items,
            total_count=page.total,
            next_cursor=page.next_cursor,
        )

    async def find(self, context: AzureServicesContext, user: str) -> Document:
        """Return the document of a user by id, sign-in name or address.

        Raises:
            NotFound: there is no such user.
            InputError: the address is that of several.

        """
        if requests.is_id(user):
            return await self._graph.read(context, requests.get_user(user))
        page = await self._graph.read_page(context, requests.find_users(user))
        named = [each for each in page.items if _upn(each) == user.casefold()]
        if len(found := named or page.items) == 1:
            return found[0]
        if found:
            ids = ", ".join(text(each, "id", 100) or "" for each in found)
            raise InputError(
                f"Several users have the address {user!r}: {ids}.", hint="Ask by one of the ids."
            )
        raise NotFound(
            f"There is no user {user!r} in the directory.",
            hint="`list_users` finds the sign-in name by parts of a name.",
        )

    async def get(self, context: AzureServicesContext, user: str) -> UserDetail:
        """Return a user; each part beside the account itself may be missing.

        Raises:
            NotFound: there is no such user.

        """
        document = await self.find(context, user)
        object_id = text(document, "id", 100) or ""
        graph, attempt = self._graph, self._azure.attempt
        manager, memberships, risk, activity = await asyncio.gather(
            attempt(graph.read_if_there(context, requests.manager_of(object_id))),
            attempt(graph.read_page(context, requests.memberships_of(object_id))),
            attempt(graph.read_if_there(context, requests.risk_of(object_id))),
            attempt(graph.read(context, requests.sign_ins_of(object_id))),
        )
        parts: dict[UserPart, object] = {
            "manager": manager,
            "memberships": memberships,
            "risk": risk,
            "sign_ins": activity,
        }
        fields = user_fields(document)
        found = memberships.items if isinstance(memberships, GraphPage) else []
        groups = [read_membership(each) for each in found if is_group(each)]
        shown = fitting(groups, self._azure.max_answer_bytes // 2)
        more = isinstance(memberships, GraphPage) and memberships.token is not None
        return UserDetail(
            **fields,
            workspace=context.config.name,
            sign_in_blocked=None if fields["enabled"] is None else not fields["enabled"],
            manager=read_member(said) if (said := _said(manager)) else None,
            groups=shown,
            directory_roles=[read_role(each) for each in found if is_role(each)],
            groups_cut=more or len(shown) < len(groups),
            risk=read_risk(said) if (said := _said(risk)) else None,
            sign_ins=read_sign_ins(said) if (said := _said(activity)) else None,
            created=time(document, "createdDateTime"),
            password_changed=time(document, "lastPasswordChangeDateTime"),
            properties=remaining(document, SHOWN_OF_USER),
            missing=[
                MissingUserPart(part=part, error=Failure.of(each))
                for part, each in parts.items()
                if isinstance(each, SentinelError)
            ],
        )


def _upn(document: Document) -> str:
    return (text(document, "userPrincipalName", 1_000) or "").casefold()


def _said(part: Document | SentinelError | None) -> Document | None:
    return None if isinstance(part, SentinelError) else part
