"""A remote component as the preview meets it: what was registered, and how its model answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from offline import wire


@dataclass(frozen=True)
class Made:
    """A resource that was recorded: its URN, its id and what is known of it, secrets revealed."""

    urn: str
    id: str
    state: Mapping[str, Any]

    @property
    def reference(self) -> wire.Reference:
        """The resource as a value."""
        return wire.Reference(self.urn, self.id)


@dataclass(frozen=True, kw_only=True)
class Component:
    """A remote component as it was registered. `inputs` are as `wire.raw` returns them."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    property_dependencies: Mapping[str, Sequence[str]]
    providers: Mapping[str, str]

    def dependencies(self, *names: str) -> list[str]:
        """The URNs that these inputs come from."""
        return [urn for name in names for urn in self.property_dependencies.get(name, ())]


@dataclass(frozen=True)
class Answer:
    """A component's outputs, and for some the URNs that they come from."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Maker(Protocol):
    """Records what a component makes."""

    def make(
        self,
        type_: str,
        name: str,
        inputs: Mapping[str, Any],
        *,
        parent: str,
        custom: bool = True,
        depends_on: Sequence[str] = (),
        property_dependencies: Mapping[str, Sequence[str]] | None = None,
        provider: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Made:
        """Record a resource below `parent`; an input that is None is left out."""

    def state_of(self, urn: str) -> Mapping[str, Any]:
        """What is known of a registered resource, secrets revealed."""

    def say(self, severity: str, text: str, urn: str = "") -> None:
        """Add a message to the plan."""
