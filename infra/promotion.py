"""An image that another registry has, brought into the stack's own before a roll-out under the same digest."""

import asyncio
import base64
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pulumi

ECR_HOST = re.compile(r"\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com")
COPY_SECONDS = 600.0
# Carbon copies of single images: https://github.com/docker/buildx/pull/2482 came with this version.
BUILDX = "0.15"

Run = Callable[[Sequence[str], Mapping[str, str]], subprocess.CompletedProcess[str]]


def own_reference(registry_url: pulumi.Input[str], source: str) -> pulumi.Output[str]:
    """The reference of `source` (by digest) once it is in the repository `registry_url`."""
    return pulumi.Output.format("{0}@{1}", registry_url, source.rpartition("@")[2])


def region_of(reference: str) -> str | None:
    """The AWS region of the registry that a reference is in; None if it is not one of ECR."""
    found = ECR_HOST.fullmatch(reference.split("/")[0])
    return found["region"] if found else None


def bring(
    name: str, source: str, registry_url: pulumi.Input[str], passwords: Mapping[str, pulumi.Input[str]]
) -> pulumi.ResourceHook:
    """A hook that copies an image; of what takes the image, it is the hook before creation and update.

    A hook, because it must happen between the making of the repository and the roll-out, in one and the same `up`, and
    only if there is a roll-out.

    Args:
        name: the hook's, unique in the program.
        source: reference by digest, in any registry.
        registry_url: the repository that it has to be in.
        passwords: for ECR, of the user AWS, by region: a token opens the registries of one.
    """

    async def run(_args: pulumi.ResourceHookArgs) -> None:
        known = {region: await pulumi.Output.from_input(each)._future for region, each in passwords.items()}
        await asyncio.to_thread(copy, source, await pulumi.Output.from_input(registry_url)._future, known)

    return pulumi.ResourceHook(name, run)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=COPY_SECONDS)


def copy(source: str, registry_url: str, passwords: Mapping[str, str], run: Run = _run) -> None:
    """Copy an image by its digest, unless it is there.

    Args:
        source: reference by digest.
        registry_url: the repository to copy to.
        passwords: for ECR, by region.
        run: runs a command in an environment.

    Raises:
        pulumi.RunError: it is not there afterwards; the message says what Docker said.
    """
    repository, _, digest = source.rpartition("@")
    if repository == registry_url:
        return
    wanted = f"{registry_url}@{digest}"
    with _logged_in([registry_url, repository], passwords) as environment:
        try:
            if _is_there(wanted, environment, run):
                return
            tag = f"{registry_url}:promoted-{digest.removeprefix('sha256:')[:12]}"
            # Without it a single image becomes an index of one, which has another digest.
            tool = ["docker", "buildx", "imagetools", "create", "--prefer-index=false"]
            copied = run([*tool, "--tag", tag, source], environment)
            arrived = not copied.returncode and _is_there(wanted, environment, run)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise pulumi.RunError(_failure(source, registry_url, str(error))) from None
    if copied.returncode:
        raise pulumi.RunError(_failure(source, registry_url, copied.stderr.strip() or "no reason given"))
    if not arrived:
        raise pulumi.RunError(_failure(source, registry_url, "it arrived under another digest, or not at all"))
    pulumi.log.info(f"Copied {source} to {registry_url}.")


def _failure(source: str, registry_url: str, reason: str) -> str:
    return (
        f"The image {source} could not be copied to {registry_url}: {reason}\n"
        f"  Needed are the docker command with buildx {BUILDX} or newer, and the right to pull the one and push to the "
        "other. Nothing was rolled out."
    )


def _is_there(reference: str, environment: Mapping[str, str], run: Run) -> bool:
    return not run(["docker", "buildx", "imagetools", "inspect", reference], environment).returncode


@contextmanager
def _logged_in(repositories: Sequence[str], passwords: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """An environment in which Docker is logged in to those of the repositories that are ECR's."""
    hosts = {repository.split("/")[0]: region_of(repository) for repository in repositories}
    home = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    config = {
        "auths": {host: {"auth": _basic(passwords[region])} for host, region in sorted(hosts.items()) if region},
        # Where buildx is on a desktop; it is looked for beside the configuration otherwise.
        "cliPluginsExtraDirs": [str(home / "cli-plugins")],
    }
    # A file of its own: not on a command line, and not mixed with what the machine's user is logged in to.
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "config.json").write_text(json.dumps(config))
        yield {**os.environ, "DOCKER_CONFIG": directory}


def _basic(password: str) -> str:
    return base64.b64encode(f"AWS:{password}".encode()).decode()
