"""The real engine, in surroundings of its own: local state, plugins of ours, no credentials but made-up ones."""

import json
import os
import secrets
import shlex
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from pulumi import automation as auto
from pulumi.automation import errors, events

from rehearsal.judgement import Event, Operation
from rehearsal.processes import kill_descendants
from rehearsal.provider import StandInSettings

HERE = Path(__file__).resolve().parent.parent
TOKEN = "REHEARSAL_CLUSTER_TOKEN"  # noqa: S105 - the name of a variable.
# The AWS CLI, as far as the program and its plugins ask it. The token comes by the environment: it is in no file.
AWS_CLI = f"""\
#!/bin/sh
case "$*" in
--version) echo "aws-cli/2.27.0 Python/3.13 stand-in" ;;
*"eks get-token"*)
    cat <<END
{{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1", "spec": {{}},
 "status": {{"token": "${TOKEN}"}}}}
END
    ;;
*)
    echo "the rehearsal's stand-in for the AWS CLI cannot do: $*" >&2
    exit 2
    ;;
esac
"""


def write_executables(directory: Path, settings: StandInSettings) -> None:
    """Write what the engine shall find on its path: the plugins for AWS and Docker, and the AWS CLI."""
    directory.mkdir()
    file = directory / "stand-in.json"
    settings.save(file)
    # Without the working directory on the module path: the program's copy has modules of the same names.
    start = [sys.executable, "-P", "-m", "rehearsal.provider"]
    executables = {"aws": AWS_CLI}
    for package in ("aws", "docker"):
        command = shlex.join([*start, package, str(file)])
        executables[f"pulumi-resource-{package}"] = f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(HERE))} exec {command}\n"
    for name, text in executables.items():
        (directory / name).write_text(text, "utf-8")
        (directory / name).chmod(0o755)


def put_beside(command: auto.PulumiCommand, directory: Path) -> str:
    """Have the engine started from `directory`.

    Whoever starts it puts the directory that it is in before all others, and there the real AWS CLI may be.

    Returns:
        The directory where it is installed: its language plugins are there.
    """
    installed = Path(shutil.which(command.command) or command.command)
    (directory / "pulumi").symlink_to(installed)
    command.command = str(directory / "pulumi")
    return str(installed.parent)


def environment(directory: Path, state: Path, token: str, path: str) -> dict[str, str]:
    """What the engine is told by its environment.

    Args:
        directory: where the executables are.
        state: where the stack's state shall be.
        token: of the cluster.
        path: the PATH of whoever rehearses.
    """
    return {
        "PATH": os.pathsep.join([str(directory), path]),
        "PULUMI_BACKEND_URL": state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": "",
        # Else the engine would take the real plugins instead of ours.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "",
        # Should a real plugin or AWS CLI run after all, it finds no account.
        "AWS_ACCESS_KEY_ID": "stand-in",
        "AWS_SECRET_ACCESS_KEY": "stand-in",
        "AWS_SESSION_TOKEN": "",
        "AWS_PROFILE": "",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # The program makes its own; nothing may reach for the user's.
        "KUBECONFIG": os.devnull,
        TOKEN: token,
    }


def mend(state: Path) -> bool:
    """Put the last whole checkpoint back where a kill has cut one off.

    Only a file can be cut off: an object of a bucket is written whole or not at all, so that a real state would still
    be the one before.

    Returns:
        Whether there was one to put back.
    """
    mended = False
    for checkpoint in state.glob(".pulumi/stacks/*/*.json"):
        before = checkpoint.with_name(f"{checkpoint.name}.bak")
        try:
            json.loads(checkpoint.read_text("utf-8"))
        except ValueError:
            if before.exists():
                shutil.copyfile(before, checkpoint)
                mended = True
    return mended


class Engine:
    """One stack on the real engine. Everything that the engine prints goes to `log`."""

    def __init__(self, stack: auto.Stack, state: Path, log: TextIO) -> None:
        self._stack, self._state, self._log = stack, state, log
        self._lock = threading.Lock()

    @classmethod
    def start(
        cls, project: Path, stack: str, environ: Mapping[str, str], command: auto.PulumiCommand, log: TextIO
    ) -> "Engine":
        """Make the stack, empty."""
        options = auto.LocalWorkspaceOptions(
            env_vars=dict(environ), pulumi_command=command, secrets_provider="passphrase"
        )
        state = Path(environ["PULUMI_BACKEND_URL"].removeprefix("file://"))
        return cls(auto.create_stack(stack, work_dir=str(project), opts=options), state, log)

    def preview(self) -> Operation:
        """What an `up` would do."""
        return self._do("preview", self._stack.preview)

    def up(self, until: Callable[[Event], bool] | None = None) -> Operation:
        """Make it so. At the first event that `until` holds for, everything that takes part is killed."""
        return self._do("up", self._stack.up, until)

    def destroy(self) -> Operation:
        """Delete everything."""
        return self._do("destroy", self._stack.destroy)

    def unlock(self) -> None:
        """Take away the lock that a killed operation has left, as `pulumi cancel` does."""
        if mend(self._state):
            self._write("The kill has cut the state's file off; the one before it was put back.")
        self._stack.cancel()

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        return {name: output.value for name, output in self._stack.outputs().items()}

    def _do(self, title: str, operation: Callable[..., Any], until: Callable[[Event], bool] | None = None) -> Operation:
        seen: list[Event] = []
        said: list[str] = []

        def on_event(event: events.EngineEvent) -> None:
            diagnostic = event.diagnostic_event
            if diagnostic and diagnostic.severity == "error":
                said.append(diagnostic.message)
            for kind, each in _resource_events(event):
                seen.append(Event(kind, str(each.op.value), each.type, each.urn))
                if until and until(seen[-1]):
                    kill_descendants(os.getpid())

        self._write(f"\n===== {title} =====")
        try:
            operation(on_output=self._write, on_error=self._write, on_event=on_event, color="never")
        except errors.CommandError as error:
            return Operation(succeeded=False, events=seen, errors=said or _last_lines(str(error)))
        return Operation(succeeded=True, events=seen, errors=said)

    def _write(self, line: str) -> None:
        with self._lock:
            self._log.write(f"{line}\n")
            self._log.flush()


def _resource_events(event: events.EngineEvent) -> Any:
    for kind, each in (
        ("start", event.resource_pre_event),
        ("done", event.res_outputs_event),
        ("failed", event.res_op_failed_event),
    ):
        if each:
            yield kind, each.metadata


def _last_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()][-5:]
