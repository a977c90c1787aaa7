"""One roll-out of an image on a stack: up, smoke test, and the way back if that fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from delivery import releases
from delivery.configuration import settings_of
from delivery.context import Context
from delivery.local import reachable
from delivery.location import located
from delivery.problems import DeliveryError, Interruption
from delivery.releases import IMAGE_SETTING, digest_of
from delivery.smoke import Finding, smoke
from delivery.stack_state import StackState, read_stack


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
    """

    subject: str
    image: str
    commit: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    rejected: str = ""
    restore: bool = True


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
    outputs = target.workspace.up(text, what.overrides)
    findings = _tested(target, outputs, what.commit, seconds)
    if not findings:
        return outputs
    problems = "\n".join(f"  {finding}" for finding in findings)
    headline = f"{what.subject}: the roll-out got healthy, but the smoke test failed:\n{problems}"
    new = digest_of(str(outputs.get("image", "")))
    raise DeliveryError(f"{headline}\n{_way_back(target, what, new, seconds)}")


def smoke_of_stack(context: Context, stack: str, seconds: float) -> list[Finding]:
    """Test a stack as it is: against the commit of the image that runs, as far as that is known.

    Raises:
        DeliveryError: the stack cannot be read, or has no address.
    """
    settings = settings_of(context, stack)
    with located(context, stack, settings) as here:
        target = read_stack(here, stack, settings, create=False)
        commit = target.commit_of(digest_of(target.running))
        url = _url(target.outputs, stack)
        if settings.platform != "local":
            return smoke(here, url, commit, seconds=seconds)
        with reachable(here, str(target.outputs["namespace"])) as forwarded:
            return smoke(here, forwarded, commit, seconds=seconds)


def _tested(target: StackState, outputs: Mapping[str, Any], commit: str, seconds: float) -> list[Finding]:
    url = _url(outputs, target.stack)
    try:
        return smoke(target.context, url, commit, seconds=seconds)
    except KeyboardInterrupt:
        raise Interruption(
            f"the smoke test of stack {target.stack} was interrupted; the new release runs, and was not tested.\n"
            f"  cure: make smoke STACK={target.stack}; make rollback STACK={target.stack} brings the one before back"
        ) from None


def _url(outputs: Mapping[str, Any], stack: str) -> str:
    url = str(outputs.get("url") or "")
    if not url:
        raise DeliveryError(
            f"stack {stack} has no output `url`: nothing has been deployed.\n  cure: make deploy STACK={stack}"
        )
    return url


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
