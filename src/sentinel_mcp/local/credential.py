"""The credential of the embedded workspace: a token that opens nothing else."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo

from sentinel_mcp.local import identity
from sentinel_mcp.local.services import caller

LIFETIME_S = 24 * 3600


def _part(claims: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


TOKEN = ".".join(
    (
        _part({"typ": "JWT", "alg": "none"}),
        _part(
            {
                "idtyp": "user",
                "name": caller.NAME,
                "upn": caller.EMAIL,
                "oid": caller.OBJECT_ID,
                "tid": identity.TENANT_ID,
            }
        ),
        "unsigned",
    )
)
"""No secret: the embedded workspace takes any bearer token. It says who asks, as Azure's do."""


class LocalCredential:
    """Hands out the same token for every scope, so that the SDK's bearer policy runs as ever."""

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,  # Any: the protocol of azure.core.credentials_async says so
    ) -> AccessToken:
        """Return the token, good for a day from now."""
        return AccessToken(TOKEN, int(time.time()) + LIFETIME_S)

    async def get_token_info(
        self,
        *scopes: str,
        options: Any = None,  # Any: TokenRequestOptions, of which nothing matters here
    ) -> AccessTokenInfo:
        """Return the token, good for a day from now."""
        return AccessTokenInfo(TOKEN, int(time.time()) + LIFETIME_S)

    async def close(self) -> None:
        """Release nothing: there is no connection."""

    async def __aenter__(self) -> LocalCredential:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()
