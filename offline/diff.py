"""How one plan differs from another: what would be created, changed, replaced or deleted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from offline import replacement
from offline.field_changes import MISSING, FieldChange, differences
from offline.plan import Plan, Resource

Action = Literal["create", "change", "replace", "delete"]
# Services of AWS that are in no region.
GLOBAL = ("aws:iam/", "aws:route53/")


@dataclass(frozen=True)
class Change:
    """What happens to one resource. `because` names the replaced resource that the change follows from, if it does."""

    action: Action
    urn: str
    type: str
    name: str
    fields: Sequence[FieldChange] = ()
    because: str = ""
    before_urn: str = ""

    @property
    def certain(self) -> bool:
        """Whether the preview knows which changes of the type are replacements."""
        return self.action in ("create", "delete") or replacement.is_known(self.type)

    def to_json(self) -> dict[str, Any]:
        """The change as the JSON output has it."""
        optional = {"because": self.because, "previousUrn": self.before_urn}
        return {
            "action": self.action,
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "fields": [field.to_json() for field in self.fields],
            **{key: value for key, value in optional.items() if value},
        }


@dataclass(frozen=True)
class Difference:
    """All changes between two plans, and the fields of the stack's outputs that differ."""

    changes: Sequence[Change]
    outputs: Sequence[FieldChange]
    unchanged: int

    def count(self, action: Action) -> int:
        """How many resources that happens to."""
        return sum(change.action == action for change in self.changes)

    def to_json(self) -> dict[str, Any]:
        """The difference as the JSON output has it."""
        actions: tuple[Action, ...] = ("create", "change", "replace", "delete")
        return {
            "counts": {**{action: self.count(action) for action in actions}, "same": self.unchanged},
            "resources": [change.to_json() for change in self.changes],
            "outputs": [field.to_json() for field in self.outputs],
        }


def compare(before: Plan, after: Plan) -> Difference:
    """What would happen to the resources of `before` when `after` is deployed.

    A resource is the same when its URN is, or one of its aliases. Values that exist only after the deployment are
    compared by their placeholders; a resource made of a value of a replaced one follows it.
    """
    matches = _match(before, after)
    changes: dict[str, Change] = {}
    for resource in after.resources:
        old = matches.get(resource.urn)
        if old is None:
            changes[resource.urn] = Change("create", resource.urn, resource.type, resource.name)
            continue
        fields = list(_fields(old, resource))
        renamed = old.urn if old.urn != resource.urn else ""
        if fields or renamed:
            action: Action = "replace" if any(field.replaces for field in fields) else "change"
            changes[resource.urn] = Change(action, resource.urn, resource.type, resource.name, fields, "", renamed)
    _follow_region(after, matches, changes)
    _follow(after, matches, changes)
    kept = {old.urn for old in matches.values()}
    deleted = [
        Change("delete", old.urn, old.type, old.name) for old in reversed(before.resources) if old.urn not in kept
    ]
    return Difference(
        changes=[*(changes[r.urn] for r in after.resources if r.urn in changes), *deleted],
        outputs=list(differences(dict(before.outputs), dict(after.outputs), "")),
        unchanged=len(after.resources) - len(changes),
    )


def _match(before: Plan, after: Plan) -> dict[str, Resource]:
    """The earlier resource for each URN of `after` that has one."""
    matches: dict[str, Resource] = {}
    taken: set[str] = set()
    for resource in after.resources:
        for urn in _former_urns(resource, matches, after):
            if urn in before.by_urn and urn not in taken:
                matches[resource.urn] = before.by_urn[urn]
                taken.add(urn)
                break
    return matches


def _former_urns(resource: Resource, matches: Mapping[str, Resource], after: Plan) -> Iterator[str]:
    yield resource.urn
    aliases = resource.options.get("aliases", ())
    yield from (alias for alias in aliases if isinstance(alias, str))
    specs: list[Mapping[str, Any]] = [{}, *(alias for alias in aliases if isinstance(alias, Mapping))]
    stack, project = after.stack, after.project
    for spec in specs:
        name, type_ = spec.get("name", resource.name), spec.get("type", resource.type)
        parent = spec.get("parent", None if spec.get("noParent") else resource.parent)
        old_parent = matches.get(parent) if parent else None
        path = (old_parent.urn if old_parent else parent or "").split("::")
        qualified = f"{path[2]}${type_}" if len(path) > 2 and "pulumi:pulumi:Stack" not in path[2] else type_
        prefix = f"urn:pulumi:{spec.get('stack', stack)}::{spec.get('project', project)}::{qualified}::"
        yield f"{prefix}{name}"
        # The engine lets children inherit a renamed parent's name too.
        if old_parent and parent and not spec:
            new_name = after.by_urn[parent].name
            if name.startswith(new_name):
                yield f"{prefix}{old_parent.name}{name[len(new_name) :]}"


def _fields(before: Resource, after: Resource) -> Iterator[FieldChange]:
    ignored = after.options.get("ignoreChanges", ())
    forced = after.options.get("replaceOnChanges", ())
    for change in differences(dict(before.inputs), dict(after.inputs), ""):
        if any(_is_at_or_below(change.path, path) for path in ignored):
            continue
        replaces = replacement.replaces(after.type, change.path) or any(
            path == "*" or _is_at_or_below(change.path, path) for path in forced
        )
        yield FieldChange(change.path, change.before, change.after, replaces)
    options = [
        {key: value for key, value in side.options.items() if key != "aliases"} | {"hooks": dict(side.hooks)}
        for side in (before, after)
    ]
    yield from differences(options[0], options[1], "options")


def _is_at_or_below(path: str, above: str) -> bool:
    return path == above or path.startswith((f"{above}.", f"{above}["))


def _follow_region(after: Plan, matches: Mapping[str, Resource], changes: dict[str, Change]) -> None:
    """What an AWS provider makes in a region cannot move to another."""
    for provider in after.of("pulumi:providers:aws"):
        old = matches.get(provider.urn)
        if old is None or old.inputs.get("region") == provider.inputs.get("region"):
            continue
        moved = FieldChange("region", old.inputs.get("region"), provider.inputs.get("region"), True)
        for resource in after.resources:
            change = changes.get(resource.urn)
            regional = resource.provider == provider.urn and not resource.type.startswith(GLOBAL)
            if regional and resource.urn in matches and (change is None or change.action == "change"):
                told = change or Change("replace", resource.urn, resource.type, resource.name)
                changes[resource.urn] = replace(told, action="replace", fields=[*told.fields, moved])


def _follow(after: Plan, matches: Mapping[str, Resource], changes: dict[str, Change]) -> None:
    """Replacing a resource changes its id, and with it what is made of the id, until nothing more follows."""
    pending = [change for change in changes.values() if change.action == "replace"]
    while pending:
        source = pending.pop(0)
        mark = f"${{{source.name}."
        for resource in after.resources:
            change = changes.get(resource.urn)
            if resource.urn not in matches or (change and change.action == "create"):
                continue
            base = change or Change("change", resource.urn, resource.type, resource.name)
            known = {field.path for field in base.fields}
            keys = [key for key, urns in resource.property_dependencies.items() if source.urn in urns]
            moved = [path for key in keys for path in _marked(resource.inputs.get(key), mark, key) if path not in known]
            if not moved:
                continue
            note = f"another value, since {source.name} is replaced"
            fields = [
                FieldChange(path, MISSING, MISSING, replacement.replaces(resource.type, path), note) for path in moved
            ]
            was_replaced = base.action == "replace"
            is_replaced = was_replaced or any(field.replaces for field in fields)
            changes[resource.urn] = replace(
                base,
                action="replace" if is_replaced else "change",
                fields=[*base.fields, *fields],
                because=base.because if base.because or was_replaced else source.name,
            )
            if is_replaced and not was_replaced:
                pending.append(changes[resource.urn])


def _marked(value: Any, mark: str, path: str) -> Iterator[str]:
    """The paths of the texts in `value` that hold `mark`."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _marked(item, mark, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _marked(item, mark, f"{path}[{index}]")
    elif isinstance(value, str) and mark in value:
        yield path
