"""Databases and their roles on one server, made and dropped by its master user."""

import logging
from typing import Any

from helloworld.provision.names import OWNER_SUFFIX

_log = logging.getLogger("helloworld.provision")

# Any number that nothing else in the master's database locks.
_LOCK = 4_715_204

# Where nobody but the master has anything to do.
_SHARED_DATABASES = ("postgres", "template1")


def quoted(name: str) -> str:
    """A name as SQL's identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def owner_of(name: str) -> str:
    """The role that owns the database `name`."""
    return name + OWNER_SUFFIX


class OwnerError(Exception):
    """A database that is wanted exists, and belongs to somebody else."""


class Databases:
    """What a server has, compared with what it should have, by the name of a database and of its user.

    The owner is a role of its own, which cannot log in. The master, who is no superuser on RDS, has to be a member of
    the owner to make a database for it. It must not be a member of the user instead: that one is a member of `rds_iam`,
    and RDS refuses the password of everybody who is, through whatever role.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html

    Args:
        connection: to the server, as its master; to a database that is none of those that are made.
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def lock(self) -> bool:
        """Take the server for the length of the connection; False if another provisioner has it."""
        return bool(await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK))

    async def existing(self) -> set[str]:
        """The names that a database, a user or an owner has."""
        rows = await self._connection.fetch(
            "SELECT datname::text AS name FROM pg_database UNION SELECT rolname FROM pg_roles"
        )
        return {row["name"].removesuffix(OWNER_SUFFIX) for row in rows}

    async def close_shared(self) -> None:
        """Let nobody connect to the databases that every server has, except who was granted it."""
        for database in _SHARED_DATABASES:
            await self._close_to_public(database)

    async def ensure(self, name: str) -> None:
        """Make what is missing of the database and its roles. What is there stays as it is.

        Raises:
            OwnerError: the database belongs to somebody else.
            asyncpg.PostgresError: the server refused. What was made stays, and the next attempt goes on from there.
        """
        owner = owner_of(name)
        await self._ensure_role(owner, "NOLOGIN")
        await self._ensure_role(name, "LOGIN")
        await self._ensure_member("CURRENT_USER", owner, await self._connection.fetchval("SELECT current_user::text"))
        await self._ensure_member(quoted(name), owner, name)
        if await self._connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = 'rds_iam'"):
            await self._ensure_member(quoted(name), "rds_iam", name)
        found = await self._owner(name)
        if found == owner and await self._is_invalid(name):
            await self._do(f"DROP DATABASE {quoted(name)}", "dropped what was left of database", name)
            found = None
        if found is None:
            await self._do(f"CREATE DATABASE {quoted(name)} OWNER {quoted(owner)}", "made database", name)
        elif found != owner:
            raise OwnerError(
                f"the database {name} belongs to {found}. Give it to its owner, ALTER DATABASE {quoted(name)} OWNER TO"
                f" {quoted(owner)}, or rename it"
            )
        await self._close_to_public(name)

    async def drop(self, name: str) -> None:
        """Drop the database and its roles, connected or not. A database that belongs to somebody else stays.

        Raises:
            asyncpg.PostgresError: the server refused. The next attempt goes on from there.
        """
        found = await self._owner(name)
        if found is not None and found != owner_of(name):
            _log.warning("a database of somebody else stays", extra={"fields": {"name": name, "owner": found}})
            return
        if found is not None:
            await self._do(f"DROP DATABASE {quoted(name)} WITH (FORCE)", "dropped database", name)
        for role in (name, owner_of(name)):
            if await self._has_role(role):
                await self._do(f"DROP ROLE {quoted(role)}", "dropped role", role)

    async def _owner(self, name: str) -> str | None:
        owner: str | None = await self._connection.fetchval(
            "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = $1", name
        )
        return owner

    async def _is_invalid(self, name: str) -> bool:
        # Where a drop was cut short: nobody can connect any more, and all that can be done is to drop it again.
        # https://www.postgresql.org/docs/current/catalog-pg-database.html
        limit = await self._connection.fetchval("SELECT datconnlimit FROM pg_database WHERE datname = $1", name)
        return bool(limit == -2)

    async def _has_role(self, role: str) -> bool:
        return bool(await self._connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role))

    async def _ensure_role(self, role: str, kind: str) -> None:
        if not await self._has_role(role):
            await self._do(f"CREATE ROLE {quoted(role)} {kind}", "made role", role)

    async def _ensure_member(self, member: str, role: str, member_name: str) -> None:
        # USAGE: with its rights in hand, which being its administrator alone does not give.
        if not await self._connection.fetchval("SELECT pg_has_role($1::name, $2::name, 'USAGE')", member_name, role):
            await self._do(f"GRANT {quoted(role)} TO {member}", "granted role", role)

    async def _close_to_public(self, database: str) -> None:
        if not await self._is_public(database):
            return
        await self._connection.execute(f"REVOKE CONNECT ON DATABASE {quoted(database)} FROM PUBLIC")
        # Where the database belongs to somebody else PostgreSQL only warns.
        if not await self._is_public(database):
            _log.info("closed database", extra={"fields": {"name": database}})

    async def _is_public(self, database: str) -> bool:
        return bool(await self._connection.fetchval("SELECT has_database_privilege('public', $1, 'CONNECT')", database))

    async def _do(self, statement: str, done: str, name: str) -> None:
        await self._connection.execute(statement)
        _log.info(done, extra={"fields": {"name": name}})
