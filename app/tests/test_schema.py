"""The schema is brought up to date by whoever starts, and old and new versions live side by side."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from helloworld.logs import JsonFormatter
from helloworld.state import database as database_module
from helloworld.state import schema as schema_module
from helloworld.state.schema import Migration, MigrationError, migrate, packaged_migrations
from helloworld.state.visits import Count
from postgres_server import PostgresServer, TestDatabase
from service_harness import RunningService
from state_harness import PATIENCE_SECONDS, running_stores, until

ADDITION = Migration(2, "0002_addition.sql", "ALTER TABLE visits ADD COLUMN note text; CREATE TABLE notes (id int)")


async def migrate_with(database: TestDatabase, migrations: list[Migration]) -> None:
    connection = await database.server.admin(database.name)
    try:
        await migrate(connection, migrations, seed=False)
    finally:
        connection.terminate()


def test_migrations_are_numbered_without_gaps() -> None:
    migrations = packaged_migrations()
    assert [migration.version for migration in migrations] == list(range(1, len(migrations) + 1))
    assert all(re.fullmatch(r"\d{4}_[a-z_]+\.sql", migration.name) for migration in migrations)


@pytest.mark.parametrize("migration", packaged_migrations(), ids=lambda migration: migration.name)
def test_migrations_only_add_because_the_version_before_still_serves(migration: Migration) -> None:
    sql = re.sub(r"--.*", "", migration.sql).upper()
    assert "CREATE" in sql or "ALTER" in sql
    assert not re.search(r"\b(DROP|RENAME|TRUNCATE|DELETE|SET NOT NULL|ALTER COLUMN|CONCURRENTLY|COMMIT)\b", sql)


def test_processes_that_start_at_once_on_an_empty_database_migrate_it_once(
    database: TestDatabase, start: Callable[..., RunningService]
) -> None:
    services = [start(DATABASE_URL=database.url(), SHUTDOWN_DELAY_SECONDS=0) for _ in range(3)]
    for service in services:
        assert service.get("/")[0] == 200
        service.terminate()
    assert [service.wait(PATIENCE_SECONDS) for service in services] == [0, 0, 0]
    assert asyncio.run(database.total()) == 3
    assert asyncio.run(database.fetchval("SELECT count(*) FROM schema_migrations")) == len(packaged_migrations())


def test_many_connections_migrate_at_once(database: TestDatabase) -> None:
    async def scenario() -> None:
        migrations = [*packaged_migrations(), ADDITION]
        await asyncio.gather(*(migrate_with(database, migrations) for _ in range(12)))
        assert await database.fetchval("SELECT count(*) FROM schema_migrations") == len(migrations)

    asyncio.run(scenario())


def test_old_code_carries_on_with_a_newer_schema(database: TestDatabase) -> None:
    async def scenario() -> None:
        async with running_stores(database_url=database.url()) as old:
            assert await old.visits.count() == Count(1, "database")
            await migrate_with(database, [*packaged_migrations(), ADDITION])
            assert await old.visits.count() == Count(2, "database")
        async with running_stores(database_url=database.url()) as old_again:
            assert await old_again.visits.count() == Count(3, "database")

    asyncio.run(scenario())


def test_a_migration_that_fails_leaves_no_trace_and_those_before_it_stay(database: TestDatabase) -> None:
    async def scenario() -> None:
        broken = Migration(3, "0003_broken.sql", "CREATE TABLE half (id int); SELECT 1/0")
        with pytest.raises(MigrationError, match=r"0003_broken\.sql .*division by zero"):
            await migrate_with(database, [*packaged_migrations(), ADDITION, broken])
        assert await database.fetchval("SELECT to_regclass('notes')") is not None
        assert await database.fetchval("SELECT to_regclass('half')") is None
        assert await database.fetchval("SELECT max(version) FROM schema_migrations") == ADDITION.version
        await migrate_with(database, [*packaged_migrations(), ADDITION, broken._replace(sql="CREATE TABLE half ()")])
        assert await database.fetchval("SELECT to_regclass('half')") is not None

    asyncio.run(scenario())


def test_a_migration_does_not_queue_up_the_version_that_serves(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_module, "_LOCK_TIMEOUT", "300ms")

    async def scenario() -> None:
        await migrate_with(database, packaged_migrations())
        # A long report in another session, behind which ALTER TABLE has to wait, and everybody behind that.
        report = await database.server.admin(database.name)
        await report.execute("BEGIN; SELECT * FROM visits")
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(MigrationError, match=r"0002_addition\.sql .*lock timeout"):
                await migrate_with(database, [*packaged_migrations(), ADDITION])
        report.terminate()

    asyncio.run(scenario())


def test_a_record_of_migrations_that_is_locked_is_an_outage_that_says_so(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(schema_module, "_LOCK_TIMEOUT", "200ms")

    async def scenario() -> None:
        async with running_stores(database_url=database.url()) as stores:
            await stores.visits.count()
        blocker = await database.server.admin(database.name)
        await blocker.execute("BEGIN; LOCK TABLE schema_migrations")
        async with running_stores(database_url=database.url()) as stores:
            await until(lambda: stores.conditions()["database"] == "unavailable")
            blocker.terminate()
            assert (await stores.visits.count()).visits is None
            await until(lambda: stores.visits.pending == 0)

    asyncio.run(scenario())
    assert "lock timeout" in json.loads(JsonFormatter().format(caplog.records[0]))["reason"]


def test_who_waits_for_another_to_migrate_waits_longer_than_for_a_table(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(schema_module, "_LOCK_TIMEOUT", "100ms")

    async def scenario() -> None:
        other = await database.server.admin(database.name)
        await other.execute("SELECT pg_advisory_lock($1)", schema_module._LOCK)
        async with running_stores(database_url=database.url()) as stores:
            await asyncio.sleep(0.4)
            assert stores.conditions()["database"] == "connecting"
            other.terminate()
            assert await stores.visits.count() == Count(1, "database")

    asyncio.run(scenario())
    assert caplog.records == []


def test_a_process_that_falls_silent_while_it_migrates_does_not_keep_the_others_out(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fall_silent(connection: Any, *_: object) -> None:
        await connection.execute("SELECT pg_advisory_lock($1)", schema_module._LOCK)
        silent.set()
        await asyncio.sleep(60)

    silent = asyncio.Event()
    monkeypatch.setitem(database_module._MIGRATION_SETTINGS, "idle_session_timeout", "300ms")

    async def scenario() -> None:
        monkeypatch.setattr(database_module, "migrate", fall_silent)
        async with running_stores(closing_seconds=0, database_url=database.url()):
            await silent.wait()
            monkeypatch.setattr(database_module, "migrate", migrate)
            async with running_stores(database_url=database.url()) as stores:
                assert await stores.visits.count() == Count(1, "database")

    asyncio.run(scenario())


def test_an_empty_database_is_seeded_once(database: TestDatabase) -> None:
    async def scenario() -> None:
        async with running_stores(database_url=database.url(), database_seed=True) as stores:
            seeded = (await stores.visits.look()).visits
            assert seeded
        await database.execute("UPDATE visits SET total = 0")
        async with running_stores(database_url=database.url(), database_seed=True) as stores:
            assert await stores.visits.look() == Count(0, "database")

    asyncio.run(scenario())


def test_a_database_that_has_counted_is_not_seeded(database: TestDatabase) -> None:
    async def scenario() -> None:
        async with running_stores(database_url=database.url()) as stores:
            await stores.visits.count()
        async with running_stores(database_url=database.url(), database_seed=True) as stores:
            assert await stores.visits.look() == Count(1, "database")

    asyncio.run(scenario())


def test_instances_that_are_long_gone_are_forgotten(database: TestDatabase) -> None:
    async def scenario() -> None:
        for _ in range(2):
            async with running_stores(database_url=database.url()) as stores:
                await stores.visits.count()
        assert await database.fetchval("SELECT count(*) FROM visit_writers") == 2
        await database.execute("UPDATE visit_writers SET written_at = now() - interval '31 days'")
        async with running_stores(database_url=database.url()) as stores:
            await until(lambda: stores.conditions()["database"] == "ok")
        assert await database.fetchval("SELECT count(*) FROM visit_writers") == 0

    asyncio.run(scenario())


def test_what_nobody_waits_for_any_more_ends_on_the_server_too(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "COMMAND_SECONDS", 0.3)

    async def scenario() -> None:
        async with running_stores(database_url=database.url()) as stores:
            await stores.visits.count()
            blocker = await database.server.admin(database.name)
            await blocker.execute("BEGIN; LOCK TABLE visits")
            await stores.visits.count()
            await until(lambda: stores.conditions()["database"] == "unavailable")
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await database.fetchval(waiting):
                    await asyncio.sleep(0.05)
            blocker.terminate()
            await until(lambda: stores.visits.pending == 0)
        assert await database.total() == 2

    asyncio.run(scenario())


def test_a_server_without_room_is_an_outage_and_no_crash(postgres: PostgresServer, database: TestDatabase) -> None:
    async def scenario() -> None:
        await postgres.execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT 0")
        async with running_stores(database_url=database.url()) as stores:
            await until(lambda: stores.conditions()["database"] == "unavailable")
            assert (await stores.visits.count()).visits is None
            await postgres.execute(f"ALTER DATABASE {database.name} CONNECTION LIMIT -1")
            await until(lambda: stores.visits.pending == 0)

    asyncio.run(scenario())
