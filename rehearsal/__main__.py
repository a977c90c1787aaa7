"""The command line: `python -m rehearsal --stack=dev`."""

import argparse
import os
import signal
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from delivery.problems import DeliveryError
from rehearsal import report
from rehearsal.problems import RehearsalError, UsageError

HERE = Path(__file__).resolve().parent.parent
HELD, NOT_HELD, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse a stack.

    Returns:
        0 if every step held; 1 if one did not, or there could be no rehearsal; 2 if it was called wrongly.
    """
    options = _parser().parse_args(arguments)
    try:
        return _rehearse(options)
    except UsageError as error:
        _tell(f"error: {error}")
        return WRONG_USAGE
    except (RehearsalError, DeliveryError) as error:
        _tell(f"error: {error}")
        return NOT_HELD
    except KeyboardInterrupt:
        _tell("interrupted; what the rehearsal made is gone")
        return INTERRUPTED
    except Exception as error:
        # A cluster or a file system can fail in any way, and nobody should have to read a traceback of it.
        _tell(f"error: the rehearsal itself failed: {type(error).__name__}: {' '.join(str(error).split())[:500]}")
        return NOT_HELD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rehearsal",
        description="Lives through the life of a stack without an account: the program on the real Pulumi engine and "
        "the current kubectl context, with stand-ins for AWS and Docker.",
        epilog="exit code: 0 every step held; 1 one did not; 2 wrong usage",
    )
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")
    parser.add_argument(
        "--context-is-throw-away",
        action="store_true",
        help="use the current kubectl context although it is none of kind, k3d, minikube, Docker Desktop, Rancher "
        "Desktop or this machine's",
    )
    return parser


def _rehearse(options: argparse.Namespace) -> int:
    from delivery.engine import pulumi_command
    from delivery.reports import REPORTS
    from rehearsal import life, stage, steps

    begin = time.monotonic()
    life_steps = steps.life_of(protected=stage.protected(HERE, options.stack))
    log = HERE / REPORTS / f"rehearsal-{options.stack}.log"
    command = pulumi_command(HERE, _tell, os.environ)
    width = max(len(step.name) for step in life_steps)

    def tell(step: life.Step, outcome: report.Outcome | None) -> None:
        if outcome:
            _say(report.line(outcome, width))
        elif sys.stdout.isatty():
            sys.stdout.write(f"{'...':<21}{step.name}\r")
            sys.stdout.flush()

    with stage.staged(HERE, options.stack, log, command, throw_away=options.context_is_throw_away, say=_say) as stack:
        outcomes = life.live(stack, life_steps, tell)
    _say(report.verdict(options.stack, outcomes, time.monotonic() - begin))
    if all(outcome.held for outcome in outcomes):
        log.unlink()
        return HELD
    _say(f"the engine's whole output: {log.relative_to(HERE)}")
    return NOT_HELD


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _stopped(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stopped)
    # Of an engine that was killed in the middle of its events, on purpose. It comes from a thread, at any time.
    warnings.filterwarnings("ignore", "Error in event stream", UserWarning)
    sys.exit(main())
