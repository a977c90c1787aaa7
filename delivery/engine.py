"""The Pulumi engine: which one, where it comes from, and how it runs."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import IO

from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from delivery.interruption import Relay
from delivery.problems import DeliveryError, Interruption
from delivery.running import recorded, told

SKIP_VERSION_CHECK = "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK"
FOLDER = ".engine"
BY_HAND = "https://www.pulumi.com/docs/install/"
VERSION_SECONDS = 30
# It runs the program and every plugin, none of which speaks to Slack.
NOT_FOR_THE_ENGINE = ("SLACK_WEBHOOK_URL",)


class Engine(PulumiCommand):
    """The Pulumi CLI, run with an environment that is given, not with this process's.

    While it runs, an interrupt of this process becomes an interrupt of the engine; see `Relay`. A secret never becomes
    an argument: the Automation API passes none, and whoever adds a command must not.
    """

    def __init__(
        self, command: str, found: VersionInfo | None, environ: Mapping[str, str], say: Callable[[str], None]
    ) -> None:
        self.command, self.version = command, found
        self._environ, self._say = environ, say
        self.last_failure: CommandResult | None = None

    @property
    def last_words(self) -> str:
        """What the command that failed last has said."""
        failure = self.last_failure
        return (failure.stderr.strip() or failure.stdout.strip()) if failure else "it gave no reason"

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run one command; as the Automation API asks.

        Raises:
            pulumi.automation.CommandError: it failed; `last_failure` has what it said.
            Interruption: this process was told to stop. The engine has ended.
        """
        environment = {name: value for name, value in self._environ.items() if name not in NOT_FOR_THE_ENGINE}
        environment |= additional_env
        # The language plugins lie beside it.
        environment["PATH"] = os.pathsep.join([str(Path(self.command).parent), environment.get("PATH", os.defpath)])
        environment |= {"PULUMI_AUTOMATION_API": "true", "PULUMI_SKIP_UPDATE_CHECK": "true"}
        with Relay(self._say, lambda pid: told(Path(cwd), pid)) as relay:
            try:
                child = subprocess.Popen(
                    [self.command, "--non-interactive", *args],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    cwd=cwd,
                    env=environment,
                    encoding="utf-8",
                    errors="replace",
                    process_group=0,
                )
            except OSError as error:
                raise DeliveryError(f"the engine {self.command} cannot be started: {error.strerror}") from None
            with child, recorded(Path(cwd), args, child.pid):
                relay.watch(child)
                result = _result(child, on_output, on_error)
        if relay.received:
            raise Interruption(_how_it_ended(result.code))
        if result.code:
            self.last_failure = result
            raise create_command_error(result)
        return result


def pulumi_command(project: Path, say: Callable[[str], None], environ: Mapping[str, str]) -> Engine:
    """The engine to use: the one on PATH if it fits the installed SDK, else the project's own, installed if need be.

    It fits if it is the SDK's version or a newer one of the same major version.

    Args:
        project: its folder `.engine` is where an engine is installed.
        say: told when something is installed.
        environ: what the engine is to run with; its PATH is searched.

    Raises:
        DeliveryError: there is none, and none can be installed.
    """
    wanted = VersionInfo.parse(version("pulumi"))
    on_path = shutil.which("pulumi", path=environ.get("PATH", os.defpath))
    found = _version_of(on_path, environ) if on_path else None
    if on_path and (_fits(found, wanted) or environ.get(SKIP_VERSION_CHECK)):
        return Engine(on_path, found, environ, say)
    own = project / FOLDER / "bin" / "pulumi"
    here = _version_of(str(own), environ) if own.exists() else None
    if not _fits(here, wanted):
        why = f"{found} is on PATH" if found else "none is on PATH"
        say(f"Installing the Pulumi engine {wanted} into {FOLDER} of the project ({why}) ...")
        _install(project / FOLDER, wanted)
        here = _version_of(str(own), environ)
    return Engine(str(own), here, environ, say)


def _install(folder: Path, wanted: VersionInfo) -> None:
    try:
        PulumiCommand.install(root=str(folder), version=wanted)
    except subprocess.CalledProcessError as error:
        reason = " ".join((error.output or b"").decode("utf-8", "replace").split())[-300:] or str(error)
    except Exception as error:
        # The network, the disk, the script: whatever it is, the cure is the same.
        reason = f"{type(error).__name__}: {error}"
    else:
        return
    raise DeliveryError(
        f"the Pulumi engine {wanted} cannot be installed.\n"
        f"  tried:  https://get.pulumi.com/install.sh, into {folder}\n"
        f"  reason: {reason}\n"
        f"  cure:   install Pulumi {wanted} or a newer 3.x by hand, so that `pulumi version` says so: {BY_HAND}"
    )


def _version_of(command: str, environ: Mapping[str, str]) -> VersionInfo | None:
    environment = {**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        said = subprocess.run(
            [command, "version"], env=environment, capture_output=True, text=True, timeout=VERSION_SECONDS
        )
        return VersionInfo.parse(said.stdout.strip().removeprefix("v"))
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def _fits(found: VersionInfo | None, wanted: VersionInfo) -> bool:
    return found is not None and found.major == wanted.major and found >= wanted


def _result(child: "subprocess.Popen[str]", on_output: OnOutput | None, on_error: OnOutput | None) -> CommandResult:
    """What a command says until its end; each line is handed on as it comes."""
    out: list[str] = []
    err: list[str] = []

    def read(stream: IO[str] | None, lines: list[str], on_line: OnOutput | None) -> None:
        for line in stream or ():
            lines.append(line.rstrip())
            if on_line:
                on_line(lines[-1])

    readers = [
        threading.Thread(target=read, args=(child.stdout, out, on_output)),
        threading.Thread(target=read, args=(child.stderr, err, on_error)),
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return CommandResult("\n".join(out), "\n".join(err), child.wait())


def _how_it_ended(code: int) -> str:
    if code == 0:
        return "the engine had done everything when it ended"
    if code < 0:
        return "the engine was killed and may have left its lock and operations pending"
    return "the engine has stopped and released its lock"
