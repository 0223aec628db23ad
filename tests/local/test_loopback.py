"""The workspace served over TLS on loopback."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import stat
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from app_stage import Script, incident, stage
from cryptography import x509

from sentinel_mcp.errors import ConfigError
from sentinel_mcp.local import identity
from sentinel_mcp.local.server import Loopback, serve_loopback

TOKEN = {"Authorization": "Bearer any"}
QUERY = f"/v1/workspaces/{identity.WORKSPACE_ID}/query"


@asynccontextmanager
async def served(
    directory: Path, script: Script | None = None, **where: Any
) -> AsyncGenerator[Loopback]:
    async with (
        stage(directory, script, [incident(1), incident(2)]) as workspace,
        serve_loopback(workspace, **where) as loopback,
    ):
        yield loopback


@asynccontextmanager
async def trusting(loopback: Loopback) -> AsyncGenerator[aiohttp.ClientSession]:
    trust = ssl.create_default_context(cafile=loopback.authority)
    connector = aiohttp.TCPConnector(ssl=trust)
    async with aiohttp.ClientSession(loopback.url, connector=connector, headers=TOKEN) as session:
        yield session


async def test_a_client_that_trusts_the_authority_is_answered(tmp_path: Path) -> None:
    async with served(tmp_path) as loopback, trusting(loopback) as session:
        response = await session.post(QUERY, json={"query": "x"})
        answer = await response.json()

    assert answer["tables"][0]["rows"] == [[1], [2]]


async def test_a_client_that_trusts_nobody_new_is_not_answered(tmp_path: Path) -> None:
    async with served(tmp_path) as loopback, aiohttp.ClientSession(loopback.url) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.post(QUERY, json={"query": "x"})


async def test_the_link_to_the_next_page_leads_back_to_loopback(tmp_path: Path) -> None:
    async with served(tmp_path) as loopback, trusting(loopback) as session:
        url = f"{identity.INSIGHTS_ID}/incidents?api-version=2025-09-01&$top=1"
        answer = await (await session.get(url)).json()

    assert answer["nextLink"].startswith(f"{loopback.url}/subscriptions/")


async def test_the_private_key_is_for_its_owner_only_and_the_authoritys_is_not_kept(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as loopback:
        files = {each.name: each for each in loopback.authority.parent.iterdir()}

    assert files.keys() == {"ca.pem", "server.pem", "key.pem"}
    if sys.platform != "win32":
        assert stat.S_IMODE(files["key.pem"].stat().st_mode) == 0o600
    assert sum(each.read_bytes().count(b"PRIVATE KEY") for each in files.values()) == 2


async def test_the_certificate_names_loopback_and_azures_hosts(tmp_path: Path) -> None:
    async with served(tmp_path) as loopback:
        address = ("127.0.0.1", loopback.port)
        shown = await asyncio.to_thread(ssl.get_server_certificate, address)

    names = x509.load_pem_x509_certificate(shown.encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert {"localhost", "api.loganalytics.io", "management.azure.com"} == set(
        names.value.get_values_for_type(x509.DNSName)
    )
    assert "127.0.0.1" in [str(each) for each in names.value.get_values_for_type(x509.IPAddress)]


async def test_the_certificate_stays_the_same_from_start_to_start(tmp_path: Path) -> None:
    async with served(tmp_path) as first:
        before = first.authority.read_bytes()
    async with served(tmp_path) as second:
        assert second.authority.read_bytes() == before


async def test_a_damaged_certificate_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "server.pem").write_text("nothing", encoding="utf-8")

    async with served(tmp_path) as loopback, trusting(loopback) as session:
        assert (await session.post(QUERY, json={"query": "x"})).status == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
async def test_only_loopback_is_served(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigError, match="any token"):
        async with served(tmp_path, host=host):
            pass


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=str(port)):
            async with served(tmp_path, port=port):
                pass


async def test_a_client_that_hangs_up_ends_its_query(tmp_path: Path) -> None:
    script = Script(blocks=True)
    async with served(tmp_path, script) as loopback, trusting(loopback) as session:
        call = asyncio.ensure_future(session.post(QUERY, json={"query": "x"}))
        await asyncio.to_thread(script.started.acquire)
        call.cancel()
        assert await asyncio.to_thread(script.interrupted.wait, 5)


async def test_after_the_end_nobody_listens(tmp_path: Path) -> None:
    async with served(tmp_path) as loopback:
        pass

    with (
        pytest.raises(ConnectionRefusedError),
        socket.create_connection(("127.0.0.1", loopback.port), timeout=5),
    ):
        pass


async def test_ending_the_server_ends_what_is_under_way(tmp_path: Path) -> None:
    script = Script(blocks=True)
    serving = served(tmp_path, script)
    async with trusting(await serving.__aenter__()) as session:
        call = asyncio.ensure_future(session.post(QUERY, json={"query": "x"}))
        await asyncio.to_thread(script.started.acquire)
        await serving.__aexit__(None, None, None)
        response = await call

    assert response.status == 503
    assert script.interrupted.is_set()


async def test_a_large_answer_comes_whole(tmp_path: Path) -> None:
    script = Script(rows=[[number] for number in range(100_000)])
    async with served(tmp_path, script) as loopback, trusting(loopback) as session:
        response = await session.post(QUERY, json={"query": "x"})
        rows = json.loads(await response.read())["tables"][0]["rows"]

    assert rows == [[number] for number in range(100_000)]
