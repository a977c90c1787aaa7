"""The fixtures of the tests of a tear-down."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery_stage import OLD, Service, Stage, runs
from tests.teardown.account import KEYS, Account, opened, shared_clients


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with opened(monkeypatch) as found:
        yield found


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def stage(tmp_path: Path, account: Account, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Dev is deployed, and AWS has nothing of it but what a test puts there."""
    monkeypatch.setattr("delivery.teardown.cloud.clients", lambda _, region: shared_clients(region))
    monkeypatch.setattr("delivery.teardown.cloud.Patience", lambda: account.patience)
    made = Stage(tmp_path, Service("http://127.0.0.1:9"))
    made.in_process(monkeypatch)
    made.environ |= KEYS
    runs(made, "dev", OLD)
    return made
