"""When each of many things is done at the earliest, given what waits for what, and what the last one waited for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


class CycleError(ValueError):
    """Things wait for each other in a circle."""


@dataclass(frozen=True)
class Span:
    """When something begins and ends at the earliest, in seconds, and what it began after (None: at once)."""

    begin: float
    end: float
    after: str | None


def earliest(
    needs: Mapping[str, Collection[str]], seconds: Mapping[str, float], preferred: Collection[str] = ()
) -> dict[str, Span]:
    """Lay things out in time, each as soon as all that it needs are done.

    Args:
        needs: what each thing waits for. What is needed and has no row of its own is there from the beginning.
        seconds: how long each takes; what is not named takes none.
        preferred: which are named as what was waited for, where several end together.

    Raises:
        CycleError: they wait for each other in a circle; the message names them.
    """
    spans: dict[str, Span] = {}
    for name in needs:
        _place(name, needs, seconds, preferred, spans)
    return spans


def slack(
    needs: Mapping[str, Collection[str]], seconds: Mapping[str, float], spans: Mapping[str, Span]
) -> dict[str, float]:
    """How many seconds longer each could take without the end being later.

    Args:
        needs: as for `earliest`.
        seconds: as for `earliest`.
        spans: what `earliest` says of them.
    """
    end = max((span.end for span in spans.values()), default=0.0)
    latest = dict.fromkeys(spans, end)
    # `earliest` puts what is needed before what needs it.
    for name in reversed(list(spans)):
        for need in needs[name]:
            if need in latest:
                latest[need] = min(latest[need], latest[name] - seconds.get(name, 0.0))
    return {name: latest[name] - span.end for name, span in spans.items()}


def critical_path(spans: Mapping[str, Span]) -> list[str]:
    """What the end had to wait for, first to last: each began when the one before it was done."""
    if not spans:
        return []
    # Of two that end together either would do; by name, so that the answer is always the same.
    step: str | None = min(spans, key=lambda name: (-spans[name].end, name))
    path: list[str] = []
    while step is not None:
        path.append(step)
        step = spans[step].after
    return path[::-1]


def _place(
    name: str,
    needs: Mapping[str, Collection[str]],
    seconds: Mapping[str, float],
    preferred: Collection[str],
    spans: dict[str, Span],
) -> None:
    """Depth first without recursion, since a chain may be longer than Python's stack."""
    opened: dict[str, None] = {}
    waiting = [name]
    while waiting:
        each = waiting[-1]
        if each in spans:
            waiting.pop()
            continue
        missing = [need for need in sorted(needs[each]) if need in needs and need not in spans]
        if not missing:
            done = [need for need in sorted(needs[each]) if need in spans]
            last = max(done, key=lambda need: (spans[need].end, need in preferred), default=None)
            begin = spans[last].end if last is not None else 0.0
            spans[each] = Span(begin, begin + seconds.get(each, 0.0), last)
            opened.pop(each, None)
            waiting.pop()
            continue
        opened[each] = None
        if circle := [need for need in missing if need in opened]:
            raise CycleError(f"these wait for each other: {', '.join(_circle(opened, circle[0]))}")
        waiting += missing


def _circle(opened: Mapping[str, None], first: str) -> list[str]:
    names = list(opened)
    return names[names.index(first) :]
