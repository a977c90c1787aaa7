"""The programs on this machine that an `up` calls."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable

from delivery.checks.result import Result, fail, ok, unknown, warn
from delivery.checks.site import makes_in_aws
from delivery.context import Context
from infra.settings import Settings
from offline.plan import Plan

SECONDS = 15
# The first of each major version whose `eks get-token` gives a v1beta1 token; the EKS plugin takes no older:
# https://github.com/pulumi/pulumi-eks/blob/master/nodejs/eks/dependencies.ts
OLDEST_CLI = {1: 24, 2: 7}
CLI_VERSION = re.compile(r"aws-cli/(\d+)\.(\d+)\.\d+")
INSTALL_CLI = "install 2.7 or newer: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
IMAGE = "docker:index/image:Image"


def aws_cli(context: Context, plan: Plan) -> Iterable[Result]:
    """The AWS CLI, which the engine asks for the cluster's token."""
    if not makes_in_aws(plan):
        return
    asked = "AWS CLI"
    said = _said(context, "aws", "--version")
    if said is None:
        yield fail(asked, "it is not on PATH, or does not start", INSTALL_CLI)
    elif not (found := CLI_VERSION.search(said)):
        yield unknown(asked, f"`aws --version` says {said[:80]!r}", INSTALL_CLI)
    elif int(found[2]) < OLDEST_CLI.get(int(found[1]), 0):
        yield fail(asked, f"{found[0]} is too old for the cluster's token", INSTALL_CLI)
    else:
        yield ok(asked, found[0])


def docker(context: Context, settings: Settings, plan: Plan) -> Iterable[Result]:
    """The daemon that builds the image, or copies it."""
    if not plan.of(IMAGE) and settings.platform != "local" and not settings.promote_from:
        return
    asked = "Docker"
    said = _said(context, "docker", "version", "--format", "{{.Server.Version}}")
    cure = "start Docker, and let this user reach it: `docker version` must name a server"
    if said:
        yield ok(asked, f"server {said}")
    elif settings.promote_from:
        yield warn(asked, "no daemon answers; promotion needs buildx only", cure)
    else:
        yield fail(asked, "no daemon answers, and the image is built by it", cure)


def _said(context: Context, *command: str) -> str | None:
    """What a command prints; None if there is none or it fails."""
    found = shutil.which(command[0], path=context.environ.get("PATH", os.defpath))
    if found is None:
        return None
    try:
        done = subprocess.run(
            [found, *command[1:]],
            env=dict(context.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return " ".join(f"{done.stdout} {done.stderr}".split()) if done.returncode == 0 else None
