"""Where the state of `bootstrap/` can be: a folder to begin with, then the bucket that it has made."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pulumi.automation import CommandError, ConcurrentUpdateError, Deployment, Stack, StackNotFoundError

from bootstrap.names import BOOTSTRAP_STACK
from delivery.bootstrap_export import resources
from delivery.context import Context
from delivery.engine import Engine
from delivery.problems import DeliveryError
from delivery.quiet_workspace import QuietWorkspace
from delivery.stack_edits import SECRETS_KEYS

LOCAL_FOLDER = ".state"
MOVED_FOLDER = ".state-moved"
MOST_LINES = 30
# The local state holds no secret, and is there for minutes: this is a name for "none", which Pulumi does not take.
PASSPHRASE = "no-secrets-here"  # noqa: S105 - it keeps nothing


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A place for state: its URL as Pulumi has it, who encrypts secrets there, and whether it is there."""

    url: str
    secrets_provider: str
    exists: Callable[[], bool]


class StateHome:
    """The stack of `bootstrap/` in one backend.

    Args:
        context: the project's, and what the engine runs with.
        engine: the engine.
        backend: which.
    """

    def __init__(self, context: Context, engine: Engine, backend: Backend) -> None:
        self.backend = backend
        self._context, self._engine = context, engine
        self._workspace = QuietWorkspace(
            work_dir=str(context.project / "bootstrap"),
            secrets_provider=backend.secrets_provider,
            pulumi_command=engine,
            env_vars={"PULUMI_BACKEND_URL": backend.url, "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE},
        )

    def deployment(self) -> dict[str, Any]:
        """What the state says there is; empty if there is no state.

        Raises:
            DeliveryError: the backend cannot be read.
        """
        if not self.backend.exists():
            return {}
        with self._explained("reading the state"):
            try:
                exported = Stack.select(BOOTSTRAP_STACK, self._workspace).export_stack()
            except StackNotFoundError:
                return {}
        return dict(exported.deployment or {})

    def unlock(self) -> None:
        """Remove the lock that a killed run has left, if there is one."""
        with self._explained("unlocking"):
            Stack.create_or_select(BOOTSTRAP_STACK, self._workspace).cancel()

    def up(self, *, refresh: bool = False) -> tuple[dict[str, Any], int]:
        """Bring the account to what the program says; the outputs, and the number of changes.

        Args:
            refresh: ask the account first, for what the state does not know for certain.

        Raises:
            DeliveryError: it failed; the engine's reasons are in it.
        """
        with self._explained("the update"):
            result = Stack.create_or_select(BOOTSTRAP_STACK, self._workspace).up(
                message="bootstrap",
                color="never",
                show_secrets=False,
                suppress_outputs=True,
                suppress_progress=True,
                refresh=refresh,
                on_output=self._context.console.say,
                on_error=self._context.console.say,
            )
        counts = result.summary.resource_changes or {}
        changes = sum(count for kind, count in counts.items() if str(getattr(kind, "value", kind)) != "same")
        return {name: each.value for name, each in result.outputs.items()}, changes

    def put(self, deployment: Mapping[str, Any]) -> None:
        """Let the state be this.

        Raises:
            DeliveryError: the backend does not take it, or says something else afterwards.
        """
        with self._explained("writing the state"):
            stack = Stack.create_or_select(BOOTSTRAP_STACK, self._workspace)
            stack.import_stack(Deployment(version=3, deployment=dict(deployment)))
        if resources(self.deployment()) != resources(deployment):
            raise DeliveryError(
                f"{self.backend.url} does not hold what was written to it; nothing is lost, run it again"
            )

    @contextlib.contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except CommandError as error:
            lines = [line for line in self._engine.last_words.splitlines() if line.strip()][-MOST_LINES:]
            cure = ""
            if isinstance(error, ConcurrentUpdateError):
                cure = "\n  cure: wait for the run that holds it. Only if none does: make bootstrap UNLOCK=yes"
            text = "\n".join(f"  {line}" for line in lines)
            raise DeliveryError(f"bootstrap: {what} in {self.backend.url} failed:\n{text}{cure}") from None


def local_backend(folder: Path) -> Backend:
    """The state in a folder of the project."""
    path = folder / LOCAL_FOLDER
    return Backend(url=f"file://{path}", secrets_provider="passphrase", exists=path.is_dir)


def make_local(folder: Path) -> None:
    """Make the folder for the local state."""
    (folder / LOCAL_FOLDER).mkdir(exist_ok=True)


def forget_local(folder: Path) -> None:
    """Remove the local state; interrupted, it is either whole or no state any more."""
    local, moved = folder / LOCAL_FOLDER, folder / MOVED_FOLDER
    if moved.exists():
        shutil.rmtree(moved)
    if local.exists():
        local.rename(moved)
        shutil.rmtree(moved)


def new_data_key(engine: Engine, secrets_provider: str, project: str) -> dict[str, str]:
    """What a stack's file says of its secrets: `secretsprovider` and the data key, encrypted by that provider.

    The engine makes it, for a stack that is thrown away. Without it in the file every run would make another one, and
    a preview would need the right to encrypt.

    Raises:
        DeliveryError: the key cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="helloworld-") as folder:
        Path(folder, "Pulumi.yaml").write_text(yaml.safe_dump({"name": project, "runtime": "python"}), "utf-8")
        Path(folder, "state").mkdir()
        env = {"PULUMI_BACKEND_URL": f"file://{folder}/state", "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
        workspace = QuietWorkspace(
            work_dir=folder, secrets_provider=secrets_provider, pulumi_command=engine, env_vars=env
        )
        try:
            workspace.create_stack("new")
        except CommandError:
            raise DeliveryError(f"{secrets_provider} cannot be used: {engine.last_words}") from None
        document = yaml.safe_load(Path(folder, "Pulumi.new.yaml").read_text("utf-8"))
    return {key: str(document[key]) for key in SECRETS_KEYS if document.get(key)}
