"""Fixtures for every test of the service."""

import asyncio
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helloworld.aws import Signer
from helloworld.state import cache as cache_module
from helloworld.state import database as database_module
from helloworld.state import stores as stores_module
from hypothesis import settings
from postgres_server import PostgresServer, TestDatabase, find_postgres
from provision_harness import Environment
from redis_server import OLDEST_VERSION, RedisServer, find_redis
from service_harness import RunningService, Service
from state_harness import INSTALL, PATIENCE_SECONDS

# What a shell has set must not reach a test: an account, a proxy.
for _name in [name for name in os.environ if name.startswith("AWS_") or name.upper().endswith("_PROXY")]:
    del os.environ[_name]
# How long one example takes is up to what else the machine does.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what to install, also to who did not ask why tests are skipped."""
    skipped = (report.longrepr for report in terminalreporter.stats.get("skipped", []))
    reasons = Counter(place[2].removeprefix("Skipped: ") for place in skipped if isinstance(place, tuple))
    for reason, times in sorted(reasons.items()):
        if "apt-get" in reason:
            terminalreporter.write_line(f"{times} tests were skipped: {reason}")


@pytest.fixture(autouse=True)
def _patient_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes may have the machine for seconds; what is about a limit sets a short one."""
    for module in (cache_module, database_module):
        monkeypatch.setattr(module, "CONNECT_SECONDS", PATIENCE_SECONDS)
        monkeypatch.setattr(module, "COMMAND_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(stores_module, "_ENDING_SECONDS", PATIENCE_SECONDS)


@pytest.fixture
def make_service() -> Callable[..., Service]:
    return Service


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture(scope="session")
def shared_service() -> Service:
    """For property-based tests, which ask one application many times."""
    return Service(log_level=100)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RunningService]]:
    """Return a function that starts the service with settings given by keyword; all are stopped after the test."""
    started: list[RunningService] = []

    def start_one(program: tuple[str, ...] = ("-m", "helloworld"), **environ: object) -> RunningService:
        given = {key: str(value) for key, value in environ.items()}
        running = RunningService(tmp_path / f"log-{len(started)}", given, list(program))
        started.append(running)
        return running

    yield start_one
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    programs = find_postgres()
    if programs is None:
        pytest.skip(f"PostgreSQL is not installed: {INSTALL}")
    server = PostgresServer(programs)
    yield server
    server.remove()


@pytest.fixture
def database(postgres: PostgresServer) -> TestDatabase:
    return postgres.make_database()


@pytest.fixture(scope="session")
def redis_program() -> str:
    program = find_redis()
    if program is None:
        pytest.skip(f"no Valkey, and no Redis from {OLDEST_VERSION} on, is installed: {INSTALL}")
    return program


@pytest.fixture
def redis(redis_program: str) -> Iterator[RedisServer]:
    server = RedisServer(redis_program)
    yield server
    server.remove()


@pytest.fixture(scope="session", autouse=True)
def early_cluster() -> Iterator[RedisServer | None]:
    """Started before it is needed: while it takes its two seconds, the other tests run."""
    program = find_redis()
    server = RedisServer(program, cluster=True) if program else None
    yield server
    if server:
        server.remove()


@pytest.fixture(scope="session")
def redis_cluster(redis_program: str, early_cluster: RedisServer | None) -> RedisServer:
    assert redis_program
    assert early_cluster is not None
    early_cluster.wait_until_whole()
    return early_cluster


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for `localhost`, which is its own authority, and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same from another authority."""
    return make_certificate(tmp_path_factory.mktemp("other-tls"))


def make_certificate(directory: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-out", str(certificate), "-keyout", str(key)]
    subprocess.run(["openssl", "req", *kind, *names, *files], check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def environment(postgres: PostgresServer) -> Iterator[Environment]:
    made = Environment(postgres)
    yield made
    asyncio.run(
        postgres.execute(
            "ALTER DATABASE postgres OWNER TO root",
            "ALTER DATABASE template1 OWNER TO root",
            "GRANT CONNECT ON DATABASE postgres, template1 TO PUBLIC",
        )
    )


@pytest.fixture
def signer(monkeypatch: pytest.MonkeyPatch) -> Signer:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "tok/en+=")
    return Signer("eu-central-1")
