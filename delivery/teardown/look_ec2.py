"""What EC2 has of a stack: everything in its network, found by tags, and what stands in its VPC without any."""

from collections.abc import Mapping, Sequence
from typing import Any

from delivery.aws_clients import Clients
from delivery.aws_tags import tags_of
from delivery.teardown.ec2_kinds import GROUP, INTERFACE, KINDS, PARTS, VPC, Kind
from delivery.teardown.scope import Scope, proof
from delivery.teardown.things import UNKNOWN, Deletion, Thing

GONE = ("deleted", "terminated", "rejected", "expired", "failed")
GOING = ("deleting", "shutting-down")
MOST_IDS = 200


def look_at_ec2(clients: Clients, scope: Scope) -> list[Thing]:
    """What EC2 has of the stack, in the state in which it is now.

    Raises:
        AwsError: EC2 cannot be asked.
    """
    ids: dict[str, set[str]] = {}
    for wanted in scope.filters:
        for kind, name in _tagged(clients, wanted):
            ids.setdefault(kind, set()).add(name)
    things, vpcs = [], []
    for kind, found in sorted(ids.items()):
        if kind not in KINDS:
            things += [_unknown(scope, kind, each) for each in sorted(found)]
            continue
        for each in _described(clients, kind, sorted(found)):
            thing = ec2_thing(scope, kind, each)
            if thing is not None:
                things.append(thing)
                vpcs += [thing.name] if kind == VPC else []
    known = {each.name for each in things}
    for vpc in vpcs:
        things += [each for each in _inside(clients, scope, vpc) if each.name not in known]
    return things


def ec2_thing(scope: Scope, kind: str, described: Mapping[str, Any]) -> Thing | None:
    """What EC2 tells of one thing; None if it is gone, or not the stack's. Pure."""
    how, state = KINDS[kind], _state(KINDS[kind], described)
    whose = proof(tags_of(described.get("Tags") or described.get("TagSet")), scope)
    if whose == "none" or state in GONE:
        return None
    name, late = str(described[how.id]), state in GOING
    why = f"EC2 has it with the tags of {scope.stack}"
    deletion = None
    if kind == GROUP and described.get("GroupName") != "default":
        why = f"{described.get('GroupName')}: whoever made it for the cluster is gone"
        deletion = Deletion(service="ec2", operation="delete_security_group", arguments={"GroupId": name})
    if kind == INTERFACE and state == "available":
        why = f"{described.get('Description') or 'no description'}: what used it is gone"
        deletion = Deletion(service="ec2", operation="delete_network_interface", arguments={"NetworkInterfaceId": name})
    elif kind == INTERFACE:
        why, late = f"{described.get('Description') or 'no description'}: still attached", True
    elif late:
        why = f"it is {state}"
    return Thing(
        kind=how.shown,
        name=name,
        why=why,
        costs=how.costs,
        cure=_command(scope, how, name),
        late=late,
        proof=whose,
        deletion=deletion,
    )


def _tagged(clients: Clients, wanted: Mapping[str, str]) -> set[tuple[str, str]]:
    """The kinds and ids of what has all of the tags."""
    found = []
    for key, value in wanted.items():
        filters = [{"Name": "key", "Values": [key]}, {"Name": "value", "Values": [value]}]
        rows = clients.items("ec2", "describe_tags", "Tags", Filters=filters)
        found.append({(str(each["ResourceType"]), str(each["ResourceId"])) for each in rows})
    return {(kind, name) for kind, name in set.intersection(*found) if kind not in PARTS}


def _described(clients: Clients, kind: str, ids: Sequence[str]) -> list[Any]:
    how = KINDS[kind]
    found: list[Any] = []
    for start in range(0, len(ids), MOST_IDS):
        some = list(ids[start : start + MOST_IDS])
        if how.by_id:
            # One by one: if any is not there, the answer is about none.
            for one in some:
                by_id: dict[str, Any] = {how.by_id: [one]}
                told = clients.find("ec2", how.operation, **by_id)
                found += told[how.key] if told else []
            continue
        # The one operation that names its list of filters differently.
        named = "Filter" if how.operation == "describe_nat_gateways" else "Filters"
        arguments: dict[str, Any] = {named: [{"Name": how.filter, "Values": some}]}
        found += clients.items("ec2", how.operation, how.key, **arguments)
    return [each for one in found for each in one["Instances"]] if kind == "instance" else found


def _inside(clients: Clients, scope: Scope, vpc: str) -> list[Thing]:
    """What keeps the stack's VPC from being deleted though nothing on it says whose it is."""
    things = []
    for kind in (GROUP, INTERFACE):
        how = KINDS[kind]
        inside = [{"Name": "vpc-id", "Values": [vpc]}]
        for each in clients.items("ec2", how.operation, how.key, Filters=inside):
            if each.get("GroupName") == "default":
                continue
            said = each.get("Description") or each.get("GroupName") or "no description"
            things.append(
                Thing(
                    kind=how.shown,
                    name=str(each[how.id]),
                    why=f"{said}: it is in {vpc}, and has no tag of the stack",
                    cure=_command(scope, how, str(each[how.id])),
                    # A service's own: AWS takes it away with what it is for.
                    late=bool(each.get("RequesterManaged")),
                )
            )
    return things


def _unknown(scope: Scope, kind: str, name: str) -> Thing:
    why = f"EC2 lists its tags, which are those of {scope.stack}"
    cure = f"look for it in the EC2 console, region {scope.region}"
    return Thing(kind=kind, name=name, why=why, costs=UNKNOWN, cure=cure)


def _state(how: Kind, described: Mapping[str, Any]) -> str:
    state: Any = described
    for part in how.state:
        state = state.get(part) if isinstance(state, Mapping) else None
    return str(state or "")


def _command(scope: Scope, how: Kind, name: str) -> str:
    return f"aws ec2 {how.delete} {name} --region {scope.region}"
