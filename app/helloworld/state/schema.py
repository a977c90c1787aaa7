"""Brings the database's schema to what this version needs, however many processes try at once."""

from importlib import resources
from typing import Any, NamedTuple

import asyncpg

from helloworld.reasons import reason

# Any number that nothing else in this database locks.
_LOCK = 4_715_203

# A change that needs a table waits in a queue, and everything after it waits too: it gives up before anybody notices.
_LOCK_TIMEOUT = "2s"

# Recorded like a migration, so that it is not done twice.
_SEED_VERSION = 0


class MigrationError(Exception):
    """A migration could not be applied; what went wrong is its cause."""


class Migration(NamedTuple):
    """One step of the schema: its number, its file's name, its SQL."""

    version: int
    name: str
    sql: str


def packaged_migrations() -> list[Migration]:
    """The migrations of this version in order: `migrations/0001_name.sql` and so on.

    They run while the version before still serves, so each only adds: tables, columns with a default or without NOT
    NULL, indexes on small tables. What is no longer needed goes one release after the last code that needs it.
    """
    directory = resources.files("helloworld").joinpath("migrations")
    files = sorted((entry for entry in directory.iterdir() if entry.name.endswith(".sql")), key=lambda file: file.name)
    return [Migration(int(file.name.partition("_")[0]), file.name, file.read_text("utf-8")) for file in files]


async def migrate(connection: Any, migrations: list[Migration], seed: bool) -> None:
    """Apply what is missing, each migration in a transaction of its own, one process at a time.

    Versions that this code does not know are those of a newer one, which only adds: they are left alone. The lock ends
    with the connection, which is therefore not to be used for anything else.

    Args:
        connection: a connection of its own to the database.
        migrations: all there are, in order.
        seed: whether to run `seed.sql`, once, if nothing has been counted yet.

    Raises:
        MigrationError: a step failed; those before it stay.
        asyncpg.PostgresError: the record of what was applied cannot be read or made.
    """
    await connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
    wanted = {migration.version for migration in migrations} | ({_SEED_VERSION} if seed else set())
    if await _applied(connection) >= wanted:
        return
    # Whoever waits here is in nobody's way.
    await connection.execute("SET lock_timeout = 0")
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    await connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations"
        " (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    applied = await _applied(connection)
    for migration in migrations:
        if migration.version not in applied:
            try:
                await _apply(connection, migration)
            except asyncpg.PostgresError as error:
                raise MigrationError(f"{migration.name} could not be applied ({reason(error)})") from error
    if seed and _SEED_VERSION not in applied:
        await _seed(connection)


async def _applied(connection: Any) -> set[int]:
    try:
        return {row["version"] for row in await connection.fetch("SELECT version FROM schema_migrations")}
    except asyncpg.UndefinedTableError:
        return set()


async def _apply(connection: Any, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", migration.version, migration.name
        )


async def _seed(connection: Any) -> None:
    sql = resources.files("helloworld").joinpath("seed.sql").read_text("utf-8")
    async with connection.transaction():
        if await connection.fetchval("SELECT total FROM visits") == 0:
            await connection.execute(sql)
        # Also when there was something: a database that is emptied later by hand is meant to be empty.
        await connection.execute(
            "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", _SEED_VERSION, "seed.sql"
        )
