"""How one plan differs from another: what would be created, changed, replaced or deleted."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from offline import replacement
from offline.plan import Plan, Resource

Action = Literal["create", "change", "replace", "delete"]
ABSENT = "(none)"
# Services of AWS that are in no region.
GLOBAL = ("aws:iam/", "aws:route53/")
# What tells the items of a list apart when they move.
IDENTITIES = ("name", "key", "Sid", "domainName", "containerPort", "topologyKey")


@dataclass(frozen=True)
class FieldChange:
    """One input that differs: its dotted path, both values (see `is_absent`), and whether it replaces the resource.

    `note` stands for the values where both are placeholders that look the same.
    """

    path: str
    before: Any
    after: Any
    replaces: bool = False
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """The change as the JSON output has it; a value that is absent is left out."""
        values = {"before": self.before, "after": self.after}
        present = {key: value for key, value in values.items() if value is not _MISSING}
        optional = {"replaces": self.replaces, "note": self.note}
        return {"path": self.path, **present, **{key: value for key, value in optional.items() if value}}


class _Missing:
    def __repr__(self) -> str:
        return ABSENT


_MISSING = _Missing()


def is_absent(value: object) -> bool:
    """Whether a side of a change has no value there."""
    return value is _MISSING


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
        outputs=list(_differences(dict(before.outputs), dict(after.outputs), "")),
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
    for change in _differences(dict(before.inputs), dict(after.inputs), ""):
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
    yield from _differences(options[0], options[1], "options")


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
                FieldChange(path, _MISSING, _MISSING, replacement.replaces(resource.type, path), note) for path in moved
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


def _differences(before: Any, after: Any, path: str) -> Iterator[FieldChange]:
    if _same(before, after):
        return
    documents = _document(before), _document(after)
    if isinstance(before, str) and isinstance(after, str) and None not in documents:
        before, after = documents
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(before.get(key, _MISSING), after.get(key, _MISSING), inner)
    elif isinstance(before, list) and isinstance(after, list):
        identity = _identity(before, after)
        if identity is None and (len(before) != len(after) or not all(map(_is_nested, [*before, *after]))):
            yield FieldChange(path, before, after)
            return
        pairs = _by_identity(before, after, identity) if identity else _by_index(before, after)
        for label, old, new in pairs:
            yield from _differences(old, new, f"{path}[{label}]")
    else:
        yield FieldChange(path, before, after)


def _same(before: Any, after: Any) -> bool:
    # To Python 1 and True are equal; to a provider they are not.
    return before == after and json.dumps(before, sort_keys=True, default=repr) == json.dumps(
        after, sort_keys=True, default=repr
    )


def _document(value: Any) -> Any:
    """The value of a text that is a JSON map or list."""
    if isinstance(value, str) and value[:1] in ("{", "[") and not value.startswith("${"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None
    return None


def _is_nested(item: Any) -> bool:
    return isinstance(item, dict | list)


def _identity(before: list[Any], after: list[Any]) -> str | None:
    items = [*before, *after]
    for key in IDENTITIES:
        if items and all(isinstance(item, dict) and isinstance(item.get(key), str | int) for item in items):
            sides = ([item[key] for item in side] for side in (before, after))
            if all(len(set(names)) == len(names) for names in sides):
                return key
    return None


def _by_identity(before: list[Any], after: list[Any], key: str) -> Iterator[tuple[str, Any, Any]]:
    old, new = {item[key]: item for item in before}, {item[key]: item for item in after}
    for name in [*old, *(name for name in new if name not in old)]:
        yield str(name), old.get(name, _MISSING), new.get(name, _MISSING)


def _by_index(before: list[Any], after: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        yield str(index), old, new
