"""One roll-out of an image on a stack: up, smoke test, and the way back if that fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from delivery import releases
from delivery.problems import DeliveryError, Interruption
from delivery.releases import IMAGE_SETTING, digest_of
from delivery.smoke import address_of, smoke
from delivery.smoke_checks import Check
from delivery.stack_state import StackState


@dataclass(frozen=True, kw_only=True)
class RollOut:
    """What is rolled out.

    Args:
        subject: what is done, e.g. `deploy dev`.
        image: by digest, or the tag of the one that is built.
        commit: that it is of, or `unknown`.
        overrides: settings for this time.
        rejected: the digest that is taken out of service by it.
        restore: go back to what ran before if the smoke test fails.
        refresh: look at the cloud first, so that what was changed there is set right.
    """

    subject: str
    image: str
    commit: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    rejected: str = ""
    restore: bool = True
    refresh: bool = False


def roll_out(target: StackState, what: RollOut, seconds: float) -> dict[str, Any]:
    """Update the stack and test it; if the test fails, bring back the image that ran before.

    Args:
        target: the stack, as it was before.
        what: to roll out.
        seconds: how long each smoke test may take.

    Returns:
        The outputs.

    Raises:
        DeliveryError: the update or the smoke test failed; the message says what runs now.
        Interruption: it was told to stop.
    """
    text = releases.message(what.subject, what.image, what.commit, rejected=what.rejected)
    outputs = target.workspace.up(text, what.overrides, refresh=what.refresh)
    findings = _tested(target, outputs, what.commit, seconds)
    if not findings:
        return outputs
    problems = "\n".join(f"  {finding}" for finding in findings)
    headline = f"{what.subject}: the roll-out got healthy, but the smoke test failed:\n{problems}"
    new = digest_of(str(outputs.get("image", "")))
    raise DeliveryError(f"{headline}\n{_way_back(target, what, new, seconds)}")


def _tested(target: StackState, outputs: Mapping[str, Any], commit: str, seconds: float) -> list[Check]:
    url = address_of(outputs, target.stack)
    try:
        return smoke(target.context, url, commit, seconds=seconds)
    except KeyboardInterrupt:
        raise Interruption(
            f"the smoke test of stack {target.stack} was interrupted; the new release runs, and was not tested.\n"
            f"  cure: make smoke STACK={target.stack}; make rollback STACK={target.stack} brings the one before back"
        ) from None


def _way_back(target: StackState, what: RollOut, new: str, seconds: float) -> str:
    """Bring back what ran before, and say how that went."""
    by_hand = f"  cure: repair it and deploy again, or make rollback STACK={target.stack}"
    before = target.own(target.running)
    if not what.restore:
        return f"  now:  {new} runs all the same; nothing was brought back.\n{by_hand} TO=<digest or commit>"
    if not digest_of(before):
        first = "this is the first release, there is none to go back to"
        return f"  now:  {new or 'it'} runs all the same: {first}.\n{by_hand}"
    if digest_of(before) == new:
        return f"  now:  {new} runs, as before: only infrastructure has changed, which no older image mends.\n{by_hand}"
    commit = target.commit_of(digest_of(before))
    target.context.console.warn(f"the smoke test failed: bringing back {before} ...")
    text = releases.message(f"restore {target.stack}", before, commit, rejected=new)
    try:
        outputs = target.workspace.up(text, {IMAGE_SETTING: before})
        findings = _tested(target, outputs, commit, seconds)
    except DeliveryError as error:
        return f"  now:  bringing back {before} failed too: {error}\n{by_hand}"
    if findings:
        problems = "; ".join(map(str, findings))
        return (
            f"  now:  {before} (commit {commit[:7]}) runs again, and fails the smoke test, too: {problems}\n{by_hand}"
        )
    return (
        f"  now:  {before} (commit {commit[:7]}) runs again and passes the smoke test; infrastructure is the new one.\n"
        f"  cure: repair the service and deploy again"
    )
