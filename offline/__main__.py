"""The command line: `python -m offline preview --stack dev`."""

import argparse
import contextlib
import gc
import io
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from offline.load import add_load
from offline.plain import Parser, plain

HERE = Path(__file__).resolve().parent.parent
CLEAN, REFUSED, WRONG_USAGE = 0, 1, 2
QUIET_SECONDS = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 if all is well; 1 if the settings, the program or a mandatory rule say no; 2 if it was called wrongly.
    """
    options = _parser().parse_args(arguments)
    try:
        with _progress(options):
            text, code = _preview(options)
    except KeyboardInterrupt:
        _tell("interrupted")
        return 130
    _write(text)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m offline",
        description="Shows what a stack's program would deploy: no engine, no network, no account.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    preview = commands.add_parser(
        "preview",
        help="show the whole plan of a stack",
        description="Evaluates the program with the stack's own file and shows every resource, what the policy finds, "
        "and what changes against a git revision.",
        epilog="exit code: 0 clean; 1 invalid settings, a failing program or a mandatory finding; 2 wrong usage",
    )
    preview.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")
    preview.add_argument(
        "--format",
        choices=("text", "json", "md"),
        default="text",
        help="text for people, json for programs, md for comments",
    )
    preview.add_argument("--against", metavar="REF", help="compare with the program at a git branch, tag or commit")
    add_load(preview)
    preview.add_argument("--project", metavar="DIR", type=Path, default=HERE, help="the project's directory (this one)")
    preview.add_argument("--verbose", action="store_true", help="show the traceback of a failing program")
    preview.add_argument("--quiet", action="store_true", help="show no progress")
    return parser


def _preview(options: argparse.Namespace) -> tuple[str, int]:
    import pulumi

    from offline.evaluate import ProgramError
    from offline.projectfile import NoProjectError
    from offline.stackfile import StackFileError, UnknownStackError
    from offline.wire import SECRET

    try:
        return _report(options)
    except UnknownStackError as error:
        return _failure(options, "unknown-stack", str(error), WRONG_USAGE)
    except NoProjectError as error:
        return _failure(options, "no-project", str(error), WRONG_USAGE)
    except _UsageError as error:
        return _failure(options, "usage", str(error), WRONG_USAGE)
    except (StackFileError, pulumi.RunError) as error:
        problems = [vars(problem) for problem in getattr(error, "problems", ())]
        hidden = any(SECRET in problem["value"] for problem in problems)
        note = f"\n  note: {SECRET} is what must not be shown; encrypted, it cannot be read here" if hidden else ""
        return _failure(options, "settings", f"{error}{note}", REFUSED, problems)
    except ProgramError as error:
        _details(options, error.details)
        return _failure(options, "program", f"the program failed: {error}", REFUSED)
    except Exception as error:
        # Nobody who calls a preview should have to read a traceback of it.
        _details(options, traceback.format_exc())
        message = f"the preview itself failed, which is a defect of it: {type(error).__name__}: {error}"
        return _failure(options, "preview", message, REFUSED)


class _UsageError(Exception):
    """Called wrongly."""


def _report(options: argparse.Namespace) -> tuple[str, int]:
    from offline.against import NoRevisionError
    from offline.gather import gather
    from policy.model import DayError

    try:
        report = gather(options.project.resolve(), options.stack, options.against, options.load)
    except (NoRevisionError, DayError) as error:
        raise _UsageError(str(error)) from None
    return _rendered(report, options.format), REFUSED if report.refused else CLEAN


def _rendered(report: Any, kind: str) -> str:
    if kind == "json":
        return json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n"
    if kind == "md":
        from offline import markdown

        return markdown.render(report)
    return _on_terminal(report)


def _on_terminal(report: Any) -> str:
    from rich.console import Console

    from offline import render

    terminal = sys.stdout.isatty()
    colour = (terminal and not os.environ.get("NO_COLOR")) or bool(os.environ.get("FORCE_COLOR"))
    width = os.get_terminal_size(sys.stdout.fileno()).columns if terminal else 100
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=max(width, 40),
        force_terminal=colour,
        no_color=not colour,
        highlight=False,
        legacy_windows=False,
    )
    render.show(report, console)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _failure(
    options: argparse.Namespace, kind: str, message: str, code: int, problems: Sequence[dict[str, str]] = ()
) -> tuple[str, int]:
    if options.format == "json":
        error: dict[str, Any] = {"kind": kind, "message": message, "problems": list(problems)}
        return json.dumps({"stack": options.stack, "error": error}, indent=2) + "\n", code
    _tell(f"{_headline(options, kind)}{message}")
    if options.format == "md":
        fence = "`" * 4
        return f"### Preview of `{ascii(options.stack)[1:-1]}` refused\n\n{fence}\n{message}\n{fence}\n", code
    return "", code


def _headline(options: argparse.Namespace, kind: str) -> str:
    return f"Stack {ascii(options.stack)[1:-1]} is refused: " if kind in ("settings", "program") else "error: "


def _details(options: argparse.Namespace, details: str) -> None:
    if options.verbose:
        _tell(details.rstrip())
    else:
        _tell(f"(python -m offline preview --stack {ascii(options.stack)[1:-1]} --verbose shows the traceback)")


def _tell(text: str) -> None:
    sys.stderr.write(f"{plain(text)}\n")


def _write(text: str) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows no box-drawing characters still gets all the words.
        sys.stdout.reconfigure(errors="replace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, e.g. `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _tell(f"error: the preview cannot be written: {error.strerror}")
        _leave(1)


def _stopped(*_: object) -> NoReturn:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _progress(options: argparse.Namespace) -> Iterator[None]:
    """Says on stderr what is going on, once it takes longer than a moment."""
    if options.quiet:
        yield
        return
    also = f" and {options.against}" if options.against else ""
    line = f"Evaluating {ascii(options.stack)[1:-1]}{ascii(also)[1:-1]} ..."
    terminal = sys.stderr.isatty()
    shown = threading.Event()

    def say() -> None:
        shown.set()
        sys.stderr.write(line if terminal else f"{line}\n")
        sys.stderr.flush()

    timer = threading.Timer(QUIET_SECONDS, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if shown.is_set() and terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _leave(code: int) -> NoReturn:
    # Taking a thousand loaded modules down one by one takes a quarter of a second.
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    # Everything lives until the end anyway; looking for garbage costs a fifth of the time.
    gc.disable()
    signal.signal(signal.SIGTERM, _stopped)
    _leave(main())
