"""For the tests: a real PostgreSQL from the system's packages.

Not among the tests, because a module there has no name that pytest and mypy agree on.
"""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from state_harness import PATIENCE_SECONDS, free_port, wait_for_port

# Every test that needs a database makes one of 8 MB, and the log is kept small.
ROOM_BYTES = 2**30


def find_postgres() -> Path | None:
    """The directory with PostgreSQL's newest server programs, which Debian keeps off the PATH."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def unprivileged_user() -> pwd.struct_passwd:
    """Who runs the server where root may not: the packages' own user, if they made one."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def memory_directory() -> str | None:
    """Where files are in memory, if there is room: databases are made three times as fast there."""
    memory = Path("/dev/shm")  # noqa: S108 - the directory below it has a name of its own
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < ROOM_BYTES:
        return None
    return str(memory)


class PostgresServer:
    """A server of its own on a free port of the loopback, which trusts everybody and writes nothing to the disk."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self.port = free_port()
        self._directory = Path(tempfile.mkdtemp(prefix="helloworld-postgres-", dir=memory_directory()))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            # initdb refuses to run as root.
            user = unprivileged_user()
            os.chown(self._directory, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data = str(self._directory / "data")
        self._run("initdb", "-D", data, "-U", "root", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, cwd="/", check=True, capture_output=True, **self._as)

    def start(self) -> None:
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 60,
            "full_page_writes": "off",
            "max_wal_size": "64MB",
        }
        given = [text for name, value in options.items() for text in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            [
                str(self._programs / "postgres"),
                *("-D", str(self._directory / "data"), "-p", str(self.port)),
                *given,
            ],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as,
        )
        wait_for_port(self.port, self.process)
        asyncio.run(self._wait_until_started())

    async def _wait_until_started(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(asyncpg.CannotConnectNowError):
                    await self.fetchval("SELECT 1")
                    return
                await asyncio.sleep(0.01)

    def use_tls(self, certificate: Path, key: Path) -> None:
        """Offer TLS from the next connection on."""
        owner = self._directory.stat()
        for name, source in (("server.crt", certificate), ("server.key", key)):
            copy = self._directory / "data" / name
            copy.write_bytes(source.read_bytes())
            copy.chmod(0o600)
            os.chown(copy, owner.st_uid, owner.st_gid)
        asyncio.run(self.execute("ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"))

    def stop(self) -> None:
        """As abruptly as can be: connections break, nothing is said."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(PATIENCE_SECONDS)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._directory)

    async def admin(self, database: str = "postgres") -> Any:
        return await asyncpg.connect(host="127.0.0.1", port=self.port, user="root", database=database, ssl=False)

    async def execute(self, *statements: str, database: str = "postgres") -> None:
        connection = await self.admin(database)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    async def fetchval(self, query: str, database: str = "postgres") -> Any:
        connection = await self.admin(database)
        value = await connection.fetchval(query)
        await connection.close()
        return value

    def make_database(self) -> "TestDatabase":
        name = f"t{uuid4().hex}"
        asyncio.run(self.execute(f"CREATE ROLE {name} LOGIN", f"CREATE DATABASE {name} OWNER {name}"))
        return TestDatabase(self, name)


class TestDatabase:
    """A new database on the server, and its user."""

    __test__ = False

    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server = server
        self.name = name

    def url(self, port: int | None = None) -> str:
        return f"postgresql://{self.name}@127.0.0.1:{port or self.server.port}/{self.name}"

    async def fetchval(self, query: str) -> Any:
        return await self.server.fetchval(query, self.name)

    async def execute(self, *statements: str) -> None:
        await self.server.execute(*statements, database=self.name)

    async def total(self) -> int:
        return int(await self.fetchval("SELECT total FROM visits"))
