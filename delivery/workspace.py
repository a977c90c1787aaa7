"""One stack of the project, driven through Pulumi's Automation API."""

import contextlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pulumi.automation import OutputMap, Stack, StackSummary, UpdateSummary

from delivery import configuration
from delivery.context import Context
from delivery.engine import Engine, pulumi_command
from delivery.explanation import NoStackError, Step, Told, explained
from delivery.problems import DeliveryError
from delivery.quiet_workspace import QuietWorkspace

# The registry keeps the newest 50 images: what is older cannot be gone back to.
HISTORY_LENGTH = 100


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What an `up` would do: the number of resources by operation, without those that stay the same and without
    providers, each of the others, and the engine's whole text.
    """

    changes: Mapping[str, int]
    text: str
    steps: tuple[Step, ...] = ()


class Workspace:
    """One stack of the project.

    What the engine says while it works goes to the console line by line. Every operation raises `DeliveryError` with
    the engine's own reasons when it fails, and `Interruption` when it was told to stop.
    """

    def __init__(self, context: Context, stack: Stack, engine: Engine) -> None:
        self._context, self._stack, self._engine = context, stack, engine
        self.name: str = stack.name

    @classmethod
    def open(cls, context: Context, stack: str, *, create: bool) -> Self:
        """A stack of the project in the backend, made if need be.

        Args:
            context: its environment is what the engine runs with. What changes a stack does so as the stack's deploy
                role: `identity.as_deployer` gives the context for it.
            stack: its name.
            create: make it if it does not exist; its file says who encrypts its secrets.

        Raises:
            DeliveryError: it does not exist or cannot be made, or there is no engine.
        """
        found = cls.find(context, stack, create=create)
        if found is None:
            raise DeliveryError(
                f"there is no stack {stack} in the backend yet.\n  cure: deploy it first (make deploy STACK={stack}), "
                "or look whether PULUMI_BACKEND_URL and `pulumi whoami --verbose` name the right backend"
            )
        return found

    @classmethod
    def find(cls, context: Context, stack: str, *, create: bool = False) -> Self | None:
        """As `open`; None if there is no such stack. Unlike a list of stacks, it reads no other one.

        Raises:
            DeliveryError: the backend cannot be asked, or there is no engine.
        """
        engine = pulumi_command(context.project, context.console.say, context.environ)
        provider = configuration.secrets_provider(context.project, stack) if create else None
        project = str(context.project)
        backend = QuietWorkspace(work_dir=project, secrets_provider=provider, pulumi_command=engine, env_vars={})
        try:
            with explained(engine, f"opening stack {stack}"):
                found = (Stack.create_or_select if create else Stack.select)(stack, backend)
        except NoStackError:
            return None
        return cls(context, found, engine)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secret ones in plain; the console hides those from now on."""
        with self._explained("reading the outputs of"):
            return self._plain(self._stack.outputs())

    def up(self, message: str, overrides: Mapping[str, str] | None = None, *, refresh: bool = False) -> dict[str, Any]:
        """Deploy the program.

        Args:
            message: for the history.
            overrides: settings for this time only, `namespace:key` to text.
            refresh: look at the cloud first, so that what was changed there is set right.

        Returns:
            The outputs.
        """
        with self._overridden(overrides) as file, self._explained("the update of") as told:
            result = self._stack.up(
                message=message,
                config_file=file,
                color="never",
                show_secrets=False,
                suppress_outputs=True,
                suppress_progress=True,
                refresh=refresh,
                # As in a preview.
                run_program=refresh or None,
                on_output=self._context.console.say,
                on_error=self._context.console.say,
                on_event=told.take,
            )
            return self._plain(result.outputs)

    def preview(self, overrides: Mapping[str, str] | None = None, *, refresh: bool = False) -> Preview:
        """What `up` would do.

        Args:
            overrides: as of `up`.
            refresh: look at the cloud first, so that what was changed there is seen.
        """
        with self._overridden(overrides) as file, self._explained("the preview of") as told:
            result = self._stack.preview(
                config_file=file,
                color="never",
                diff=True,
                refresh=refresh,
                # Else the refresh reaches the cluster with the kubeconfig of the last `up`, in its deployer's name.
                run_program=refresh or None,
                suppress_progress=True,
                on_event=told.take,
            )
        counts = Counter({str(getattr(op, "value", op)): count for op, count in result.change_summary.items()})
        counts.subtract(step.op for step in told.provider_steps)
        text = "\n".join(part for part in (result.stdout.strip(), result.stderr.strip()) if part)
        return Preview(
            changes={op: count for op, count in counts.items() if op != "same" and count > 0},
            text=self._context.console.redacted(f"{text}\n"),
            steps=tuple(told.steps),
        )

    def destroy(self) -> None:
        """Delete everything in the stack; the stack and its history stay."""
        with self._explained("the destruction of") as told:
            self._stack.destroy(
                color="never",
                show_secrets=False,
                suppress_progress=True,
                on_output=self._context.console.say,
                on_error=self._context.console.say,
                on_event=told.take,
            )

    def remove(self) -> None:
        """Remove the stack and its history from the backend; nothing may be in it. Its file stays."""
        with self._explained("the removal of"):
            self._stack.workspace.remove_stack(self.name, preserve_config=True)

    def deployment(self) -> Mapping[str, Any]:
        """The stack's state, as the engine keeps it. Secrets stay encrypted."""
        return self._exported().get("deployment") or {}

    def edit(self, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> bool:
        """Put the stack's state right; whether there was anything to change. Nothing in the cloud is touched.

        The engine takes the state under the stack's lock, refuses one that does not hold together, and keeps the one
        before beside it. It drops what was begun and not ended, so that is told:
        https://github.com/pulumi/pulumi/blob/master/pkg/cmd/pulumi/stack/stack_import.go

        Args:
            change: gives the new state for the present one.
        """
        exported = self._exported()
        before = exported.get("deployment") or {}
        after = change(before)
        if after == before:
            return False
        with tempfile.TemporaryDirectory(prefix="helloworld-") as folder, self._explained("changing the state of"):
            file = Path(folder) / "state.json"
            file.write_text(json.dumps({**exported, "deployment": after}), "utf-8")
            self._run("stack", "import", "--stack", self.name, "--file", str(file))
        for each in after.get("pending_operations") or ():
            self._context.console.warn(f"forgotten, though it may be there: {each['resource']['urn']}, {each['type']}")
        return True

    def _exported(self) -> dict[str, Any]:
        with self._explained("reading the state of"):
            exported: dict[str, Any] = json.loads(self._run("stack", "export", "--stack", self.name))
        return exported

    def _run(self, *command: str) -> str:
        return self._engine.run([*command], str(self._context.project), {}).stdout

    def history(self) -> list[UpdateSummary]:
        """The stack's updates, newest first: the hundred that count."""
        with self._explained("reading the history of"):
            return self._stack.history(page_size=HISTORY_LENGTH, show_secrets=False)

    def cancel(self) -> None:
        """Remove the stack's lock, whoever holds it."""
        with self._explained("unlocking"):
            self._stack.cancel()

    def _plain(self, outputs: OutputMap) -> dict[str, Any]:
        self._context.console.hide(str(each.value) for each in outputs.values() if each.secret)
        return {name: each.value for name, each in outputs.items()}

    def _overridden(self, overrides: Mapping[str, str] | None) -> contextlib.AbstractContextManager[str | None]:
        return configuration.overridden_file(self._context.project, self.name, overrides)

    def _explained(self, what: str) -> "contextlib.AbstractContextManager[Told]":
        return explained(self._engine, f"{what} stack {self.name}", self.name)


def stacks(context: Context) -> list[StackSummary]:
    """All stacks of the project that the backend has.

    Raises:
        DeliveryError: the backend cannot be read.
    """
    engine = pulumi_command(context.project, context.console.say, context.environ)
    with explained(engine, "reading the backend's list of stacks"):
        return QuietWorkspace(work_dir=str(context.project), pulumi_command=engine, env_vars={}).list_stacks()
