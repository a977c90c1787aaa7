"""`make local-check`: the life of a local stack, on a real engine and a real cluster."""

import argparse
import time
from collections.abc import Callable

from delivery import smoke
from delivery.configuration import settings_of
from delivery.context import Context
from delivery.local_cluster import prepared, reachable
from delivery.problems import DeliveryError
from delivery.releases import IMAGE_SETTING
from delivery.targets import Source
from delivery.workspace import Workspace
from infra.settings import PROJECT, Settings

# No registry has it, so its pods never start.
BROKEN_IMAGE = f"localhost/{PROJECT}/broken@sha256:{'0' * 64}"
BROKEN = {IMAGE_SETTING: BROKEN_IMAGE, f"{PROJECT}:rolloutSeconds": "60"}
SMOKE_SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery local-check` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="a stack whose setting platform is local")


def run(context: Context, options: argparse.Namespace) -> int:
    """Deploy, test, break, recover and destroy the stack; one line says of each step whether it held.

    Raises:
        DeliveryError: the stack is not local, or its cluster is refused.
    """
    stack: str = options.stack
    settings = settings_of(context, stack)
    if settings.platform != "local":
        raise DeliveryError(f"stack {stack} is not local, and this breaks and destroys it.\n  cure: STACK=local")
    with prepared(context, stack) as cluster:
        # After a step that does not hold the others are tried all the same: the last one cleans up.
        verdicts = [_step(context, name, step) for name, step in Life(cluster.context, stack, settings).steps]
    return 0 if all(verdicts) else 1


class _NotHeldError(Exception):
    pass


def _step(context: Context, name: str, step: Callable[[], None]) -> bool:
    start = time.monotonic()
    try:
        step()
        verdict = "held"
    except (DeliveryError, _NotHeldError) as error:
        verdict = f"NOT HELD: {error}"
    context.console.say(f"== {name}: {verdict} ({time.monotonic() - start:.0f} s)")
    return verdict == "held"


class Life:
    """The steps in their order."""

    def __init__(self, context: Context, stack: str, settings: Settings) -> None:
        self._context, self._stack, self._settings = context, stack, settings
        self._workspace = Workspace.open(context, stack, create=True)
        self.steps: tuple[tuple[str, Callable[[], None]], ...] = (
            ("up", self._up),
            ("the service answers", self._answers),
            ("up again changes nothing", self._unchanged),
            ("a broken image fails the up", self._broken),
            ("and is rolled back: the service answers", self._answers),
            ("up recovers", self._up),
            ("up again changes nothing", self._unchanged),
            ("destroy", self._destroy),
        )

    def _up(self) -> None:
        self._workspace.up(f"check {self._stack}")

    def _unchanged(self) -> None:
        changes = self._workspace.preview().changes
        if changes:
            raise _NotHeldError(f"a preview wants {', '.join(f'{op} {count}' for op, count in changes.items())}")
        self._up()

    def _broken(self) -> None:
        before = self._workspace.outputs()["image"]
        try:
            self._workspace.up(f"check {self._stack}, broken", BROKEN)
        except DeliveryError as error:
            self._context.console.say(f"(as it must) {error}")
        else:
            raise _NotHeldError("the up succeeded")
        if self._workspace.outputs()["image"] != before:
            raise _NotHeldError("the output `image` is not the one that runs")

    def _answers(self) -> None:
        commit = Source.of_checkout(self._context.project, self._settings).commit
        with reachable(self._context) as url:
            findings = smoke.smoke(self._context, url, commit, seconds=SMOKE_SECONDS)
        if findings:
            raise _NotHeldError("; ".join(map(str, findings)))

    def _destroy(self) -> None:
        self._workspace.destroy()
        self._workspace.remove()
