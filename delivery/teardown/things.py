"""What is found of a stack in AWS. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from delivery.teardown.scope import Proof

# What something costs that no price is known of here.
UNKNOWN = "not known here"


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """The call of boto3 that deletes something."""

    service: str
    operation: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Thing:
    """Something in AWS that came with a stack.

    `why` says why it is there, `costs` what it costs (empty: nothing), `cure` how to get rid of it (empty: wait).
    `expected`: it stays by design. `late`: AWS deletes it by itself, soon. `deletion` is there if `make destroy` may
    delete it; `proof` is what says whose it is.
    """

    kind: str
    name: str
    why: str
    costs: str = ""
    cure: str = ""
    expected: bool = False
    late: bool = False
    proof: Proof = "none"
    deletion: Deletion | None = None


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What was found, and what could not be asked, a sentence each."""

    things: Sequence[Thing] = ()
    unasked: Sequence[str] = ()

    @property
    def of_cluster(self) -> "Looked":
        """The same without what only the stack's own tags, or nothing, says to be its own."""
        return replace(self, things=[each for each in self.things if each.proof == "cluster"])

    @property
    def clean(self) -> bool:
        """Whether everything was asked, and nothing is there but what stays by design."""
        return not self.unasked and all(each.expected for each in self.things)
