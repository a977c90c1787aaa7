"""Stacks that a stack refers to: without a cloud, their outputs are what their own plans say."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from offline import stackfile
from offline.evaluate import evaluate
from offline.plan import Plan


def evaluate_with_references(
    project_dir: Path, stack: str, config: Mapping[str, str] | None = None, *, unknowns: bool = False
) -> Plan:
    """Evaluate a stack, and first those stacks of the same project whose outputs it asks for.

    A stack without a file, or one that refers back, is not evaluated: its outputs stay unknown.

    Args:
        project_dir: as for `evaluate`.
        stack: as for `evaluate`.
        config: as for `evaluate`; the stacks that are referred to are evaluated with their files.
        unknowns: as for `evaluate`, of this stack only: what others have deployed is known.

    Raises:
        StackFileError, pulumi.RunError, ProgramError: as `evaluate`, of this stack or one that it refers to.
    """
    return _evaluate(project_dir.resolve(), stack, config, unknowns, frozenset({stack}))


def _evaluate(
    project_dir: Path, stack: str, config: Mapping[str, str] | None, unknowns: bool, on_the_way: frozenset[str]
) -> Plan:
    plan = evaluate(project_dir, stack, config, unknowns=unknowns)
    outputs: dict[str, Mapping[str, Any]] = {}
    for reference in plan.unresolved:
        project, _, other = reference.rpartition("/")
        if (
            project.rpartition("/")[2] in ("", plan.project)
            and other not in on_the_way
            and _has_file(project_dir, other)
        ):
            outputs[reference] = _evaluate(project_dir, other, None, False, on_the_way | {other}).outputs
    return evaluate(project_dir, stack, config, unknowns=unknowns, stack_outputs=outputs) if outputs else plan


def _has_file(project_dir: Path, stack: str) -> bool:
    try:
        stackfile.file_of(project_dir, stack)
    except stackfile.UnknownStackError:
        return False
    return True
