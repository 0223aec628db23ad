"""The identity this server signs in with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
from azure.core.credentials_async import AsyncSupportsTokenInfo
from azure.identity.aio import DefaultAzureCredential

from sentinel_mcp.azure.clouds import Cloud
from sentinel_mcp.errors import ConfigError

# `az` takes 2 to 4 s to answer on a busy laptop, and far longer with many accounts.
PROCESS_TIMEOUT_S = 20


def default_credential(cloud: Cloud, tenants: Sequence[str]) -> DefaultAzureCredential:
    """Return the credential that azure-identity's variables and sign-ins lead to.

    `AZURE_TOKEN_CREDENTIALS` narrows the choice down. Tokens can be asked for `tenants`, and
    for no other tenant than the identity's own.

    Raises:
        ConfigError: a variable of azure-identity has a value it cannot use.

    """
    for tenant in tenants:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", tenant):
            raise ConfigError(
                f"{tenant!r} is not the id or domain of a tenant.",
                hint="See the directory's overview page for its tenant id.",
            )
    try:
        return DefaultAzureCredential(
            authority=cloud.authority,
            additionally_allowed_tenants=list(tenants),
            process_timeout=PROCESS_TIMEOUT_S,
        )
    except (ValueError, OSError) as error:
        raise ConfigError(
            f"The Azure credential cannot be set up: {error}",
            hint="Check AZURE_TOKEN_CREDENTIALS, AZURE_CLIENT_ID and the variables beside it.",
        ) from error


class TenantCredential:
    """Asks another credential for tokens of one tenant.

    Without a tenant named, a developer's sign-in answers with a token of whichever tenant it
    last used, and the data of that tenant comes back.
    """

    def __init__(self, inner: AsyncSupportsTokenInfo, tenant_id: str) -> None:
        self._inner = inner
        self._tenant_id = tenant_id

    async def get_token_info(
        self, *scopes: str, options: TokenRequestOptions | None = None
    ) -> AccessTokenInfo:
        """Return a token of the tenant, with what the pipeline needs to know about it."""
        asked: TokenRequestOptions = {**(options or {}), "tenant_id": self._tenant_id}
        return await self._inner.get_token_info(*scopes, options=asked)

    # Any: the protocol leaves what may come beside the scopes open.
    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: Any,
    ) -> AccessToken:
        """Return a token of the tenant."""
        options: TokenRequestOptions = {"enable_cae": enable_cae}
        if claims:
            options["claims"] = claims
        found = await self.get_token_info(*scopes, options=options)
        return AccessToken(found.token, found.expires_on)

    async def close(self) -> None:
        """Leave the other credential open; its owner closes it."""

    async def __aenter__(self) -> TenantCredential:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()
