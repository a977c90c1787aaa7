"""What a rule is given, and what it answers."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, Protocol

Level = Literal["advisory", "mandatory"]


class Planned(Protocol):
    """What a rule looks at. `inputs` are plain JSON in the provider's spelling."""

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Allowed:
    """What a rule forbids and some resources may do all the same: resources whose logical name matches, what (an
    action, or a pattern of actions; a probe), and why.
    """

    name: str
    what: str
    reason: str


@dataclass(frozen=True)
class Context:
    """What a rule depends on besides the resource: whether the stack is production, and what is allowed."""

    production: bool
    allowed: Sequence[Allowed] = ()

    def allows(self, resource: Planned, what: str) -> bool:
        """Whether `what` is allowed to that resource."""
        return any(fnmatchcase(resource.name, each.name) and fnmatchcase(what, each.what) for each in self.allowed)


@dataclass(frozen=True)
class Finding:
    """A rule that a resource breaks."""

    rule: str
    level: Level
    urn: str
    reason: str
    cure: str

    def to_json(self) -> dict[str, str]:
        """The finding as the JSON output has it."""
        return {"rule": self.rule, "level": self.level, "urn": self.urn, "reason": self.reason, "cure": self.cure}


Check = Callable[[Planned, Context], Iterable[str]]


@dataclass(frozen=True)
class Rule:
    """A check by name, its cure, and its level outside and in production; None means not asked there."""

    name: str
    check: Check
    cure: str
    level: Level | None = "mandatory"
    in_production: Level = "mandatory"


def as_map(value: Any) -> Mapping[str, Any]:
    """The value if it is a map, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> list[Any]:
    """The value if it is a list, of Python's or of the policy pack's, else an empty one."""
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


def as_texts(value: Any) -> list[str]:
    """The texts of what is a text or a list of them."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(item) for item in value]


def is_unknown(value: Any) -> bool:
    """Whether a value is known only after the deployment, or hidden: it breaks no rule."""
    return isinstance(value, str) and (
        value in ("[unknown]", "[secret]") or re.fullmatch(r"\$\{.*\}", value) is not None
    )
