"""Round after round: what the provisioner does when something fails, and what it says of it."""

import asyncio
import json
import logging

import asyncpg
import pytest
from helloworld.logs import JsonFormatter
from helloworld.provision import loop as loop_module
from helloworld.provision.databases import Databases
from helloworld.provision.loop import Loop
from helloworld.provision.names import Names
from provision_harness import Environment
from state_harness import PATIENCE_SECONDS, until


def test_nothing_is_dropped_while_the_api_does_not_answer(environment: Environment) -> None:
    async def scenario() -> None:
        await environment.round(f"{environment.prefix}1")
        environment.cluster.existing = None
        with pytest.raises(ExceptionGroup):
            await environment.loop().round()
        assert await environment.databases() == {"", "-pr-1"}

    asyncio.run(scenario())


def test_one_review_that_fails_is_told_of_and_leaves_the_probe_open(
    environment: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        await environment.server.execute(f'CREATE DATABASE "{environment.prefix}1"')
        environment.cluster.existing = {f"{environment.prefix}1"}
        running = asyncio.create_task(environment.loop().run())
        await until(environment.probe.is_open)
        # The longest that a failing round leaves it open, and some more.
        await asyncio.sleep(0.5)
        assert environment.probe.is_open()
        running.cancel()
        await environment.probe.close()

    asyncio.run(scenario())
    reasons = [json.loads(JsonFormatter().format(record))["reasons"] for record in caplog.records]
    # Once, however often it fails.
    assert len(reasons) == 1
    assert f"cannot make {environment.prefix}1" in reasons[0][0]


def test_another_reason_is_told_though_the_round_before_failed_too(
    environment: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "helloworld.provision")

    async def scenario() -> None:
        failures: list[Exception] = [OSError("first"), OSError("first"), OSError("second")]

        async def connect() -> asyncpg.Connection:
            if failures:
                raise failures.pop(0)
            return await environment.connect()

        loop = Loop(connect, Names([environment.base], None), environment.cluster, environment.probe, 0.01)
        running = asyncio.create_task(loop.run())
        await until(environment.probe.is_open)
        running.cancel()
        await environment.probe.close()

    asyncio.run(scenario())
    told = [(record.message, record.__dict__.get("fields", {}).get("reasons")) for record in caplog.records]
    rounds = [one for one in told if "round" in one[0]]
    assert rounds == [
        ("a round failed", ["OSError: first"]),
        ("a round failed", ["OSError: second"]),
        ("rounds succeed again", None),
    ]


def test_a_round_that_does_not_end_is_given_up(
    environment: Environment, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "_ROUND_SECONDS", 0.3)

    async def scenario() -> None:
        async def hang() -> set[str]:
            monkeypatch.undo()
            await asyncio.sleep(60)
            return set()

        monkeypatch.setattr(environment.cluster, "names", hang)
        running = asyncio.create_task(environment.loop().run())
        await until(environment.probe.is_open)
        running.cancel()
        await environment.probe.close()

    asyncio.run(scenario())
    assert json.loads(JsonFormatter().format(caplog.records[0]))["reasons"] == ["TimeoutError: no answer in time"]


def test_who_finds_another_at_work_says_so_once_and_does_nothing(
    environment: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "helloworld.provision")

    async def scenario() -> None:
        other = await environment.connect()
        assert await Databases(other).lock()
        loop = environment.loop()
        for _ in range(3):
            await loop.round()
        assert await environment.databases() == set()
        await other.close()
        await loop.round()
        assert await environment.databases() == {""}

    asyncio.run(scenario())
    assert [record.message for record in caplog.records if "another" in record.message] == [
        "another provisioner is at work; this one does nothing until that one is done"
    ]


def test_one_name_that_fails_does_not_keep_the_others_waiting(environment: Environment) -> None:
    async def scenario() -> None:
        # The master may not give a database to a role that is a superuser's.
        await environment.server.execute(f'CREATE ROLE "{environment.base}-owner" SUPERUSER')
        with pytest.raises(ExceptionGroup):
            await environment.round(f"{environment.prefix}1")
        assert await environment.databases() == {"-pr-1"}

    asyncio.run(scenario())


def test_two_provisioners_at_once_do_not_disturb_each_other(environment: Environment) -> None:
    async def scenario() -> None:
        names = [f"{environment.prefix}{number}" for number in range(1, 5)]
        await asyncio.gather(*(environment.round(*names) for _ in range(4)))
        await environment.round(*names)
        assert await environment.databases() == {"", *(f"-pr-{number}" for number in range(1, 5))}
        await asyncio.gather(*(environment.round() for _ in range(4)))
        await environment.round()
        assert await environment.databases() == {""}

    asyncio.run(scenario())


def test_the_probe_answers_only_while_rounds_succeed(environment: Environment) -> None:
    async def scenario() -> None:
        running = asyncio.create_task(environment.loop().run())

        # As Kubernetes asks.
        async def answers() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", environment.probe.port)
            except OSError:
                return False
            writer.close()
            return True

        async def until_it(should: bool) -> None:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await answers() != should:
                    await asyncio.sleep(0.02)

        await until_it(True)
        environment.cluster.existing = None
        await until_it(False)
        environment.cluster.existing = set()
        await until_it(True)
        running.cancel()
        await environment.probe.close()

    asyncio.run(scenario())
