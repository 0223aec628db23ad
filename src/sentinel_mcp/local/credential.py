"""The credential of the embedded workspace: a token that opens nothing else."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo

TOKEN = "embedded-workspace"  # noqa: S105 - no secret: the embedded workspace takes any bearer token
LIFETIME_S = 24 * 3600


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
