"""What a program registered: the result of an evaluation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registration. Inputs are plain JSON with secrets and unknowns as words; every reference is a URN."""

    urn: str
    type: str
    name: str
    parent: str | None
    inputs: Mapping[str, Any]
    custom: bool = True
    remote: bool = False
    modelled: bool = False
    external: bool = False
    depends_on: Sequence[str] = ()
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    provider: str | None = None
    providers: Mapping[str, str] = field(default_factory=dict)
    hooks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """The package of the type: `aws` of `aws:ec2/vpc:Vpc`."""
        return self.type.partition(":")[0]

    @property
    def short_type(self) -> str:
        """The last part of the type: `Vpc` of `aws:ec2/vpc:Vpc`."""
        return self.type.rpartition(":")[2]

    def to_json(self) -> dict[str, Any]:
        """The resource as the JSON output has it; what is not set is left out."""
        providers = {**self.providers, **({self.package: self.provider} if self.provider else {})}
        optional = {
            "modelled": self.modelled,
            "external": self.external,
            "remote": self.remote,
            "hooks": {kind: list(names) for kind, names in self.hooks.items()},
            "options": dict(self.options),
            "propertyDependencies": {key: list(urns) for key, urns in self.property_dependencies.items()},
        }
        return {
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "parent": self.parent,
            "custom": self.custom,
            "inputs": dict(self.inputs),
            "dependsOn": list(self.depends_on),
            "providers": providers,
            **{key: value for key, value in optional.items() if value},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Resource":
        """The inverse of `to_json`."""
        return cls(
            urn=data["urn"],
            type=data["type"],
            name=data["name"],
            parent=data["parent"],
            custom=data.get("custom", True),
            remote=data.get("remote", False),
            modelled=data.get("modelled", False),
            external=data.get("external", False),
            inputs=data["inputs"],
            depends_on=tuple(data["dependsOn"]),
            property_dependencies=data.get("propertyDependencies", {}),
            providers=data["providers"],
            hooks=data.get("hooks", {}),
            options=data.get("options", {}),
        )


@dataclass(frozen=True)
class Message:
    """A line of the program's log: `severity` is info, warning or error; `urn` says what it is about, or is empty."""

    severity: str
    text: str
    urn: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The registrations of one evaluation in their order, without the stack itself, and what the program said.

    `parent` of a resource right under the stack is None. With `unknowns`, computed values were the engine's unknowns;
    else they are placeholders, `${<logical name>.<property>}`. `unresolved` are the stacks whose outputs were asked for
    and not given, by the name that the program used.
    """

    project: str
    stack: str
    resources: Sequence[Resource]
    outputs: Mapping[str, Any]
    messages: Sequence[Message] = ()
    unknowns: bool = False
    unresolved: Sequence[str] = ()

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        """The resources by URN."""
        return {resource.urn: resource for resource in self.resources}

    def of(self, type_: str) -> list[Resource]:
        """The resources of a type, e.g. `aws:ec2/vpc:Vpc`."""
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str) -> Resource:
        """The resource of that type and logical name.

        Raises:
            LookupError: there is none; the message lists those of the type, or the types there are.
        """
        found = [resource for resource in self.of(type_) if resource.name == name]
        if len(found) == 1:
            return found[0]
        names = [resource.name for resource in self.of(type_)]
        there = (
            f"of this type there are {names}" if names else f"the types are {sorted({r.type for r in self.resources})}"
        )
        raise LookupError(f"{len(found)} resources are {type_} {name!r}; {there}")

    def children(self, urn: str | None) -> list[Resource]:
        """The resources whose parent is `urn`; with None, those right under the stack."""
        return [resource for resource in self.resources if resource.parent == urn]

    def descendants(self, urn: str) -> Iterator[Resource]:
        """The resources below `urn`, depth first."""
        for child in self.children(urn):
            yield child
            yield from self.descendants(child.urn)

    def to_json(self) -> dict[str, Any]:
        """The plan as the JSON output has it."""
        return {
            "stack": self.stack,
            "project": self.project,
            "resources": [resource.to_json() for resource in self.resources],
            "outputs": dict(self.outputs),
            "messages": [
                {"severity": each.severity, "text": each.text, **({"urn": each.urn} if each.urn else {})}
                for each in self.messages
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        """The inverse of `to_json`."""
        return cls(
            project=data["project"],
            stack=data["stack"],
            resources=[Resource.from_json(resource) for resource in data["resources"]],
            outputs=data["outputs"],
            messages=[Message(each["severity"], each["text"], each.get("urn", "")) for each in data["messages"]],
        )
