"""`make rollback`: an image that ran before, from the stack's own history. Nothing is built."""

import argparse
from collections.abc import Sequence

from delivery import announce, releases, revert, rollout, smoke
from delivery.context import Context
from delivery.problems import DeliveryError
from delivery.releases import IMAGE_SETTING, Release, digest_of
from delivery.rollout import RollOut
from delivery.stack_state import StackState, open_stack
from infra.problems import shown

MOST_SHOWN = 20
REVERT = "REVERT_PULL_REQUEST"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery rollback` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")
    parser.add_argument(
        "--to",
        metavar="DIGEST|COMMIT",
        help="the release to go back to, or at least seven digits of it (the newest one of another image, leaving out "
        "what was taken out of service since)",
    )
    parser.add_argument(
        "--revert-pull-request",
        action="store_true",
        help=f"open a pull request that reverts the commit of the image that is taken out of service (or {REVERT}=yes)",
    )
    smoke.add_seconds(parser)


def run(context: Context, options: argparse.Namespace) -> int:
    """Go back to a release, test it, and open a pull request that reverts the one that was left, if asked to.

    Raises:
        DeliveryError: there is nothing to go back to, or it failed; the message says what runs now.
    """
    stack: str = options.stack
    with announce.failures_told(context, f"roll back {stack}"):
        target = open_stack(context, stack, create=False)
        release = chosen(target, options.to)
        running = digest_of(target.running)
        image = target.own(release.image)
        what = RollOut(
            subject=f"roll back {stack}",
            image=image,
            commit=target.commit_of(release.digest),
            overrides={IMAGE_SETTING: image},
            rejected=running,
            restore=False,
        )
        context.console.say(f"Going back from {target.running or 'nothing'}\n  to {release}")
        outputs = rollout.roll_out(target, what, options.seconds)
    announce.tell(context, what.subject, outputs, what.commit)
    if options.revert_pull_request or context.environ.get(REVERT, "").lower() in ("1", "true", "yes"):
        revert.open_pull_request(context, stack, target.commit_of(running))
    return 0


def chosen(target: StackState, wanted: str | None) -> Release:
    """The release to go back to.

    Args:
        target: the stack.
        wanted: a digest, a commit or the beginning of one; None: the newest one before what runs.

    Raises:
        DeliveryError: none or several are meant, or it runs already; the message lists what there is.
    """
    running = digest_of(target.running)
    there = [release for release in target.releases if _is_kept(target, release)]
    if wanted is None:
        found = releases.previous(there, running)
        if found is None:
            raise DeliveryError(f"stack {target.stack} has no release to go back to.\n{_listed(there, running)}")
        return found
    matching = releases.named(there, wanted)
    if len(matching) != 1:
        why = f"{len(matching)} releases are meant" if matching else "no release that could be deployed is that"
        listed = _listed(matching or releases.distinct(there), running)
        raise DeliveryError(f"--to = {shown(wanted)}: {why}.\n{listed}\n  cure: name one by more of its digits")
    if matching[0].digest == running:
        raise DeliveryError(f"--to = {shown(wanted)}: it runs already.\n{_listed(releases.distinct(there), running)}")
    return matching[0]


def _is_kept(target: StackState, release: Release) -> bool:
    """The registry forgets all but its newest images. Where it cannot be read, the roll-out will tell."""
    return bool(release.digest) and (target.images is None or release.digest in target.images.digests)


def _listed(there: Sequence[Release], running: str) -> str:
    lines = [f"  {each}{'  (runs now)' if each.digest == running else ''}" for each in there[:MOST_SHOWN]]
    return "\n".join(["  there are:", *(lines or ["  none that succeeded and whose image is still there"])])
