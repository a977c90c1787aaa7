"""All that a preview has to say of a stack: evaluated, looked over, priced, and compared with a revision."""

import contextlib
from pathlib import Path

from cost.estimate import estimate
from cost.model import DEFAULT_LOAD, Load
from offline import against, diff, stackfile
from offline.references import evaluate_with_references
from offline.report import Report
from policy import rules


def gather(project_dir: Path, stack: str, ref: str | None = None, load: Load = DEFAULT_LOAD) -> Report:
    """Evaluate a stack, and beside it the same stack at a revision.

    Args:
        project_dir: the project's directory, resolved.
        stack: the stack's name.
        ref: a git branch, tag or commit to compare with; none if None.
        load: what the cost is estimated at besides no load.

    Raises:
        UnknownStackError, NoProjectError: there is no such stack, no project.
        NoRevisionError: there is no such revision, or no git.
        DayError: `POLICY_DATE` names no day.
        StackFileError, pulumi.RunError, ProgramError: as `offline.evaluate.evaluate`.
    """
    # Asked before a second process is started for nothing.
    stackfile.file_of(project_dir, stack)
    baseline = difference = before = None
    with contextlib.ExitStack() as running:
        if ref is not None:
            revision = against.find(project_dir, ref)
            evaluation = running.enter_context(against.Evaluation(project_dir, revision, stack))
        plan = evaluate_with_references(project_dir, stack)
        findings = rules.check(plan.resources, stack)
        if ref is not None:
            baseline = evaluation.result()
            if baseline.plan is not None:
                difference, before = diff.compare(baseline.plan, plan), estimate(baseline.plan, load)
    return Report(plan, findings, baseline, difference, estimate(plan, load), before)
