"""What a service says beside its answers, for people to read.

The embedded workspace says in HTTP's own header for this (`Warning`, code 199) what it has lost,
with every answer until the user has dismissed it. Azure sends nothing under our agent's name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest, PipelineResponse

    from sentinel_mcp.azure.context import ServiceNotices

_NOTICE = re.compile(r'199 sentinel-mcp "((?:[^"\\]|\\.)*)"')


class NoticeReader(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Keeps what the newest answer said; an answer that says nothing ends what was said before."""

    def __init__(self, notices: ServiceNotices) -> None:
        super().__init__()
        self._notices = notices

    def on_response(
        self,
        request: PipelineRequest[HttpRequest],
        response: PipelineResponse[HttpRequest, AsyncHttpResponse],
    ) -> None:
        """Read the header."""
        told = response.http_response.headers.get("warning", "")
        self._notices.texts = tuple(re.sub(r"\\(.)", r"\1", each) for each in _NOTICE.findall(told))
