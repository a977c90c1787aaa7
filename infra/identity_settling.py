"""The moment that a Pod Identity association takes before it takes effect."""

import asyncio
import time

import pulumi

# AWS speaks of several seconds: https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
SETTLING_SECONDS = 10.0


class Settling:
    """Keeps pods from being started too soon after their association was made.

    A pod that started before it takes effect would never get its role, and nothing would start it anew. Where the
    association is made while nodes or a database still are, nobody waits; on a cluster that stands already, the pod
    would be as quick. The wait is before the pods and not after the association, as a hook that waits holds up others.

    `association` are the hooks of the association, `pods` is the hook before creation and update of what starts pods.
    """

    association: pulumi.ResourceHookBinding
    pods: pulumi.ResourceHook

    def __init__(self, name: str) -> None:
        """Hooks of one association.

        Args:
            name: the beginning of the hooks' names, unique in the program.
        """
        self._made: float | None = None
        self.association = pulumi.ResourceHookBinding(after_create=[pulumi.ResourceHook(f"{name}-made", self.note)])
        self.pods = pulumi.ResourceHook(f"{name}-settled", self.wait)

    def note(self, _: pulumi.ResourceHookArgs) -> None:
        """The association has just been made."""
        self._made = time.monotonic()

    async def wait(self, _: pulumi.ResourceHookArgs) -> None:
        """Wait until the association has taken effect, if it was made just now."""
        if self._made is not None:
            await asyncio.sleep(max(0.0, self._made + SETTLING_SECONDS - time.monotonic()))
