"""What Docker answers in a rehearsal: the image, wherever the cluster's pods can run it.

On a cluster with real pods the image is built and loaded into it. On one with simulated pods nobody runs it, and
a digest of what it would be built from will do.
"""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from infra.image import content_hash
from infra.local_image import load_command

IMAGE = "docker:index/image:Image"
# The last line of the Dockerfile of an image that never gets healthy: there is no such program in it.
BROKEN = "/broken-on-purpose"

Run = Callable[[Sequence[str]], None]


class Images(Protocol):
    """Where images come from."""

    def make(self, name: str, build: Mapping[str, Any]) -> str:
        """Build the image `name`, `<repository>:<tag>`, and return the reference by which pods get it."""


def outputs(images: Images, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs and outputs of an image that is built, `id` among them."""
    name = str(inputs["imageName"])
    reference = images.make(name, inputs["build"])
    return {
        **inputs,
        "id": reference,
        "repoDigest": reference,
        "baseImageName": name,
        "registryServer": name.partition("/")[0],
    }


def checked(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs with a digest of the build's context, by which the plugin sees that a file has changed."""
    build = dict(inputs["build"])
    if isinstance(build.get("context"), str) and Path(build["context"]).is_dir():
        build["contextDigest"] = content_hash(Path(build["context"]))
    return {**inputs, "build": build}


@dataclass(frozen=True)
class SimulatedImages:
    """Images that nobody runs.

    An image that is broken on purpose has `broken` in its repository's name: the simulation has to know it by that.
    """

    def make(self, name: str, build: Mapping[str, Any]) -> str:
        context = Path(build["context"])
        arguments = [f"{key}={value}" for key, value in sorted((build.get("args") or {}).items())]
        repository = name.rpartition(":")[0]
        if BROKEN in (context / "Dockerfile").read_text("utf-8"):
            repository += "-broken"
        return f"{repository}@sha256:{content_hash(context, name, *arguments)}"


def run(command: Sequence[str]) -> None:
    """Run a command.

    Raises:
        OSError: there is no such command.
        subprocess.CalledProcessError: it failed; `stderr` says why.
    """
    # An attestation makes an index of the image, of which not every tool loads all parts.
    environment = {**os.environ, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    subprocess.run(command, env=environment, check=True, capture_output=True, text=True)


@dataclass(frozen=True)
class LoadedImages:
    """Images that are built and loaded into the cluster of a kubectl context, where its pods run them.

    Their references are tags: only a registry gives a digest. The program's tags name the content, so they do as well.
    """

    context: str
    run: Run = run

    def make(self, name: str, build: Mapping[str, Any]) -> str:
        arguments = [f"--build-arg={key}={value}" for key, value in sorted((build.get("args") or {}).items())]
        dockerfile = build.get("dockerfile") or f"{build['context']}/Dockerfile"
        platform = [f"--platform={build['platform']}"] if build.get("platform") else []
        self.run(
            ["docker", "build", f"--tag={name}", f"--file={dockerfile}", *platform, *arguments, str(build["context"])]
        )
        load = load_command(self.context, name)
        if load:
            self.run(load)
            # The nodes have it now; what is left on this machine is Docker's cache.
            self.run(["docker", "image", "rm", name])
        return name
