"""`make deploy`: a stack as the checkout has it."""

import argparse
from dataclasses import replace

from delivery import announce, git, rollout, smoke
from delivery.configuration import settings_of
from delivery.context import Context
from delivery.problems import DeliveryError
from delivery.releases import IMAGE_SETTING, digest_of
from delivery.rollout import RollOut
from delivery.stack_state import StackState, open_stack
from delivery.targets import Source


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery deploy` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")
    parser.add_argument(
        "--infrastructure",
        action="store_true",
        help="keep the image that runs, and change everything else; for a stack whose image is promoted",
    )
    parser.add_argument(
        "--refresh",
        action="store_true",
        help="look at the cloud first, and set right what was changed there (drift); takes a little longer",
    )
    smoke.add_seconds(parser)


def run(context: Context, options: argparse.Namespace) -> int:
    """Deploy a stack and test it; if the test fails, the image that ran before comes back.

    Raises:
        DeliveryError: it was refused or failed; the message says what runs now.
    """
    stack: str = options.stack
    settings = settings_of(context, stack)
    if settings.promote_from and not settings.image and not options.infrastructure:
        raise DeliveryError(
            f"stack {stack} runs what {settings.promote_from} has run before (helloworld:promoteFrom), so nothing is "
            f"built for it.\n  cure: make promote STACK={stack}; or, to change all but the image, "
            f"make deploy STACK={stack} INFRASTRUCTURE=yes"
        )
    with announce.failures_told(context, f"deploy {stack}"):
        target = open_stack(context, stack, create=True)
        what = replace(plan(target, infrastructure=options.infrastructure), refresh=options.refresh)
        outputs = rollout.roll_out(target, what, options.seconds)
    announce.tell(context, what.subject, outputs, what.commit)
    return 0


def plan(target: StackState, *, infrastructure: bool) -> RollOut:
    """Which image a deployment rolls out: the one that runs, the one in the settings, or one of the checkout's source.

    Raises:
        DeliveryError: it is to keep the image that runs, and none does; or the commit of the source cannot be told.
    """
    stack, settings = target.stack, target.settings
    if infrastructure:
        running = digest_of(target.running)
        if not running:
            raise DeliveryError(
                f"stack {stack} runs no image yet, so there is none to keep.\n  cure: "
                + (f"make promote STACK={stack}" if settings.promote_from else f"make deploy STACK={stack}")
            )
        image = target.own(target.running)
        subject = f"deploy {stack}, infrastructure only"
        return RollOut(subject=subject, image=image, commit=target.commit_of(running), overrides={IMAGE_SETTING: image})
    if settings.image:
        commit = target.commit_of(digest_of(settings.image))
        return RollOut(subject=f"deploy {stack}", image=settings.image, commit=commit)
    return _built(target)


def _built(target: StackState) -> RollOut:
    subject = f"deploy {target.stack}"
    if git.is_shallow(target.context):
        raise DeliveryError(
            "the checkout has no history (it is shallow), so the commit that the image is of cannot be told.\n"
            "  cure: git fetch --unshallow; in a workflow fetch-depth: 0"
        )
    source = Source.of_checkout(target.context.project, target.settings)
    tag, commit = source.tag, source.commit
    there = target.images.digest_of(tag) if target.images else None
    newest = target.releases[0] if target.releases else None
    if target.images is None or there is None or (newest and newest.tag == tag):
        return RollOut(subject=subject, image=tag, commit=commit)
    # Tags do not move: the program would fail to push what the registry has, and its state does not know.
    image = f"{target.images.repository}@{there}"
    target.context.console.say(f"The registry has an image of this very source: {tag}. Nothing is built.")
    return RollOut(subject=subject, image=image, commit=commit, overrides={IMAGE_SETTING: image})
