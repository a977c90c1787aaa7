"""For the tests of the provisioner: a server as RDS is one, and a cluster with namespaces.

Not among the tests, because a module there has no name that pytest and mypy agree on.
"""

import asyncio
from uuid import uuid4

import asyncpg
from helloworld.provision.loop import Loop
from helloworld.provision.names import Names
from helloworld.provision.namespaces import NamespacesError
from helloworld.provision.probe import Probe
from postgres_server import PostgresServer
from state_harness import free_port


class Cluster:
    """The namespaces that exist, or None where the API does not say."""

    def __init__(self, *names: str) -> None:
        self.existing: set[str] | None = set(names)

    async def names(self) -> set[str]:
        if self.existing is None:
            raise NamespacesError("no answer")
        return set(self.existing)


class Environment:
    """A server with a master user as RDS has one, no superuser, and names that no other test has."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self.base = f"h{uuid4().hex[:8]}"
        self.prefix = f"{self.base}-pr-"
        self.master = f"{self.base}_master"
        self.cluster = Cluster()
        self.probe = Probe("127.0.0.1", free_port())
        statements = [
            f"CREATE ROLE {self.master} LOGIN CREATEDB CREATEROLE IN ROLE pg_signal_backend",
            f"ALTER DATABASE postgres OWNER TO {self.master}",
            f"ALTER DATABASE template1 OWNER TO {self.master}",
            "GRANT CONNECT ON DATABASE postgres, template1 TO PUBLIC",
        ]
        asyncio.run(server.execute(*statements))

    async def connect(self, user: str | None = None, database: str = "postgres") -> asyncpg.Connection:
        return await asyncpg.connect(
            host="127.0.0.1", port=self.server.port, user=user or self.master, database=database, ssl=False
        )

    def loop(self) -> Loop:
        return Loop(self.connect, Names([self.base], self.prefix), self.cluster, self.probe, 0.05)

    async def round(self, *namespaces: str) -> None:
        self.cluster.existing = set(namespaces)
        await self.loop().round()

    async def databases(self) -> set[str]:
        rows = await self._rows("SELECT datname AS name FROM pg_database")
        return {name.removeprefix(self.base) for name in rows if name.startswith(self.base)}

    async def roles(self) -> set[str]:
        rows = await self._rows("SELECT rolname AS name FROM pg_roles")
        return {name.removeprefix(self.base) for name in rows if name.startswith(self.base)} - {"_master"}

    async def _rows(self, query: str) -> set[str]:
        connection = await self.server.admin()
        rows = await connection.fetch(query)
        await connection.close()
        return {row["name"] for row in rows}

    async def may_connect(self, user: str, database: str) -> bool:
        try:
            connection = await self.connect(user, database)
        except asyncpg.InsufficientPrivilegeError:
            return False
        await connection.close()
        return True
