"""A stack as it is before something is done with it: settings, outputs, registry, and what ran on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delivery import aws, registry, releases
from delivery.configuration import settings_of
from delivery.context import Context
from delivery.identity import as_deployer
from delivery.problems import DeliveryError
from delivery.releases import Release, digest_of
from delivery.workspace import Workspace
from infra.image import UNKNOWN_COMMIT
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class StackState:
    """A stack that is open: as whom it is changed, what it has, and what ran on it (newest first).

    `newest` is what its newest successful update released; None if that says nothing about it, e.g. one by hand.
    """

    context: Context
    workspace: Workspace
    settings: Settings
    outputs: Mapping[str, Any]
    images: registry.Images | None
    releases: Sequence[Release]
    newest: Release | None

    @property
    def stack(self) -> str:
        """Its name."""
        return self.workspace.name

    @property
    def running(self) -> str:
        """The reference of the image that runs; empty if none does."""
        return str(self.outputs.get("image", ""))

    def commit_of(self, digest: str) -> str:
        """The commit that an image is of, or the beginning of it, or `unknown`.

        An image that runs without a digest is meant by an empty one.
        """
        release = releases.of_digest(self.releases, digest)
        if release is None and self.newest and not self.newest.digest and digest == digest_of(self.running):
            # Built by tag, into a registry that cannot be asked.
            release = self.newest
        if release and release.commit != UNKNOWN_COMMIT:
            return release.commit
        return (self.images.commit_of(digest) if self.images else None) or UNKNOWN_COMMIT

    def own(self, reference: str) -> str:
        """`reference` in the stack's own registry, if that has the image."""
        digest = digest_of(reference)
        known = self.images is not None and digest in self.images.digests
        return f"{self.images.repository}@{digest}" if self.images and known else reference


def open_stack(context: Context, stack: str, *, create: bool) -> StackState:
    """Open a stack to change it, as its deploy role; its settings are read first.

    Raises:
        DeliveryError: its settings have problems, it cannot be opened, or it is a local one.
    """
    deployer, settings = deployer_of(context, stack)
    return read_stack(deployer, stack, settings, create=create)


def deployer_of(context: Context, stack: str) -> tuple[Context, Settings]:
    """The context in which a stack is changed, and its settings, which are read first.

    Raises:
        DeliveryError: the settings have problems, the role cannot be assumed, or the stack is a local one.
    """
    settings = settings_of(context, stack)
    if settings.platform == "local":
        raise DeliveryError(
            f"stack {stack} is local, and has no history to promote from or go back in.\n  cure: make up STACK={stack}"
        )
    return as_deployer(context, stack, settings), settings


def read_stack(context: Context, stack: str, settings: Settings, *, create: bool) -> StackState:
    """As `open_stack`, but as whoever the context is, and a local one, too."""
    workspace = Workspace.open(context, stack, create=create)
    outputs = workspace.outputs()
    images = _images(context, outputs)
    history = [update for update in workspace.history() if releases.is_successful(update)]
    return StackState(
        context=context,
        workspace=workspace,
        settings=settings,
        outputs=outputs,
        images=images,
        releases=releases.releases(history, images),
        newest=next(iter(releases.releases(history[:1], images)), None),
    )


def _images(context: Context, outputs: Mapping[str, Any]) -> registry.Images | None:
    repository = str(outputs.get("registry", ""))
    try:
        return registry.images(context, repository)
    except aws.AwsError as error:
        context.console.warn(f"{repository} cannot be read, so digests are known from the history only: {error}")
        return None
