"""The modelled time to create a stack, printed step by step."""

from collections.abc import Iterator
from pathlib import Path

from bench import creation_times
from bench.creation import Creation, model
from bench.figures import Figure, Lines

PROJECT = Path(__file__).parent.parent
STACKS = ("dev", "prod")
SHOWN = 3


def measure() -> Lines:
    """Of dev and of prod."""
    from offline.references import evaluate_with_references

    times = creation_times.load()
    yield f"  published creation times of {times.dated} along the plan, until the service is reached"
    creations = {stack: model(evaluate_with_references(PROJECT, stack), times) for stack in STACKS}
    for stack, creation in creations.items():
        yield Figure(
            what=f"creating {stack}",
            measured=creation.seconds / 60,
            than="the unavoidable chain",
            base=creation.unavoidable / 60,
            unit="minutes",
        )
        same = stack != "dev" and creation.path == creations["dev"].path
        yield from ["  as dev"] if same else _path(creation)
        yield from _meanwhile(creation)


def _path(creation: Creation) -> Iterator[str]:
    for step in creation.path:
        beside = "  (no link of the chain)" if step in creation.besides else ""
        yield f"  {_clock(step.begin)} to {_clock(step.end)}  {step.name}{beside}"


def _meanwhile(creation: Creation) -> Iterator[str]:
    longest = sorted((step for step in creation.steps if step not in creation.path), key=lambda step: -step.seconds)
    for step in longest[:SHOWN]:
        yield f"  meanwhile {step.name}, {_clock(step.seconds)}; it could take {_clock(step.slack)} longer"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
