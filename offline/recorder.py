"""The engine's side of an evaluation: takes registrations, answers like the cloud would, and remembers everything."""

# ruff: noqa: N802 - the protocol names these methods.

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime import mocks
from pulumi.runtime.proto import alias_pb2, engine_pb2, provider_pb2, resource_pb2

from offline import cloud, remote, wire
from offline.component import Component, Made
from offline.plan import Message, Plan, Resource

Transform = Callable[[pulumi.ResourceTransformArgs], Any]
STACK_TYPE = "pulumi:pulumi:Stack"
REFERENCE_TYPE = "pulumi:pulumi:StackReference"
SEVERITIES = {engine_pb2.INFO: "info", engine_pb2.WARNING: "warning", engine_pb2.ERROR: "error"}
HOOKS = (
    "before_create",
    "after_create",
    "before_update",
    "after_update",
    "before_delete",
    "after_delete",
    "on_error",
)


class _NoMocks(mocks.Mocks):
    """The base class wants mocks; nothing of it that would ask them is left."""

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError


class Recorder(mocks.MockMonitor):
    """A resource monitor and an engine in one, for one evaluation.

    Args:
        project: the project's name.
        stack: the stack's name.
        unknowns: leave computed values unknown, as a real preview of a new stack does, instead of placeholders.
        stack_outputs: the outputs of the stacks that stack references may name, by that name.
    """

    def __init__(
        self,
        project: str,
        stack: str,
        *,
        unknowns: bool = False,
        stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(_NoMocks())
        self.project, self.stack, self.unknowns = project, stack, unknowns
        self._stack_outputs = stack_outputs or {}
        self._unresolved: dict[str, None] = {}
        self.transforms: list[Transform] = []
        self.recorded: dict[str, Resource] = {}
        self.messages: list[Message] = []
        self.outputs: dict[str, Any] = {}
        self._ids: dict[str, str] = {}
        self._states: dict[str, dict[str, Any]] = {}
        self._regions: dict[str, str] = {}
        self._stack_urn = self.make_urn("", STACK_TYPE, f"{project}-{stack}")

    def plan(self) -> Plan:
        """What was recorded so far."""
        return Plan(
            project=self.project,
            stack=self.stack,
            resources=list(self.recorded.values()),
            outputs=self.outputs,
            messages=self.messages,
            unknowns=self.unknowns,
            unresolved=tuple(self._unresolved),
        )

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The URN that the engine gives: the base class leaves out all ancestors but one, and names the stack."""
        if parent and parent != self._stack_urn:
            type_ = f"{parent.split('::')[2]}${type_}"
        return f"urn:pulumi:{self.stack}::{self.project}::{type_}::{name}"

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        """Record a registration and answer with its outputs."""
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=self._stack_urn)
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = self._transformed(request.type, request.name, wire.raw(request.object), custom=request.custom)
        properties = {key: sorted(value.urns) for key, value in request.propertyDependencies.items() if value.urns}
        self._record(
            Resource(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=self._parent(request.parent),
                inputs=wire.plain(inputs),
                custom=request.custom,
                remote=request.remote,
                depends_on=sorted({*request.dependencies, *(each for urns in properties.values() for each in urns)}),
                property_dependencies=properties,
                provider=_provider_urn(request.provider),
                providers={package: _provider_urn(ref) or "" for package, ref in request.providers.items()},
                hooks={kind: list(names) for kind in HOOKS if (names := getattr(request.hooks, kind))},
                options=_options(request),
            )
        )
        if request.type.startswith("pulumi:providers:"):
            self._regions[urn] = str(wire.revealed(inputs).get("region") or cloud.NO_REGION)
        if request.remote:
            return self._construct(urn, request, inputs)
        state = self._settle(urn, inputs, custom=request.custom, provider=request.provider)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=self._ids.get(urn, ""), object=wire.struct(state))

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        """Record a resource that exists already, and answer with its outputs."""
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs = wire.raw(request.properties)
        self._record(
            Resource(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=self._parent(request.parent),
                inputs={"id": request.id, **wire.plain(inputs)},
                external=True,
                depends_on=sorted(request.dependencies),
                provider=_provider_urn(request.provider),
            )
        )
        if request.type == REFERENCE_TYPE:
            state = {"name": request.id, **self._referenced(request.id)}
        else:
            state = self._settle(urn, inputs, custom=True, provider=request.provider)
        self._states[urn], self._ids[urn] = state, request.id
        return resource_pb2.ReadResourceResponse(urn=urn, properties=wire.struct(state))

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        """Answer a data source, or what is known of a resource that was registered."""
        args = wire.revealed(wire.raw(request.args))
        if request.tok == "pulumi:pulumi:getResource":
            urn = args["urn"]
            if urn not in self._states:
                failure = provider_pb2.CheckFailure(property="urn", reason=f"no resource {urn}")
                return resource_pb2.ResourceInvokeResponse(failures=[failure])
            answer = {"urn": urn, "id": self._ids.get(urn, ""), "state": self._states[urn]}
        else:
            region = self._regions.get(_provider_urn(request.provider) or "", cloud.NO_REGION)
            answer = cloud.data(cloud.Query(request.tok, args, args.get("region") or region))
        return resource_pb2.ResourceInvokeResponse(**{"return": wire.struct(answer)})

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> empty_pb2.Empty:
        """Remember the stack's outputs."""
        if request.urn == self._stack_urn:
            self.outputs.update(wire.plain(wire.raw(request.outputs)))
        return empty_pb2.Empty()

    def Log(self, request: engine_pb2.LogRequest) -> empty_pb2.Empty:
        """Remember a message of the program."""
        if severity := SEVERITIES.get(request.severity):
            urn = "" if request.urn == self._stack_urn else request.urn
            self.messages.append(Message(severity, request.message, urn))
        return empty_pb2.Empty()

    def RequirePulumiVersion(self, _: engine_pb2.RequirePulumiVersionRequest) -> empty_pb2.Empty:
        """There is no engine whose version could be wrong."""
        return empty_pb2.Empty()

    def say(self, severity: str, text: str, urn: str = "") -> None:
        """Add a message of our own."""
        message = Message(severity, text, urn)
        if message not in self.messages:
            self.messages.append(message)

    def _transformed(self, type_: str, name: str, inputs: dict[str, Any], *, custom: bool) -> dict[str, Any]:
        """Inputs as the program's transforms leave them. What they do to options is not followed."""
        for transform in self.transforms:
            # No opts: what they are is known to the engine only.
            args = pulumi.ResourceTransformArgs(
                custom=custom, type_=type_, name=name, props=inputs, opts=pulumi.ResourceOptions()
            )
            result = transform(args)
            if inspect.iscoroutine(result):
                result.close()
                self.say("warning", "An asynchronous transform is registered, which the offline preview does not run.")
            elif isinstance(result, pulumi.ResourceTransformResult):
                inputs = dict(result.props)
        return inputs

    def _parent(self, urn: str) -> str | None:
        if not urn or urn == self._stack_urn:
            return None
        if urn not in self.recorded:
            raise LookupError(f"the parent {urn} is not registered")
        return urn

    def _record(self, resource: Resource) -> None:
        if resource.urn in self.recorded:
            raise ValueError(
                f"two resources have the URN {resource.urn}: give one of them another name or another parent"
            )
        self.recorded[resource.urn] = resource

    def _settle(self, urn: str, inputs: dict[str, Any], *, custom: bool, provider: str) -> dict[str, Any]:
        """Work out and keep the state of a resource: its inputs, and what the cloud would add."""
        state = dict(inputs)
        resource = self.recorded[urn]
        if custom and resource.type == REFERENCE_TYPE:
            reference = str(wire.revealed(inputs).get("name", resource.name))
            state |= {"name": reference, **self._referenced(reference)}
            self._ids[urn] = reference
        elif custom:
            region = self._regions.get(_provider_urn(provider) or "", cloud.NO_REGION)
            answer: dict[str, Any] = {"id": ""}
            if not self.unknowns:
                question = cloud.Question(resource.type, resource.name, wire.revealed(inputs), region)
                answer = wire.marked(cloud.outputs(question))
            self._ids[urn] = str(answer.pop("id"))
            if resource.type.startswith("pulumi:providers:"):
                # A provider's id is part of every reference to it, and an empty one makes the reference unknown.
                self._ids[urn] = "provider"
            state |= answer
            for name in resource.options.get("additionalSecretOutputs", ()):
                if name in state:
                    state[name] = wire.marked(wire.Secret(wire.revealed(state[name])))
        self._states[urn] = state
        return state

    def _referenced(self, name: str) -> dict[str, Any]:
        outputs = self._stack_outputs.get(name)
        if outputs is None:
            self._unresolved[name] = None
            self.say("info", f"The outputs of the stack {name} are not known offline; what is made of them is unknown.")
            return {} if self.unknowns else {"secretOutputNames": []}
        return {"outputs": wire.marked(outputs), "secretOutputNames": []}

    def _construct(
        self, urn: str, request: resource_pb2.RegisterResourceRequest, inputs: dict[str, Any]
    ) -> resource_pb2.RegisterResourceResponse:
        component = Component(
            urn=urn,
            type=request.type,
            name=request.name,
            inputs=inputs,
            property_dependencies=self.recorded[urn].property_dependencies,
            providers=self.recorded[urn].providers,
        )
        answer = remote.construct(component, self)
        known = {key: wire.marked(value) for key, value in answer.outputs.items()}
        if self.unknowns:
            known = {key: value for key, value in known.items() if wire.reference_urn(value)}
        self._states[urn] = {**inputs, **known}
        dependencies = {
            key: resource_pb2.RegisterResourceResponse.PropertyDependencies(urns=answer.dependencies.get(key, ()))
            for key in known
        }
        return resource_pb2.RegisterResourceResponse(
            urn=urn, object=wire.struct(self._states[urn]), propertyDependencies=dependencies
        )

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
        """Record a resource that a remote component would make; see `component.Maker`."""
        urn = self.make_urn(parent, type_, name)
        properties = {key: sorted(set(urns)) for key, urns in (property_dependencies or {}).items() if urns}
        marked = wire.marked({key: value for key, value in inputs.items() if value is not None})
        marked = self._transformed(type_, name, marked, custom=custom)
        self._record(
            Resource(
                urn=urn,
                type=type_,
                name=name,
                parent=parent,
                inputs=wire.plain(marked),
                custom=custom,
                modelled=True,
                depends_on=sorted({*depends_on, *(each for urns in properties.values() for each in urns)}),
                property_dependencies=properties,
                provider=provider,
                options=options or {},
            )
        )
        if type_.startswith("pulumi:providers:"):
            self._regions[urn] = cloud.NO_REGION
        state = self._settle(urn, marked, custom=custom, provider=f"{provider}::id" if provider else "")
        return Made(urn, self._ids.get(urn, ""), wire.revealed(state))

    def state_of(self, urn: str) -> Mapping[str, Any]:
        """What is known of a registered resource, secrets revealed; see `component.Maker`."""
        return wire.revealed(self._states.get(urn, {}))  # type: ignore[no-any-return]


def _provider_urn(reference: str) -> str | None:
    """A provider reference is `<urn>::<id>`."""
    return reference.rpartition("::")[0] or None


def _options(request: resource_pb2.RegisterResourceRequest) -> dict[str, Any]:
    timeouts = request.customTimeouts
    options: dict[str, Any] = {
        "protect": request.protect,
        "deleteBeforeReplace": request.deleteBeforeReplace,
        "retainOnDelete": request.retainOnDelete,
        "ignoreChanges": list(request.ignoreChanges),
        "replaceOnChanges": list(request.replaceOnChanges),
        "additionalSecretOutputs": list(request.additionalSecretOutputs),
        "aliases": [_alias(alias) for alias in request.aliases] + list(request.aliasURNs),
        "customTimeouts": {kind: text for kind in ("create", "update", "delete") if (text := getattr(timeouts, kind))},
        "import": request.importId,
        "deletedWith": request.deletedWith,
    }
    return {key: value for key, value in options.items() if value}


def _alias(alias: alias_pb2.Alias) -> str | dict[str, Any]:
    if alias.HasField("urn"):
        return alias.urn
    spec = alias.spec
    parts = {
        "name": spec.name,
        "type": spec.type,
        "stack": spec.stack,
        "project": spec.project,
        "parent": spec.parentUrn,
    }
    return {key: value for key, value in parts.items() if value} | ({"noParent": True} if spec.noParent else {})
