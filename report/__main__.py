"""The command line: `python -m report --stack dev`."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from offline.load import add_load
from offline.plain import Parser, plain

HERE = Path(__file__).resolve().parent.parent
DONE, REFUSED, WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page about a stack, or only its picture, and print where it is.

    Returns:
        0 if it is written, whatever the policy finds: to look at that is what it is for. 1 if settings or program say
        no, or the file cannot be written; 2 if it was called wrongly.
    """
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m report",
        description="Writes one HTML file about a stack: architecture, cost, findings, permissions, resources, "
        "manifests, and what changes against a git revision. It needs no network, no account, and no other file.",
        epilog="exit code: 0 written; 1 invalid settings, a failing program or no place to write; 2 wrong usage",
    )
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")
    parser.add_argument("--against", metavar="REF", help="compare with the program at a git branch, tag or commit")
    add_load(parser)
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--out", metavar="FILE", type=Path, help="where the page goes (.reports/NAME.html)")
    target.add_argument("--picture", metavar="FILE", type=Path, help="write only the architecture, as SVG")
    parser.add_argument("--project", metavar="DIR", type=Path, default=HERE, help="the project's directory (this one)")
    return parser


def _run(options: argparse.Namespace) -> int:
    import pulumi

    from offline.against import NoRevisionError
    from offline.evaluate import ProgramError
    from offline.projectfile import NoProjectError
    from offline.stackfile import StackFileError, UnknownStackError
    from policy.model import DayError

    project = options.project.resolve()
    try:
        text = _text(options, project)
    except (UnknownStackError, NoProjectError, NoRevisionError, DayError) as error:
        _tell(f"error: {error}")
        return WRONG_USAGE
    except (StackFileError, pulumi.RunError, ProgramError) as error:
        _tell(f"Stack {ascii(options.stack)[1:-1]} is refused: {error}")
        return REFUSED
    target = options.picture or options.out or project / ".reports" / f"{options.stack}.html"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        _tell(f"error: {target} cannot be written: {error.strerror}. Name another file with --out.")
        return REFUSED
    sys.stdout.write(f"{plain(str(target))}\n")
    return DONE


def _text(options: argparse.Namespace, project: Path) -> str:
    # Only here: a wrong call should not wait for the SDK.
    from offline.gather import gather
    from offline.references import evaluate_with_references
    from report import page
    from report.checkout import checkout

    if options.picture:
        return page.picture(evaluate_with_references(project, options.stack))
    return page.render(gather(project, options.stack, options.against, options.load), checkout(project))


def _tell(text: str) -> None:
    sys.stderr.write(f"{plain(text)}\n")


if __name__ == "__main__":
    # As the offline preview does: everything lives until the end, and taking a thousand modules down costs time.
    gc.disable()
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
