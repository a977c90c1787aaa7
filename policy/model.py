"""What a rule is given, and what it answers."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import Any, Literal, Protocol

Level = Literal["advisory", "mandatory"]
DAY = "POLICY_DATE"


class DayError(ValueError):
    """The day to judge versions on is none."""


def the_day(environ: Mapping[str, str] = os.environ) -> date:
    """The day that versions are judged on: today, or the one that `POLICY_DATE` names.

    Raises:
        DayError: it names none.
    """
    given = environ.get(DAY)
    try:
        return date.fromisoformat(given) if given else date.today()
    except ValueError:
        raise DayError(f"{DAY} is {given!a}, which is no day: give it as 2027-01-31, or unset it") from None


class Planned(Protocol):
    """What a rule looks at. `inputs` are plain JSON in the provider's spelling, and `property_dependencies` the URNs
    that each of them is made of.
    """

    @property
    def urn(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def property_dependencies(self) -> Mapping[str, Sequence[str]]: ...


@dataclass(frozen=True)
class Allowed:
    """An exception. `name` is a pattern of logical names, `what` the rule that these resources may break, or a pattern
    of the one thing that they may do (an action, a probe, an image, a chart), and `reason` says why.
    """

    name: str
    what: str
    reason: str


@dataclass(frozen=True)
class Context:
    """What a rule depends on besides the resource: whether the stack is production, what is allowed, the day, and for
    rules of a whole stack its resources.
    """

    production: bool
    allowed: Sequence[Allowed] = ()
    today: date = field(default_factory=the_day)
    stack: Sequence[Planned] = ()

    def allows(self, resource: Planned, what: str) -> bool:
        """Whether `what` is allowed to that resource."""
        return any(fnmatchcase(resource.name, each.name) and fnmatchcase(what, each.what) for each in self.allowed)

    def has_beside(self, resource: Planned, type_: str, key: str) -> bool:
        """Whether the stack has a resource of a type whose input `key` is made of that resource."""
        return any(
            each.type == type_ and resource.urn in each.property_dependencies.get(key, ()) for each in self.stack
        )


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


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A check by name; what it asks, why, and its cure.

    Its level outside and in production; None means not asked there. `of_stack`: the check needs the resources beside
    the one that it judges.
    """

    name: str
    check: Check
    asks: str
    why: str
    cure: str
    level: Level | None = "mandatory"
    in_production: Level = "mandatory"
    of_stack: bool = False

    def reasons(self, resource: Planned, context: Context) -> Iterable[str]:
        """What is wrong with a resource, unless a row allows it to break the rule."""
        # Rows are compared last: nearly nothing breaks a rule, and comparing took longer than all checks.
        found = tuple(self.check(resource, context))
        return () if found and context.allows(resource, self.name) else found

    def level_in(self, context: Context) -> Level | None:
        """The level for a stack; None where it is not asked."""
        return self.in_production if context.production else self.level


def stack_of(urn: str) -> tuple[str, str]:
    """Project and stack of a URN, `urn:pulumi:<stack>::<project>::…`; both empty if it is none."""
    parts = urn.split("::")
    return (parts[1], parts[0].removeprefix("urn:pulumi:")) if len(parts) > 2 else ("", "")
