"""The modelled time to create a stack, printed step by step."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bench import creation_times
from bench.creation import Creation, model
from bench.figures import Figure, Lines

PROJECT = Path(__file__).parent.parent
# What is off in prod's own file, and would be made besides.
EVERYTHING = {"requestsPerPod": "100"}
SHOWN = 3


def measure() -> Lines:
    """Of dev, of prod, and of prod with every part."""
    from offline import stackfile
    from offline.references import evaluate_with_references

    times = creation_times.load()
    yield f"published creation times of {times.dated} along the plan; from the first call until the service is reached"
    variants: list[tuple[str, str, Mapping[str, str]]] = [
        ("dev", "dev", {}),
        ("prod", "prod", {}),
        ("prod with every part", "prod", EVERYTHING),
    ]
    for title, stack, changes in variants:
        config = dict(stackfile.load(PROJECT, stack).config)
        config |= {f"helloworld:{key}": value for key, value in changes.items()}
        yield from _shown(title, model(evaluate_with_references(PROJECT, stack, config), times))


def _shown(title: str, creation: Creation) -> Iterator[Figure | str]:
    yield Figure(
        what=f"creating {title}",
        measured=creation.seconds / 60,
        than="the unavoidable chain",
        base=creation.unavoidable / 60,
        unit="minutes",
    )
    for step in creation.path:
        beside = "  (no link of the chain)" if step in creation.besides else ""
        yield f"  {_clock(step.begin)} to {_clock(step.end)}  {step.name}{beside}"
    longest = sorted((step for step in creation.steps if step not in creation.path), key=lambda step: -step.seconds)
    for step in longest[:SHOWN]:
        yield f"  meanwhile {step.name}, {_clock(step.seconds)}; it could take {_clock(step.slack)} longer"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
