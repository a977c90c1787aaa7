"""The command line: `python -m delivery --help`."""

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Protocol, TextIO, cast

from delivery.console import Console
from delivery.context import Context
from delivery.interruption import STOPPING
from delivery.problems import DeliveryError, UsageError
from delivery.redaction import Redactor, secrets_of
from offline.plain import Parser

HERE = Path(__file__).resolve().parent.parent
FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
CODES = (
    "exit code: 0 done, and all is well; 1 failed, or something is not as it should be, with why and what to do; "
    "2 wrong usage; 130 interrupted"
)


@dataclass(frozen=True)
class _Command:
    """What a command does. Its module is named after it, has its `add_arguments` and `run`, and is imported on call."""

    help: str
    description: str = ""


COMMANDS: Mapping[str, _Command] = {
    "preflight": _Command(
        "ask what would stop a stack's first update",
        "Credentials, roles, region, versions, quotas, names, networks and the zone's delegation: a line each, with "
        "its cure. Changes nothing.",
    ),
    "deploy": _Command(
        "deploy a stack as the checkout has it, and test it",
        "Builds the image if there is none of this source, updates the stack as its deploy role, and tests its "
        "address. If the test fails, the image that ran before comes back, and the command fails.",
    ),
    "promote": _Command(
        "roll out on one stack the very image that another one runs",
        "Infrastructure goes with it, as the checkout has it. Nothing is built. If the test fails, the image that ran "
        "before comes back, and the command fails.",
    ),
    "rollback": _Command(
        "go back to an image that ran before",
        "Takes a release from the stack's own history of successful updates. Nothing is built. What is left that way "
        "is not gone back to by a later `rollback` without --to.",
    ),
    "smoke": _Command(
        "look whether a stack answers as it should",
        "Status, version, certificate and redirect; each is told on a line. Asks until all hold or the time is over.",
    ),
    "destroy": _Command(
        "delete everything in a stack",
        "The review environments on its cluster go first. What is protected, production or has some of those goes only "
        "once its name was typed. Ends with what AWS still has of it. Again after any interruption goes on.",
    ),
    "residue": _Command(
        "tell what AWS still has of a stack",
        "Asks the tagging API and the services themselves. Changes nothing.",
    ),
    "unlock": _Command(
        "remove the lock that a killed update has left",
        "Only if no update of the stack runs anywhere: it would go on without its lock.",
    ),
    "preview": _Command(
        "preview a stack on the engine",
        "Compares the program with the stack and writes .reports/preview-NAME.md and .txt. Needs the account; "
        "`python -m offline preview` does not.",
    ),
    "up": _Command("deploy to the current kubectl context (stack local)"),
    "local-check": _Command("deploy, test, break, recover and destroy a local stack"),
    "summary": _Command("preview dev and prod offline, with findings, into .reports/check.md"),
    "comment": _Command("put the reports into the one comment of a pull request"),
    "review": _Command("make or update the review environment of a pull request"),
    "review-destroy": _Command("delete the review environment of a pull request"),
    "review-sweep": _Command("delete review environments that are closed or too old"),
    "drift": _Command("compare cloud and program, and keep one issue about it"),
    "targets": _Command("print as JSON what a push to a branch deploys"),
    "bootstrap": _Command("make what an account needs once: state, key, roles"),
}


def main(
    arguments: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Run one command.

    Args:
        arguments: of the command line; None: this process's.
        environ: the environment; None: this process's.
        out: for what is done; None: stdout.
        err: for warnings and errors; None: stderr.

    Returns:
        0 if it is done, 1 if it failed, 2 if it was called wrongly, 130 if it was interrupted. What the parser refuses
        exits with 2.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    environment = dict(os.environ if environ is None else environ)
    console = Console(out or sys.stdout, err or sys.stderr, Redactor(secrets_of(environment)))
    options = _parser(given).parse_args(given)
    context = Context(project=options.project.resolve(), environ=environment, console=console)
    try:
        return int(_module(options.command).run(context, options))
    except DeliveryError as error:
        console.fail(str(error))
        return WRONG_USAGE if isinstance(error, UsageError) else FAILED
    except KeyboardInterrupt as error:
        console.fail(str(error) or "interrupted; the engine was not running, so it has left no lock")
        return INTERRUPTED
    except Exception as error:
        # Whoever deploys should not have to read a traceback of it, and one may show more than it should.
        if options.verbose:
            console.warn(traceback.format_exc())
        console.fail(
            f"{options.command} itself failed, which is a defect of it: {type(error).__name__}: {error}\n"
            "  cure: call it again with --verbose (python -m delivery ...) and report the traceback"
        )
        return FAILED


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m delivery",
        description="Delivers the service: deploy, promote, roll back, review environments, drift. "
        "Each command is a make target, too (`make help`).",
        epilog=CODES,
    )
    parser.add_argument("--project", metavar="DIR", type=Path, default=HERE, help="the project's directory (this one)")
    parser.add_argument("--verbose", action="store_true", help="show the traceback of a defect")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        described = f"{command.help[0].upper()}{command.help[1:]}. {command.description}".strip()
        subparser = commands.add_parser(name, help=command.help, description=described, epilog=CODES)
        # Only the one that is called is imported: the engine's SDK takes half a second.
        if name in given:
            _module(name).add_arguments(subparser)
    return parser


class _Module(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, context: Context, options: argparse.Namespace) -> int: ...


def _module(command: str) -> _Module:
    return cast(_Module, importlib.import_module(f"delivery.{command.replace('-', '_')}"))


def _stopped(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # As Ctrl-C, also where a shell has turned that off for what runs in the background.
    for number in STOPPING:
        signal.signal(number, _stopped)
    sys.exit(main())
