"""What a change does to dev and production, and what the policy finds: the offline previews in one report."""

import argparse
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from delivery import markdown
from delivery.context import Context
from delivery.git import GitError, git
from delivery.reports import REPORTS, write_report
from delivery.workflow_run import append_or_warn
from offline import stackfile
from policy.rules import is_production

STACKS = ("dev", "prod")
REPORT = "check.md"
SECONDS = 300.0
# The steps before this one in a pipeline, and the variable that has the outcome of each.
STEPS = {"lint and types": "CHECK_OUTCOME", "tests": "TEST_OUTCOME"}
SAID = {"success": "passed", "failure": "❌ failed", "cancelled": "cancelled", "skipped": "not run"}
# GitHub takes 1 MiB from a step.
MOST_CHARACTERS = 500_000
FINDINGS = re.compile(r"\*\*(\d{1,9})\*\* mandatory and (\d{1,9}) advisory findings")
CHANGES = re.compile(
    r"\| create \| change \| replace \| delete \| same \|\n\|[-|]+\|\n"
    r"\| (\d{1,9}) \| (\d{1,9}) \| (\d{1,9}) \| (\d{1,9}) \|"
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How the offline preview of a stack ended: its exit code, its Markdown, and what it said besides."""

    stack: str
    code: int
    text: str
    said: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery summary` takes."""
    parser.add_argument("--against", metavar="REF", help="compare with the program at a git branch, tag or commit")


def run(context: Context, options: argparse.Namespace) -> int:
    """Preview dev and production offline and write `.reports/check.md`; and into the job's summary, if it has one.

    Returns:
        0 if all can be deployed as far as that is known; 1 if one is refused, and the report says why.

    Raises:
        DeliveryError: the report cannot be written.
    """
    outcomes = previews(context, _branched_from(context, options.against) if options.against else "")
    text = context.console.redacted(report(outcomes, context.environ))
    write_report(context, REPORT, text)
    short = markdown.fit(text, MOST_CHARACTERS, "**The rest is left out for length.**")
    append_or_warn(context, "GITHUB_STEP_SUMMARY", short)
    for each in outcomes:
        context.console.say(f"{each.stack}: {headline(each)}")
        if each.code:
            context.console.warn(each.said.strip() or f"the preview of {each.stack} failed without a word")
    context.console.say(f"The report is in {REPORTS / REPORT}.")
    return 1 if any(each.code for each in outcomes) else 0


def report(outcomes: list[Outcome], environ: Mapping[str, str]) -> str:
    """The report: a line for each step before and for each stack, then each preview."""
    steps = {name: SAID[environ[variable]] for name, variable in STEPS.items() if environ.get(variable) in SAID}
    stacks = {each.stack: headline(each) for each in outcomes}
    lines = "\n".join(f"- **{name}**: {how}" for name, how in {**steps, **stacks}.items())
    bodies = [markdown.neutral(each.text).strip("\n") or _refused(each) for each in outcomes]
    return "\n\n".join(["## Check", lines, *bodies]) + "\n"


def headline(outcome: Outcome) -> str:
    """What changes and what was found, in a few words."""
    changes, findings = CHANGES.search(outcome.text), FINDINGS.search(outcome.text)
    if not findings:
        return "❌ refused" if outcome.code else "previewed"
    words = []
    if changes:
        counts = zip(("to create", "to change", "to replace", "to delete"), map(int, changes.groups()), strict=True)
        words = [f"{number} {what}" for what, number in counts if number] or ["no change"]
    mandatory, advisory = map(int, findings.groups())
    words.append(f"findings: {mandatory} mandatory, {advisory} advisory" if mandatory + advisory else "no finding")
    return ("❌ refused: " if outcome.code else "") + ", ".join(words)


def _branched_from(context: Context, ref: str) -> str:
    """The commit at which the checkout left `ref`: what others have merged since is not what this change does."""
    try:
        return git(context.project, "merge-base", "--end-of-options", ref, "HEAD", environ=context.environ)
    except GitError:
        # No such revision, or no common history: the preview says so, in better words.
        return ref


def previews(context: Context, against: str, seconds: float = SECONDS) -> list[Outcome]:
    """The offline previews of the stacks, made at the same time."""
    with_ref = [f"--against={against}"] if against else []
    started: dict[str, subprocess.Popen[str]] = {}
    try:
        for stack in stacks_of(context.project):
            command = [
                sys.executable,
                "-m",
                "offline",
                "preview",
                f"--stack={stack}",
                "--format=md",
                "--quiet",
                *with_ref,
            ]
            started[stack] = subprocess.Popen(
                command,
                cwd=context.project,
                env={**context.environ, "PYTHONUTF8": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
            )
        return [_outcome(stack, process, seconds) for stack, process in started.items()]
    finally:
        for process in started.values():
            if process.poll() is None:
                process.kill()
                process.communicate()


def stacks_of(project: Path) -> list[str]:
    """Dev and prod, and prod in other regions, each of which has a file."""
    return [*STACKS, *(each for each in stackfile.stacks(project) if is_production(each) and each not in STACKS)]


def _outcome(stack: str, process: "subprocess.Popen[str]", seconds: float) -> Outcome:
    try:
        text, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return Outcome(
            stack=stack, code=1, text="", said=f"the preview of {stack} took more than {seconds:.0f} seconds"
        )
    return Outcome(stack=stack, code=process.returncode, text=text, said=said)


def _refused(outcome: Outcome) -> str:
    said = outcome.said.strip() or "It failed without a word."
    return f"### Preview of `{outcome.stack}`\n\n{markdown.code(said, 'text')}"
