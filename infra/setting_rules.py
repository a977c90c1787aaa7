"""The rules between settings, each asked when the settings that it needs are valid by themselves."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from infra import setting_networks, subnets
from infra.data import names

Valid = Mapping[str, Any]

# Families of arm64 have a g behind the generation: m7g.large, t4g.small, c8gn.large, im4gn.large, x2gd.large; a1 is
# older.
ARM_FAMILY = re.compile(r"(a1|[a-z]+\d+g[a-z]*)(-[a-z0-9]+)?\.")
# The roles whose rights on the cluster the program itself bounds.
FENCED_ROLES = ("reviewRole", "previewRole")
OF_A_PLATFORM = ("cache", "databaseMultiZone", "observability", "monitoring", "nodeAutoscaling", "requestsPerPod")
OF_MONITORING = ("alertEmails", "alertSlackWorkspace", "alertSlackChannel", "alertPagerDuty", "budgetDollars")
OWN_TAGS = ("project", "stack", "managed-by")
# https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
MOST_TAGS_OF_SEVERAL = 6


@dataclass(frozen=True)
class Rule:
    """`check` gets the settings by key, of which `needs` are valid, and answers what is wrong with `key`, or
    nothing. Where they are known it also gets the `stack` and its `name` in AWS.
    """

    key: str
    needs: tuple[str, ...]
    check: Callable[[Valid], str | None]


def _hostname(valid: Valid) -> str | None:
    hostname, zone = valid["hostname"], valid["zone"]
    if hostname is None:
        return None
    if valid["platform"] == "local":
        return "platform is local, which is reached through a forwarded port"
    if zone is None:
        return "there is no zone to prove it in"
    return None if f".{hostname}".endswith(f".{zone}") else f"it is outside the zone {zone}"


def _zone(valid: Valid) -> str | None:
    return "there is no hostname in it" if valid["zone"] and not valid["hostname"] else None


def _platform_stack(valid: Valid) -> str | None:
    if valid["platform"] == "reference":
        return None if valid["platformStack"] else "platform is reference, and it is not said to which stack"
    return f"platform is {valid['platform']}, which refers to no stack" if valid["platformStack"] else None


def _local_registry(valid: Valid) -> str | None:
    return "platform is not local" if valid["localRegistry"] and valid["platform"] != "local" else None


def _promote_from(valid: Valid) -> str | None:
    return "a local stack builds its image" if valid["promoteFrom"] and valid["platform"] == "local" else None


def _image_from(valid: Valid) -> str | None:
    if valid["imageFrom"] and valid["image"]:
        return "image is set as well, and one of them can be deployed"
    return "a local stack has no registry to copy to" if valid["imageFrom"] and valid["platform"] == "local" else None


def _fenced_role(key: str) -> Rule:
    def check(valid: Valid) -> str | None:
        role, others = valid[key], {valid[each] for each in FENCED_ROLES if each != key}
        if role is None:
            return None
        if valid["platform"] != "create":
            return f"platform is {valid['platform']}, and the cluster's own stack says who may do what on it"
        if role in {valid["deployRole"], *others, *(entry.principal for entry in valid["access"])}:
            return "it is another role of this stack or in access already; a cluster takes one access entry for each"
        return None

    return Rule(key, (*FENCED_ROLES, "platform", "deployRole", "access"), check)


def _tags(valid: Valid) -> str | None:
    own = [key for key in OWN_TAGS if key in valid["tags"]]
    return f"{', '.join(own)} is set by the program, and rights depend on it" if own else None


def _only_with_own_platform(key: str) -> Rule:
    def check(valid: Valid) -> str | None:
        own = valid["platform"] == "create"
        return None if own or not valid[key] else f"platform is {valid['platform']}, and this is part of a platform"

    return Rule(key, ("platform", key), check)


def _only_with(switch: str, key: str) -> Rule:
    """`key` says more about what `switch` turns on."""

    def check(valid: Valid) -> str | None:
        return f"{switch} is false, so it would say nothing" if valid[key] and not valid[switch] else None

    return Rule(key, (switch, key), check)


def _database(valid: Valid) -> str | None:
    if valid["database"] and valid["platform"] == "local":
        return "a local stack has no AWS to make one in; its visits are counted in memory"
    return None


def _room_for_data(key: str) -> Rule:
    def check(valid: Valid) -> str | None:
        network: IPv4Network = valid["networkCidr"]
        if not valid[key] or valid["platform"] != "create" or network.prefixlen <= subnets.SMALLEST_WITH_DATA:
            return None
        return f"networkCidr, {network}, has no room for its subnets, which takes a /{subnets.SMALLEST_WITH_DATA}"

    return Rule(key, (key, "platform", "networkCidr"), check)


def _slack(key: str, other: str) -> Rule:
    def check(valid: Valid) -> str | None:
        return f"{other} is not set" if valid[key] and not valid[other] else None

    return Rule(key, (key, other), check)


def _routing(valid: Valid) -> str | None:
    if valid["routing"] == "simple":
        return None
    if valid["platform"] != "create":
        return f"platform is {valid['platform']}, which is of one region"
    if not valid["hostname"]:
        return "there is no hostname that several regions could answer to"
    if len(valid["tags"]) > MOST_TAGS_OF_SEVERAL:
        return f"tags has more than {MOST_TAGS_OF_SEVERAL}; a health check takes 10, and 4 are the program's"
    return None


def _node_instance_types(valid: Valid) -> str | None:
    wanted = valid["nodeArchitecture"]
    others = [kind for kind in valid["nodeInstanceTypes"] if bool(ARM_FAMILY.match(kind)) != (wanted == "arm64")]
    return f"{', '.join(others)} is not {wanted}, the node architecture" if others else None


def _access(valid: Valid) -> str | None:
    role = valid["deployRole"]
    if role is None or all(entry.principal != role for entry in valid["access"]):
        return None
    return f"{role} is the deploy role: it makes the cluster, so it is its admin, and a second entry for it fails"


def _room_to_scale(switch: str, low: str, high: str) -> Rule:
    def check(valid: Valid) -> str | None:
        fixed = valid[switch] and valid[low] == valid[high]
        return f"{low} and {high} are both {valid[low]}, so there is nothing to scale" if fixed else None

    return Rule(switch, (switch, low, high), check)


def _not_above(low: str, high: str) -> Rule:
    def check(valid: Valid) -> str | None:
        return f"it is above {high}, {valid[high]}" if valid[low] > valid[high] else None

    return Rule(low, (low, high), check)


RULES: tuple[Rule, ...] = (
    Rule("hostname", ("hostname", "zone", "platform"), _hostname),
    Rule("zone", ("hostname", "zone"), _zone),
    Rule("platformStack", ("platform", "platformStack"), _platform_stack),
    Rule("localRegistry", ("platform", "localRegistry"), _local_registry),
    Rule("promoteFrom", ("platform", "promoteFrom"), _promote_from),
    Rule("imageFrom", ("imageFrom", "image", "platform"), _image_from),
    *[_fenced_role(key) for key in FENCED_ROLES],
    Rule("tags", ("tags",), _tags),
    Rule("database", ("platform", "database"), _database),
    *[_room_for_data(key) for key in ("database", "cache")],
    Rule("database", ("platform", "database", "stack"), names.database),
    Rule("cache", ("cache", "name"), names.cache),
    Rule("reviewRole", ("reviewRole", "database", "name"), names.review_role),
    *[_only_with("database", key) for key in ("databaseMultiZone", "databaseSeed")],
    *[_only_with_own_platform(key) for key in OF_A_PLATFORM],
    *[_only_with("monitoring", key) for key in OF_MONITORING],
    _slack("alertSlackWorkspace", "alertSlackChannel"),
    _slack("alertSlackChannel", "alertSlackWorkspace"),
    Rule("routing", ("routing", "platform", "hostname", "tags"), _routing),
    Rule("peerVpc", ("peerVpc", "peerCidr", "peerRouteTables", "platform"), setting_networks.peer_vpc),
    Rule("peerCidr", ("peerVpc", "peerCidr", "networkCidr", "serviceCidr"), setting_networks.peer_cidr),
    Rule("peerRouteTables", ("peerVpc", "peerRouteTables"), setting_networks.peer_route_tables),
    Rule("networkCidr", ("networkCidr",), setting_networks.network_cidr),
    Rule("nat", ("nat", "networkCidr"), setting_networks.nat),
    Rule("natPerZone", ("nat", "natPerZone"), setting_networks.nat_per_zone),
    Rule("serviceCidr", ("serviceCidr",), setting_networks.service_cidr),
    Rule("serviceCidr", ("serviceCidr", "networkCidr"), setting_networks.no_overlap),
    Rule("publicAccessCidrs", ("publicAccessCidrs",), setting_networks.public_access_cidrs),
    Rule("nodeInstanceTypes", ("nodeInstanceTypes", "nodeArchitecture"), _node_instance_types),
    Rule("access", ("access", "deployRole"), _access),
    _not_above("nodeMin", "nodeDesired"),
    _not_above("nodeDesired", "nodeMax"),
    _not_above("replicasMin", "replicasMax"),
    _room_to_scale("nodeAutoscaling", "nodeMin", "nodeMax"),
    _room_to_scale("requestsPerPod", "replicasMin", "replicasMax"),
)
