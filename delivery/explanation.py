"""What the engine tells while it works, and why it failed, as the person reads it who called the command."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pulumi.automation import CommandError, ConcurrentUpdateError, EngineEvent, StackNotFoundError

from delivery.engine import Engine
from delivery.problems import DeliveryError, Interruption

MOST_LINES = 30
# The engine's own marks for colours.
MARKUP = re.compile(r"<\{%.*?%\}>")
# Operations of which nothing changes.
UNCHANGED = ("same", "read", "refresh")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One resource that a preview would change, how (`create`, `update`, `replace`, `delete` …), and which fields."""

    op: str
    urn: str
    fields: tuple[str, ...] = ()

    @property
    def resource(self) -> str:
        """Its type and name."""
        kind, _, name = self.urn.rpartition("::")
        return f"{kind.rpartition('::')[2].rpartition('$')[2]} {name}"


@dataclass
class Told:
    """What the engine's events told: the errors, and the resources that change."""

    errors: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    provider_steps: list[Step] = field(default_factory=list)

    def take(self, event: EngineEvent) -> None:
        diagnostic, step = event.diagnostic_event, event.resource_pre_event
        if diagnostic and diagnostic.severity == "error":
            name = diagnostic.urn.rpartition("::")[2] + ": " if diagnostic.urn else ""
            self.errors.append(f"{name}{MARKUP.sub('', diagnostic.message).strip()}")
        if step and step.metadata.op.value not in UNCHANGED:
            changed = step.metadata
            # A provider is nothing in the cloud: another kubeconfig or default tag shows where it matters.
            of = self.provider_steps if "pulumi:providers:" in changed.urn else self.steps
            of.append(Step(op=changed.op.value, urn=changed.urn, fields=tuple(changed.diffs or ())))


class NoStackError(DeliveryError):
    pass


class LockedError(DeliveryError):
    pass


@contextlib.contextmanager
def explained(engine: Engine, what: str, stack: str = "") -> Iterator[Told]:
    """Failures of the engine as a `DeliveryError` that says why, in the engine's words."""
    told = Told()
    try:
        yield told
    except Interruption as error:
        again = "call the command again to go on" + (f"; if it says locked: make unlock STACK={stack}" if stack else "")
        raise Interruption(f"{what} was interrupted: {error}.\n  cure: {again}") from None
    except StackNotFoundError as error:
        raise NoStackError(f"{what} failed: the backend has no such stack") from error
    except ConcurrentUpdateError:
        raise LockedError(
            f"{what} failed: it is locked, by an update that runs or by one that was killed.\n{_said(engine)}\n"
            f"  cure: wait for an update that runs. Only if none does: make unlock STACK={stack}"
        ) from None
    except CommandError:
        known = told.errors and not _was_killed(engine)
        reasons = _indented("\n".join(told.errors)) if known else _said(engine)
        raise DeliveryError(f"{what} failed:\n{reasons}") from None


def _said(engine: Engine) -> str:
    failure = engine.last_failure
    if failure and _was_killed(engine):
        return (
            f"  the engine was killed (signal {-failure.code}); it may have left its lock, and operations pending.\n"
            "  cure: call the command again; if it says locked, and nothing runs: make unlock STACK=<stack>"
        )
    return _indented(engine.last_words)


def _was_killed(engine: Engine) -> bool:
    return engine.last_failure is not None and engine.last_failure.code < 0


def _indented(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    more = [f"… and {len(lines) - MOST_LINES} lines more, above"] if len(lines) > MOST_LINES else []
    return "\n".join(f"  {line}" for line in [*lines[:MOST_LINES], *more])
