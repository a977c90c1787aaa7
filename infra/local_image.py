"""An image that was built on this machine, loaded into a local cluster before a roll-out."""

import asyncio
import subprocess
from collections.abc import Callable, Sequence

import pulumi

LOAD_SECONDS = 300.0
# Their pods run on the Docker that built the image.
SHARE_DOCKER = ("docker-desktop", "orbstack", "rancher-desktop", "colima")

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def load_command(context: str, image: str) -> list[str] | None:
    """The command that loads an image into the cluster of a kubectl context; None if the cluster has it anyway.

    Args:
        context: the context's name, as the tool that made the cluster chose it.
        image: name and tag.

    Raises:
        ValueError: no tool is known for a context of that name.
    """
    if context.startswith("kind-"):
        return ["kind", "load", "docker-image", image, "--name", context.removeprefix("kind-")]
    if context.startswith("k3d-"):
        return ["k3d", "image", "import", image, "--cluster", context.removeprefix("k3d-")]
    if context == "minikube":
        return ["minikube", "image", "load", image]
    if context.startswith(SHARE_DOCKER):
        return None
    raise ValueError(
        f"how an image gets into the cluster of the kubectl context {context!a} is not known. It is for kind-*, k3d-*, "
        "minikube, docker-desktop, orbstack, rancher-desktop and colima; for others, name a registry that the cluster "
        "pulls from: helloworld:localRegistry, e.g. localhost:5001"
    )


def load(name: str, image: pulumi.Input[str]) -> pulumi.ResourceHook:
    """A hook that loads an image into the cluster of kubectl's current context.

    Args:
        name: the hook's, unique in the program.
        image: name and tag.
    """

    async def run(_args: pulumi.ResourceHookArgs) -> None:
        await asyncio.to_thread(load_now, await pulumi.Output.from_input(image)._future)

    return pulumi.ResourceHook(name, run)


def _run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=LOAD_SECONDS)


def load_now(image: str, run: Run = _run) -> None:
    """Load an image into the cluster of kubectl's current context.

    Raises:
        pulumi.RunError: it could not be loaded; the message says why.
    """
    try:
        command = load_command(_current_context(), image)
        if command is None:
            return
        done = run(command)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise pulumi.RunError(f"The image {image} could not be loaded into the cluster: {error}") from None
    if done.returncode:
        raise pulumi.RunError(f"`{' '.join(command)}` failed: {done.stderr.strip() or done.stdout.strip()}")


def _current_context() -> str:
    from kubernetes import config

    try:
        return str(config.list_kube_config_contexts()[1]["name"])
    except config.ConfigException as error:
        raise ValueError(f"kubectl has no current context: {error}") from None
