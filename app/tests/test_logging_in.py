"""Each connection is opened with a token or password of its own, and to a server that was verified."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from helloworld.aws import Signer
from helloworld.logs import JsonFormatter
from helloworld.provision import master as master_module
from helloworld.provision.master import Master
from helloworld.provision.settings import ProvisionSettings
from helloworld.state import database as database_module
from postgres_server import PostgresServer, TestDatabase
from state_harness import free_port, running_stores, until


@pytest.fixture
def tls(postgres: PostgresServer, certificate: tuple[Path, Path]) -> PostgresServer:
    postgres.use_tls(*certificate)
    return postgres


def test_with_iam_each_connection_has_a_token_of_its_own_and_a_verified_server(
    tls: PostgresServer, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tls.make_database()
    asked = []

    async def token(_: Signer, host: str, port: int, user: str) -> str:
        asked.append((host, port, user))
        return "token"

    monkeypatch.setattr(Signer, "database_token", token)
    given: dict[str, Any] = {
        "database_url": database.url().replace("127.0.0.1", "localhost"),
        "database_iam": True,
        "database_ca_file": certificate[0],
        "aws_region": "eu-central-1",
    }

    async def scenario() -> None:
        async with running_stores(**given) as stores:
            await until(lambda: stores.conditions()["database"] == "ok")
            first = len(asked)
            assert first == 2
            for _ in range(5):
                await stores.visits.count()
            assert len(asked) == first
            monkeypatch.setattr(database_module, "RENEW_SECONDS", -1)
            assert stores._database is not None
            await stores._database.ping()
            assert len(asked) > first
            encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = '{}'"
            assert await database.fetchval(encrypted.format(database.name)) is True
        assert set(asked) == {("localhost", tls.port, database.name)}

    asyncio.run(scenario())


@pytest.mark.parametrize("wrong", ["host", "authority"])
def test_a_server_that_is_not_who_it_should_be_is_not_given_the_token(
    tls: PostgresServer,
    certificate: tuple[Path, Path],
    other_certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
) -> None:
    database = tls.make_database()

    async def token(*_: object) -> str:
        return "token"

    monkeypatch.setattr(Signer, "database_token", token)
    given: dict[str, Any] = {
        "database_url": database.url() if wrong == "host" else database.url().replace("127.0.0.1", "localhost"),
        "database_iam": True,
        "database_ca_file": (other_certificate if wrong == "authority" else certificate)[0],
        "aws_region": "eu-central-1",
    }

    async def scenario() -> None:
        async with running_stores(closing_seconds=0, **given) as stores:
            await until(lambda: stores.conditions()["database"] == "unavailable")
        assert await database.fetchval("SELECT to_regclass('visits')") is None

    asyncio.run(scenario())


def test_iam_without_credentials_is_an_outage_that_says_so(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    given: dict[str, Any] = {
        "database_url": "postgresql://helloworld@localhost/helloworld",
        "database_iam": True,
        "database_ca_file": certificate[0],
        "aws_region": "eu-central-1",
    }

    async def scenario() -> None:
        async with running_stores(closing_seconds=0, **given) as stores:
            await until(lambda: stores.conditions()["database"] == "unavailable")
            # It goes on without.
            assert (await stores.visits.count()).visits is None

    asyncio.run(scenario())
    reason = json.loads(JsonFormatter().format(caplog.records[0]))["reason"]
    assert reason.startswith("SigningError: cannot sign for AWS (AWS_AUTH_SIGNING_NO_CREDENTIALS")
    assert "Pod Identity association" in reason


@pytest.mark.usefixtures("signer")
def test_the_master_s_password_is_read_from_its_secret_for_each_connection(
    tls: PostgresServer, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def post(url: str, body: bytes, headers: dict[str, str]) -> str:
        asked.append((url, json.loads(body), headers["x-amz-target"], "Authorization" in headers))
        return json.dumps({"username": "root", "password": "rotated"})

    monkeypatch.setattr(master_module, "post_secret_request", post)
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1-AbCdEf"
    settings = ProvisionSettings(
        database_admin_url=f"postgresql://root@localhost:{tls.port}/postgres",
        database_admin_secret=arn,
        database_ca_file=certificate[0],
        aws_region="eu-central-1",
    )

    async def scenario() -> None:
        master = Master(settings)
        for _ in range(2):
            connection = await master.connect()
            assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            # The lock of a provisioner that is cut off must not outlive it by much.
            assert await connection.fetchval("SHOW idle_session_timeout") == "1min"
            await connection.close()

    asyncio.run(scenario())
    url = "https://secretsmanager.eu-central-1.amazonaws.com/"
    assert asked == [(url, {"SecretId": arn}, "secretsmanager.GetSecretValue", True)] * 2


def test_the_log_says_who_cannot_be_reached(certificate: tuple[Path, Path]) -> None:
    port = free_port()
    master = Master(ProvisionSettings(database_admin_url=f"postgresql://root@127.0.0.1:{port}/postgres"))
    with pytest.raises(OSError, match=f"127.0.0.1:{port} cannot be reached .*Refused"):
        asyncio.run(master.connect())
    with pytest.raises(OSError, match=f"Secrets Manager cannot be reached at http://127.0.0.1:{port}/ .*refused"):
        master_module.post_secret_request(f"http://127.0.0.1:{port}/", b"{}", {})


@pytest.mark.usefixtures("signer")
@pytest.mark.parametrize("opens", ["password", "token"])
def test_the_master_comes_in_by_what_the_server_takes_of_him_and_tries_that_first_from_then_on(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, opens: str
) -> None:
    """RDS takes no password of a member of rds_iam, and the master becomes one with the first login role."""
    tried: list[str] = []

    async def connect(**given: Any) -> str:
        tried.append(given["password"])
        if given["password"] != opens:
            raise asyncpg.InvalidAuthorizationSpecificationError("PAM authentication failed")
        return "connection"

    async def token(_: Signer, host: str, port: int, user: str) -> str:
        return "token"

    monkeypatch.setattr(master_module, "post_secret_request", lambda *_: '{"username": "root", "password": "password"}')
    monkeypatch.setattr(asyncpg, "connect", connect)
    monkeypatch.setattr(Signer, "database_token", token)
    settings = ProvisionSettings(
        database_admin_url="postgresql://root@localhost:5432/postgres",
        database_admin_secret="arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1-AbCdEf",
        database_ca_file=certificate[0],
        aws_region="eu-central-1",
    )

    async def scenario() -> None:
        master = Master(settings)
        assert [await master.connect() for _ in range(2)] == ["connection"] * 2
        monkeypatch.setattr(asyncpg, "connect", refuse)
        with pytest.raises(ExceptionGroup, match=r"neither .* password nor a token") as refused:
            await master.connect()
        assert len(refused.value.exceptions) == 2

    async def refuse(**_: Any) -> str:
        raise asyncpg.InvalidAuthorizationSpecificationError("nobody comes in")

    asyncio.run(scenario())
    assert tried == {"password": ["password", "password"], "token": ["password", "token", "token"]}[opens]


def test_without_iam_a_password_of_the_address_is_used(database: TestDatabase) -> None:
    async def scenario() -> None:
        url = database.url().replace("@", ":a%40secret@")
        async with running_stores(database_url=url) as stores:
            assert (await stores.visits.count()).visits == 1

    asyncio.run(scenario())
