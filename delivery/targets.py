"""What a push to a branch does: from the trunk to dev and on to prod, or one branch for each of them."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import pulumi

from delivery import registry, workflow_run
from delivery.context import Context
from delivery.problems import DeliveryError
from infra.image import UNKNOWN_COMMIT, image_tag, last_commit
from infra.image_source import CONTEXT
from infra.problems import shown
from infra.settings import Settings

DEV, PROD = "dev", "prod"
MAIN, DEVELOP = "main", "develop"


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What a push does, in this order: build and deploy to `deploy`, then promote what runs in `source` to `promote`.

    An empty text stands for nothing.
    """

    deploy: str = ""
    promote: str = ""
    source: str = ""


MODES: Mapping[str, Mapping[str, Targets]] = {
    "trunk": {MAIN: Targets(deploy=DEV, promote=PROD, source=DEV)},
    "branches": {DEVELOP: Targets(deploy=DEV), MAIN: Targets(promote=PROD, source=DEV)},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery targets` takes."""
    parser.add_argument("--branch", required=True, metavar="NAME", help="the branch that is pushed to")


def run(context: Context, options: argparse.Namespace) -> int:
    """Say as JSON what a push does, and to later steps of a workflow's job as its outputs.

    Raises:
        DeliveryError: `DELIVERY_MODE` is none, or the outputs cannot be written.
    """
    found = asdict(targets(options.branch, mode_of(context.environ)))
    context.console.say(json.dumps(found))
    # Later steps go by it.
    workflow_run.append(context, "GITHUB_OUTPUT", "".join(f"{key}={value}\n" for key, value in found.items()))
    return 0


def mode_of(environ: Mapping[str, str]) -> str:
    """`trunk` or `branches`, as `DELIVERY_MODE` says; trunk if it says nothing.

    Raises:
        DeliveryError: it says something else.
    """
    mode = environ.get("DELIVERY_MODE") or "trunk"
    if mode not in MODES:
        raise DeliveryError(f"DELIVERY_MODE = {shown(mode)}: there is no such mode\n  cure: {' or '.join(MODES)}")
    return mode


def targets(branch: str, mode: str) -> Targets:
    """What a push to `branch` does in one of the `MODES`."""
    return MODES[mode].get(branch, Targets())


@dataclass(frozen=True, kw_only=True)
class Source:
    """An image's source: the last commit that touched `app/`, and the tag of the image that is built from it.

    The commit may be `unknown`. Where only a digest is recorded, it stands in the tag's place.
    """

    commit: str
    tag: str

    @classmethod
    def of_checkout(cls, project: Path, settings: Settings) -> Self:
        """The source that the checkout has.

        Args:
            project: the project's directory.
            settings: of the stack that the image is built for.

        Raises:
            DeliveryError: there is a checkout, and git refuses to read it.
        """
        source = project / CONTEXT
        # A local one's is that of the Docker that builds.
        architecture = None if settings.platform == "local" else settings.node_architecture
        try:
            return cls(commit=last_commit(source), tag=image_tag(source, architecture, settings.source_url))
        except pulumi.RunError as error:
            raise DeliveryError(str(error)) from None

    @property
    def content(self) -> str:
        """The beginning of the hash of what is built; empty if the tag does not say."""
        found = registry.TAG.fullmatch(self.tag.rpartition(":")[2])
        return found["content"] if found else ""


def check_same_source(stack: str, running: Source, promoted: Source) -> None:
    """Refuse a promotion of an image that was built from something else than the commit that is promoted.

    With a branch for each environment it is a merge that promotes. The image that dev runs goes on to prod, so it must
    be that of the merged source: dev may have moved on, or not be there yet. The content decides where it is known,
    as a squashed merge has another commit and the same content.

    Args:
        stack: where the image runs.
        running: the source of that image, as its deployment recorded it.
        promoted: the source that the checkout has.

    Raises:
        DeliveryError: it is another source, or nobody can tell.
    """
    if running.content and promoted.content:
        if running.content == promoted.content:
            return
        reason = f"its source has the content {running.content}, and that of this commit has {promoted.content}"
    elif UNKNOWN_COMMIT in (running.commit, promoted.commit) or not running.commit:
        reason = "nobody can tell which commit it was built from"
    elif running.commit == promoted.commit:
        return
    else:
        reason = (
            f"it was built from commit {running.commit[:7]}, and app/ was last touched by {promoted.commit[:7]} here"
        )
    raise DeliveryError(
        f"the image that runs in {stack} is not this commit's: {reason}\n"
        f"  cure: deploy this source to {stack} first (merge {MAIN} back into {DEVELOP} if it has commits of its own), "
        "then run this again"
    )
