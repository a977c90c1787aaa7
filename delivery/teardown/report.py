"""The residue report, as text. Pure."""

from collections.abc import Sequence

from delivery.teardown.things import Looked, Thing


def report(stack: str, looked: Looked) -> list[str]:
    """What is left of a stack: each thing with why it is there, what it costs and how it goes."""
    stays = [each for each in looked.things if each.expected]
    left = [each for each in looked.things if not each.expected]
    if not looked.things and not looked.unasked:
        return [f"Residue of {stack}: nothing is left."]
    if not looked.things:
        head = f"Residue of {stack}: not known in full, {_count(len(looked.unasked), 'question')} without an answer."
        return [head, *_unasked(looked)]
    return [
        f"Residue of {stack}: {_count(len(left), 'thing')} left, {len(stays)} by design"
        + (f", {_count(len(looked.unasked), 'question')} without an answer" if looked.unasked else "")
        + ".",
        *_lines("left", left),
        *_lines("stays by design", stays),
        *_unasked(looked),
    ]


def _unasked(looked: Looked) -> list[str]:
    return [f"  could not ask: {' '.join(each.split())}" for each in looked.unasked]


def _lines(head: str, things: Sequence[Thing]) -> list[str]:
    lines = []
    for each in sorted(things, key=lambda one: (one.kind, one.name)):
        lines += [
            f"  {head}: {each.kind} {each.name}",
            f"    why:   {each.why}",
            f"    costs: {each.costs or 'nothing'}",
            f"    goes:  {each.cure or 'by itself'}",
        ]
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
