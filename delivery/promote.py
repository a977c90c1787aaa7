"""`make promote`: the very image that one stack runs, on the next one."""

import argparse

from delivery import announce, releases, rollout, smoke
from delivery.configuration import settings_of
from delivery.context import Context
from delivery.problems import DeliveryError, UsageError
from delivery.releases import IMAGE_FROM_SETTING, IMAGE_SETTING, digest_of
from delivery.rollout import RollOut
from delivery.stack_state import StackState, deployer_of, read_stack
from delivery.targets import Source, check_same_source, mode_of
from infra.image import UNKNOWN_COMMIT
from infra.problems import shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery promote` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack that gets the image")
    parser.add_argument(
        "--from", dest="source", metavar="NAME", help="the stack that runs it (the setting promoteFrom of --stack)"
    )
    parser.add_argument(
        "--image", metavar="REFERENCE", help="another image than the one that stack runs: <repository>@sha256:<digest>"
    )
    smoke.add_seconds(parser)


def run(context: Context, options: argparse.Namespace) -> int:
    """Roll out on one stack the image that another one runs, with the infrastructure of the checkout, and test it.

    Raises:
        DeliveryError: it was refused or failed; the message says what runs now.
    """
    stack: str = options.stack
    source = options.source or settings_of(context, stack).promote_from
    if not source:
        raise DeliveryError(
            f"stack {stack} does not say from where it is promoted.\n"
            f"  cure: make promote STACK={stack} FROM=<stack>, or set helloworld:promoteFrom in Pulumi.{stack}.yaml"
        )
    if source == stack:
        raise UsageError(f"--from = {shown(source)}: a stack is not promoted from itself.\n  cure: name another one")
    source_settings = settings_of(context, source)
    if source_settings.platform == "local":
        raise DeliveryError(
            f"--from = {shown(source)}: a local stack's image is in no registry.\n  cure: name a stack in the cloud"
        )
    if options.image and not digest_of(options.image):
        raise DeliveryError(
            f"--image = {shown(options.image)}: only a digest names one image for ever.\n"
            f"  cure: <repository>@sha256:<64 hexadecimal digits>, e.g. what `make deploy STACK={source}` has told"
        )
    if options.image:
        # The same rule for what follows as for what stands in a file.
        settings_of(context, stack, {IMAGE_SETTING: options.image})
    with announce.failures_told(context, f"promote {stack} from {source}"):
        deployer, settings = deployer_of(context, stack)
        # Read before the other stack is made: a source that runs nothing must leave nothing behind.
        origin = read_stack(deployer, source, source_settings, create=False)
        reference = options.image or promotable(origin)
        target = read_stack(deployer, stack, settings, create=True)
        if not options.image:
            check_branch(target, origin)
        what = plan(target, origin, reference)
        outputs = rollout.roll_out(target, what, options.seconds)
    announce.tell(context, what.subject, outputs, what.commit)
    return 0


def promotable(origin: StackState) -> str:
    """The image that a stack runs, by digest.

    Raises:
        DeliveryError: it runs none.
    """
    if not digest_of(origin.running):
        runs = f"its output `image` is {shown(origin.running)}" if origin.running else "it runs none yet"
        raise DeliveryError(
            f"stack {origin.stack} has no image by digest: {runs}.\n  cure: make deploy STACK={origin.stack}"
        )
    return origin.running


def plan(target: StackState, origin: StackState, reference: str) -> RollOut:
    """What is rolled out.

    Args:
        target: the stack that gets the image.
        origin: the stack that runs it, or ran it.
        reference: the image, by digest.
    """
    digest = digest_of(reference)
    known = (state.commit_of(digest) for state in (origin, target))
    # The whole commit rather than the beginning of it that a tag has.
    commit = max(known, key=lambda found: (found != UNKNOWN_COMMIT, len(found)))
    if digest == digest_of(target.running):
        target.context.console.say(f"{digest} runs on {target.stack} already: only infrastructure changes.")
    image = target.own(reference)
    # What the stack's own registry has not yet is copied there by the program, before the roll-out.
    there = image.partition("@")[0] == target.outputs.get("registry")
    overrides = {IMAGE_SETTING: image} if there else {IMAGE_FROM_SETTING: image, IMAGE_SETTING: ""}
    return RollOut(
        subject=f"promote {target.stack} from {origin.stack}", image=image, commit=commit, overrides=overrides
    )


def check_branch(target: StackState, origin: StackState) -> None:
    """Where branches stand for environments: refuse unless the image that runs is that of the checkout's source.

    Raises:
        DeliveryError: it is another source's, or nobody can tell.
    """
    if mode_of(target.context.environ) != "branches":
        return
    here = Source.of_checkout(target.context.project, origin.settings)
    release = releases.of_digest(origin.releases, digest_of(origin.running))
    running = Source(commit=release.commit, tag=release.tag or release.image) if release else None
    check_same_source(origin.stack, running or Source(commit=UNKNOWN_COMMIT, tag=""), here)
