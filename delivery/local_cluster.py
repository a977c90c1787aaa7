"""The cluster of kubectl's current context, and the state of a local stack on it."""

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from delivery.context import Context
from delivery.kube_context import refusal
from delivery.problems import DeliveryError
from delivery.whole_file import write_whole
from infra.release import NAME
from infra.settings import PROJECT, Settings
from offline import stackfile

STATE_FOLDER = ".state"
# The state of a local stack has no secret; the engine wants a passphrase all the same.
PASSPHRASE = "local"  # noqa: S105 - it keeps nothing
KUBECTL_SECONDS = 30.0
FORWARDING = re.compile(r"Forwarding from 127\.0\.0\.1:(\d+) ")
# A kubeconfig, with nothing of the machine's other clusters in it.
ONE_CONTEXT = ("config", "view", "--minify", "--flatten", "--raw", "--output", "yaml")
WHICH = (
    "config",
    "view",
    "--minify",
    "--output",
    "jsonpath={.current-context}{'\\n'}{.contexts[0].context.cluster}{'\\n'}{.clusters[0].cluster.server}",
)


@dataclass(frozen=True, kw_only=True)
class LocalCluster:
    """The cluster of a kubectl context, by its `name`, and the `context` in which a stack is deployed to it."""

    name: str
    context: Context


@contextlib.contextmanager
def prepared(context: Context, stack: str) -> Iterator[LocalCluster]:
    """The current context's cluster, and nothing else, for as long as a command takes.

    The stack's state is in the project's folder, one for each cluster: what was deployed to one is not on another, nor
    on one of the same name that was made anew. The stack's file stays as it is.

    Raises:
        DeliveryError: there is no cluster, or it looks like one that is not for this.
    """
    told = _kubectl(context, *WHICH).splitlines()
    if len(told) != len(("context", "cluster", "server")):
        raise DeliveryError("kubectl's current context names no cluster with a server.\n  cure: make kind")
    name, of, server = told
    # From here on by name: the current one may be another any moment.
    pinned = f"--context={name}"
    if refused := refusal(name, of, server, throw_away=True):
        raise DeliveryError(f"stack {stack} is for a cluster on this machine: {refused}")
    identity = _kubectl(context, pinned, "get", "namespace", "kube-system", "--output", "jsonpath={.metadata.uid}")
    state = context.project / STATE_FOLDER / f"{stack}-{identity}"
    state.mkdir(parents=True, exist_ok=True)
    file = stackfile.file_of(context.project, stack)
    # Always there for a stack: the plugin takes the path for one of its settings, and a destruction looks for it again.
    kubeconfig = state / "kubeconfig"
    write_whole(kubeconfig, _kubectl(context, pinned, *ONE_CONTEXT), mode=0o600)
    with _kept(file):
        environ = {
            **context.environ,
            "KUBECONFIG": str(kubeconfig),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        }
        yield LocalCluster(name=name, context=replace(context, environ=environ))


@contextlib.contextmanager
def located(context: Context, stack: str, settings: Settings) -> Iterator[Context]:
    """The context in which a stack is found: the given one, or, for a local stack, one with its cluster and state.

    Raises:
        DeliveryError: the stack is local, and kubectl's current context is no cluster for it.
    """
    if settings.platform != "local":
        yield context
        return
    with prepared(context, stack) as cluster:
        yield cluster.context


@contextlib.contextmanager
def reachable(context: Context, namespace: str = PROJECT) -> Iterator[str]:
    """The URL of the service, through a port that kubectl forwards meanwhile.

    Raises:
        DeliveryError: kubectl does not forward.
    """
    command = [_kubectl_path(context), "-n", namespace, "port-forward", f"service/{NAME}", ":80"]
    with subprocess.Popen(
        command, env=dict(context.environ), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as forward:
        try:
            said = forward.stdout.readline() if forward.stdout else ""
            found = FORWARDING.match(said)
            if not found:
                forward.terminate()
                reason = forward.stderr.read().strip() if forward.stderr else ""
                raise DeliveryError(f"kubectl forwards no port to service/{NAME} in {namespace}: {reason or said}")
            yield f"http://127.0.0.1:{found[1]}"
        finally:
            forward.terminate()


@contextlib.contextmanager
def _kept(file: Path) -> Iterator[None]:
    # The engine writes the salt of its passphrase into it; that of a local state is nobody else's business.
    before = file.read_bytes()
    try:
        yield
    finally:
        if file.read_bytes() != before:
            file.write_bytes(before)


def _kubectl_path(context: Context) -> str:
    found = shutil.which("kubectl", path=context.environ.get("PATH"))
    if found is None:
        raise DeliveryError(
            "a local stack needs kubectl, which is not installed.\n  cure: https://kubernetes.io/docs/tasks/tools/"
        )
    return found


def _kubectl(context: Context, *arguments: str) -> str:
    try:
        done = subprocess.run(
            [_kubectl_path(context), *arguments],
            env=dict(context.environ),
            capture_output=True,
            text=True,
            timeout=KUBECTL_SECONDS,
        )
        reason = done.stderr.strip() if done.returncode else ""
    except subprocess.TimeoutExpired:
        reason = f"no answer within {KUBECTL_SECONDS:.0f} seconds"
    if reason:
        raise DeliveryError(
            f"kubectl reaches no cluster: {reason}\n  cure: make kind, or start the cluster that "
            "`kubectl config current-context` names"
        )
    return done.stdout
