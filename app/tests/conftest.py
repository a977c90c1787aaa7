"""Fixtures for every test of the service."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from service_harness import PATIENCE_SECONDS, RunningService, Service


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
