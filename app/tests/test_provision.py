"""Databases come and go with their namespaces, and nobody sees another's: the provisioner against a real PostgreSQL."""

import asyncio
import json
import logging

import asyncpg
import pytest
from helloworld.logs import JsonFormatter
from helloworld.provision.databases import owner_of, quoted
from provision_harness import Environment


def test_each_name_gets_a_database_of_its_own_in_which_its_user_may_make_tables(environment: Environment) -> None:
    async def scenario() -> None:
        await environment.round(f"{environment.prefix}7", "kube-system")
        assert await environment.databases() == {"", "-pr-7"}
        for name in (environment.base, f"{environment.prefix}7"):
            connection = await environment.connect(name, name)
            await connection.execute("CREATE TABLE mine (id int); INSERT INTO mine VALUES (1); DROP TABLE mine")
            await connection.close()

    asyncio.run(scenario())


def test_nobody_connects_to_a_database_that_is_not_their_own(environment: Environment) -> None:
    async def scenario() -> None:
        one, two = f"{environment.prefix}1", f"{environment.prefix}2"
        await environment.round(one, two)
        assert await environment.may_connect(one, one)
        for database in (two, environment.base, "postgres", "template1"):
            assert not await environment.may_connect(one, database)
        assert not await environment.may_connect(environment.base, one)

    asyncio.run(scenario())


def test_a_user_is_no_more_than_a_user(environment: Environment) -> None:
    async def scenario() -> None:
        await environment.round()
        connection = await environment.connect(environment.base, environment.base)
        for statement in ("CREATE ROLE more", "CREATE DATABASE more", f"DROP DATABASE {quoted(environment.base)}"):
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ObjectInUseError)):
                await connection.execute(statement)
        await connection.close()
        owner = owner_of(environment.base)
        login = "SELECT rolcanlogin FROM pg_roles WHERE rolname = '{}'"
        assert await environment.server.fetchval(login.format(environment.base)) is True
        assert await environment.server.fetchval(login.format(owner)) is False

    asyncio.run(scenario())


def test_the_user_logs_in_by_iam_where_the_server_has_it_and_the_master_does_not(environment: Environment) -> None:
    # RDS refuses the master's password once it is a member of rds_iam, through whatever role.
    async def scenario() -> None:
        grant = f"GRANT rds_iam TO {environment.master} WITH ADMIN OPTION"
        await environment.server.execute("CREATE ROLE rds_iam", grant)
        has = "SELECT pg_has_role('{}', '{}', '{}')"
        try:
            await environment.round()
            user, owner, master = environment.base, owner_of(environment.base), environment.master
            assert await environment.server.fetchval(has.format(user, "rds_iam", "MEMBER"))
            assert await environment.server.fetchval(has.format(master, owner, "USAGE"))
            assert not await environment.server.fetchval(has.format(owner, "rds_iam", "MEMBER"))
            assert not await environment.server.fetchval(has.format(master, user, "USAGE"))
        finally:
            await environment.server.execute("DROP ROLE rds_iam")

    asyncio.run(scenario())


def test_a_second_round_does_nothing(environment: Environment, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "helloworld.provision")
    asyncio.run(environment.round(f"{environment.prefix}7"))
    done = [json.loads(JsonFormatter().format(record)) for record in caplog.records]
    assert ("made database", environment.base) in {(line["message"], line["name"]) for line in done}
    caplog.clear()
    asyncio.run(environment.round(f"{environment.prefix}7"))
    assert caplog.records == []


def test_what_was_half_done_is_done(environment: Environment) -> None:
    async def scenario() -> None:
        connection = await environment.connect()
        await connection.execute(f'CREATE ROLE "{environment.base}" LOGIN')
        await connection.close()
        await environment.round()
        assert await environment.may_connect(environment.base, environment.base)

    asyncio.run(scenario())


def test_a_database_goes_with_its_namespace_though_somebody_is_connected(environment: Environment) -> None:
    async def scenario() -> None:
        one, two = f"{environment.prefix}1", f"{environment.prefix}2"
        await environment.round(one, two)
        connection = await environment.connect(one, one)
        await connection.execute("CREATE TABLE mine (id int)")
        await environment.round(two)
        assert await environment.databases() == {"", "-pr-2"}
        assert await environment.roles() == {"", "-owner", "-pr-2", "-pr-2-owner"}
        connection.terminate()

    asyncio.run(scenario())


def test_what_is_not_ours_is_never_dropped(environment: Environment) -> None:
    async def scenario() -> None:
        names = ["x", f"{environment.base}-pr-", f"{environment.base}-pr-07", f"{environment.base}-pr-1x"]
        foreign = [name if name.startswith("h") else environment.base + name for name in names]
        for name in foreign:
            await environment.server.execute(f'CREATE DATABASE "{name}"')
        # Even with a review's very name, a database of somebody else's stays.
        await environment.server.execute(f'CREATE DATABASE "{environment.prefix}9"')
        await environment.round(f"{environment.prefix}1")
        await environment.round()
        left = await environment.databases()
        assert "-pr-1" not in left
        assert left == {"", "-pr-9", *(name.removeprefix(environment.base) for name in foreign)}

    asyncio.run(scenario())


def test_a_database_that_was_half_dropped_is_made_anew(environment: Environment) -> None:
    async def scenario() -> None:
        name = f"{environment.prefix}1"
        await environment.round(name)
        # What PostgreSQL leaves where a drop is cut short.
        await environment.server.execute(f"UPDATE pg_database SET datconnlimit = -2 WHERE datname = '{name}'")
        with pytest.raises(asyncpg.PostgresError, match="invalid database"):
            await environment.connect(name, name)
        await environment.round(name)
        assert await environment.may_connect(name, name)

    asyncio.run(scenario())


def test_a_database_of_somebody_else_is_left_alone_and_told_of(environment: Environment) -> None:
    async def scenario() -> None:
        await environment.server.execute(f'CREATE DATABASE "{environment.base}"')
        with pytest.raises(ExceptionGroup) as failed:
            await environment.round()
        (error,) = failed.value.exceptions
        assert str(error).startswith(
            f"cannot make {environment.base} (OwnerError: the database {environment.base} belongs"
        )
        assert f'ALTER DATABASE "{environment.base}" OWNER TO "{environment.base}-owner"' in str(error)

    asyncio.run(scenario())
