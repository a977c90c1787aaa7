"""Sets the stage for a rehearsal and clears it again, whatever happens in between."""

import contextlib
import os
import platform
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pulumi.automation import PulumiCommand

from infra.settings import SECRETS
from rehearsal import chart, controller
from rehearsal.cluster import Cluster
from rehearsal.engine import Engine, environment, put_beside, write_executables
from rehearsal.ledger import Ledger
from rehearsal.life import Life
from rehearsal.problems import UsageError
from rehearsal.processes import kill_descendants
from rehearsal.project import Project
from rehearsal.provider import StandInSettings

# How long a roll-out may take, by whether pods are real: no longer than the settings ask for where they are simulated.
ROLLOUT_SECONDS = {True: 90, False: 60}
# What real pods would look for in vain where AWS is played, and never be ready.
NEEDS_AWS = ("database", "databaseMultiZone", "databaseSeed", "cache", "nodeAutoscaling")
# Secrets, for which a rehearsal has no key; and what takes KEDA's chart, whose kinds the cluster does not know.
LEFT_OUT = (*SECRETS, "requestsPerPod")
INSTANCE_TYPES = {"amd64": ["t3.medium"], "arm64": ["t4g.medium"]}
ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

STOPPING = (signal.SIGINT, signal.SIGTERM)

Say = Callable[[str], None]


def protected(checkout: Path, stack: str) -> bool:
    """Whether the stack must be unprotected before it can be destroyed.

    Raises:
        UsageError: the stack has no file, or no platform of its own.
    """
    file = checkout / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        raise UsageError(f'stack "{stack}" has no file Pulumi.{stack}.yaml; cure: STACK=dev, or write the file')
    config = (yaml.safe_load(file.read_text("utf-8")) or {}).get("config") or {}
    kind = config.get("helloworld:platform", "create")
    if kind != "create":
        raise UsageError(f'stack "{stack}" has platform {kind}, and what is rehearsed is a stack that creates its own')
    return str(config.get("helloworld:protect", False)).lower() == "true"


def settings_of(*, real_pods: bool, repository: str, machine: str) -> dict[str, Any]:
    """What differs from the stack's file, as settings; None for those that are left out.

    Args:
        real_pods: whether the cluster's pods run.
        repository: where the chart is.
        machine: what runs real pods, as the operating system calls it.
    """
    changed: dict[str, Any] = {
        "chartRepository": repository,
        # There is no other stack to promote from: the image is built from app/.
        "image": None,
        "promoteFrom": None,
        "rolloutSeconds": ROLLOUT_SECONDS[real_pods],
        **dict.fromkeys(LEFT_OUT),
    }
    if real_pods:
        architecture = ARCHITECTURES[machine.lower()]
        changed |= {"nodeArchitecture": architecture, "nodeInstanceTypes": INSTANCE_TYPES[architecture]}
        changed |= dict.fromkeys(NEEDS_AWS)
    return changed


@contextlib.contextmanager
def staged(
    checkout: Path, stack: str, log: Path, command: PulumiCommand, *, throw_away: bool, say: Say
) -> Iterator[Life]:
    """Everything that the steps work on; afterwards nothing of it is left.

    Args:
        checkout: the project's directory; it is copied and not written to.
        stack: which stack to rehearse.
        log: where the engine's whole output goes.
        command: the engine.
        throw_away: the user says that the cluster is one to throw away.
        say: takes what the user should know.

    Raises:
        RehearsalError: the stage cannot be set; nothing is left then either.
    """
    cluster = Cluster.current(throw_away=throw_away)
    real_pods = cluster.has_real_pods()
    pods, played = ("real", "AWS and") if real_pods else ("simulated", "AWS, Docker and")
    say(f"Rehearsal of {stack}: the program on Pulumi {command.version}, cluster {cluster.name} with {pods} pods;")
    say(f"{played} the load balancer controller are stand-ins, no account is used.")
    with contextlib.ExitStack() as stage:
        stage.callback(_handle, {number: signal.getsignal(number) for number in STOPPING})
        directory = Path(stage.enter_context(tempfile.TemporaryDirectory(prefix="rehearsal-"))).resolve()
        project = Project.copy(checkout, directory / "project")
        repository = stage.enter_context(chart.served())
        project.configure(stack, settings_of(real_pods=real_pods, repository=repository, machine=platform.machine()))
        ledger = Ledger(directory / "ledger")
        write_executables(
            directory / "bin",
            StandInSettings(
                endpoint=cluster.endpoint,
                authority=cluster.authority,
                ledger=str(ledger.path),
                images_into=cluster.name if real_pods else None,
            ),
        )
        (directory / "state").mkdir()
        log.parent.mkdir(exist_ok=True)
        output = stage.enter_context(log.open("w", encoding="utf-8"))
        token = stage.enter_context(cluster.lent())
        stage.enter_context(controller.playing(cluster))
        stage.callback(_clean, cluster, say)
        stage.callback(kill_descendants, os.getpid())
        # Clearing the stage takes a while, and whoever is impatient then would leave half of it.
        stage.callback(_handle, dict.fromkeys(STOPPING, signal.SIG_IGN))
        installed = put_beside(command, directory / "bin")
        path = os.pathsep.join([installed, os.environ.get("PATH", os.defpath)])
        environ = environment(directory / "bin", directory / "state", token, path)
        engine = Engine.start(project.path, stack, environ, command, output)
        yield Life(stack=stack, engine=engine, project=project, cluster=cluster, ledger=ledger)


def _clean(cluster: Cluster, say: Say) -> None:
    left = cluster.clean()
    if left:
        say(f"warning: still in the cluster {cluster.name}: {', '.join(left)}")


def _handle(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)
