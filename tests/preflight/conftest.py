"""The fixtures of the tests of preflight."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.conftest import Planner
from tests.preflight.stage import Aws, NameServer, Stage, name_server

# As far as a list of rights goes by what an operation is called.
READS = ("Describe", "Get", "Head", "List")


@pytest.fixture
def aws() -> Iterator[Aws]:
    with mock_aws():
        stage = Aws()
        with stage.playing():
            yield stage
        # Whatever a test was about: nothing is changed.
        assert {name for _, name, _ in stage.asked if not name.startswith(READS) and name != "AssumeRole"} == set()


@pytest.fixture(scope="session")
def dns_server() -> Iterator[NameServer]:
    with name_server() as server:
        yield server


@pytest.fixture
def dns(dns_server: NameServer) -> NameServer:
    dns_server.known.clear()
    dns_server.own.clear()
    dns_server.silent = False
    return dns_server


@pytest.fixture
def stage(aws: Aws, dns: NameServer, planned: Planner) -> Stage:
    return Stage(aws, dns, planned)
