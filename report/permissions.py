"""Who may do what: AWS roles with what their policies allow, and who may use the cluster."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from offline.inputs import at, items, map_at, maps, object_name, objects, referred
from offline.plan import Plan, Resource
from policy.statements import statements
from report.text import short

ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
EVERY = "every service"


@dataclass(frozen=True)
class Grant:
    """A statement as far as it is about one AWS service. `conditions` are sentences."""

    service: str
    effect: str
    actions: Sequence[str]
    resources: Sequence[str]
    conditions: Sequence[str]


@dataclass(frozen=True)
class Principal:
    """A role: who may take it, the managed policies attached to it, and what its own policies say, by service."""

    name: str
    taken_by: Sequence[str]
    managed: Sequence[str]
    grants: Sequence[Grant]
    boundary: str


@dataclass(frozen=True)
class ResourceGrant:
    """What a policy on a resource (a key, a topic) lets whom do."""

    resource: str
    principals: str
    grant: Grant


@dataclass(frozen=True)
class ClusterAccess:
    """What lets a principal use the Kubernetes API."""

    principal: str
    right: str
    where: str


def principals(plan: Plan) -> list[Principal]:
    """The roles that the plan makes, in its order."""
    return [_principal(plan, role) for role in plan.of("aws:iam/role:Role")]


def _principal(plan: Plan, role: Resource) -> Principal:
    grants = [
        grant
        for each in plan.of("aws:iam/rolePolicy:RolePolicy")
        if _is_of(role, each.inputs.get("role"))
        for grant in _grants(each.inputs.get("policy"))
    ]
    for inline in maps(role.inputs.get("inlinePolicies")):
        grants += _grants(inline.get("policy"))
    managed = [str(arn) for arn in items(role.inputs.get("managedPolicyArns"))]
    for attachment in plan.of(ATTACHMENT):
        if not _is_of(role, attachment.inputs.get("role")):
            continue
        arn = attachment.inputs.get("policyArn")
        own = [each for each in plan.of("aws:iam/policy:Policy") if each.name == referred(arn)]
        grants += [grant for each in own for grant in _grants(each.inputs.get("policy"))]
        if not own:
            managed.append(str(arn).rpartition("policy/")[2] or str(arn))
    return Principal(
        name=role.name,
        taken_by=[*_trusted(role), *_pods(plan, role)],
        managed=managed,
        grants=sorted(grants, key=lambda each: each.service),
        boundary=str(role.inputs.get("permissionsBoundary") or ""),
    )


def _is_of(role: Resource, value: Any) -> bool:
    return bool(value) and (referred(value) == role.name or value == role.inputs.get("name"))


def _grants(policy: Any) -> Iterator[Grant]:
    """One grant for each statement and service."""
    for statement in statements(policy):
        by_service: dict[str, list[str]] = {}
        for action in _texts(statement.get("Action")):
            service, _, verb = action.partition(":")
            by_service.setdefault(service if verb else EVERY, []).append(verb or action)
        # What is excepted of one service is allowed or denied in all others.
        for excepted in _all_but(statement.get("NotAction")):
            by_service.setdefault(EVERY, []).append(excepted)
        targets = [*_texts(statement.get("Resource")), *_all_but(statement.get("NotResource"))]
        for service, actions in by_service.items():
            effect = str(statement.get("Effect", ""))
            yield Grant(service, effect, sorted(actions), targets, _conditions(statement))


def _all_but(value: Any) -> list[str]:
    return [f"all but {', '.join(named)}"] if (named := _texts(value)) else []


def _conditions(statement: Mapping[str, Any]) -> list[str]:
    conditions = statement.get("Condition")
    return [
        f"{operator} {key}: {short(value)}"
        for operator, keys in (conditions.items() if isinstance(conditions, dict) else ())
        for key, value in (keys.items() if isinstance(keys, dict) else ())
    ]


def _texts(value: Any) -> list[str]:
    return [str(each) for each in items(value)] or ([value] if isinstance(value, str) else [])


def _trusted(role: Resource) -> list[str]:
    found = []
    for statement in statements(role.inputs.get("assumeRolePolicy")):
        conditions = _conditions(statement)
        where = f" where {'; '.join(conditions)}" if conditions else ""
        found += [f"{who}{where}" for who in _who(statement)]
    return found


def _who(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return [str(principal)] if principal else []
    return [f"{kind} {each}" for kind, named in principal.items() for each in _texts(named)]


def _pods(plan: Plan, role: Resource) -> list[str]:
    return [
        f"pods of service account {each.inputs.get('namespace')}/{each.inputs.get('serviceAccount')}, by Pod Identity"
        for each in plan.of("aws:eks/podIdentityAssociation:PodIdentityAssociation")
        if referred(each.inputs.get("roleArn")) == role.name
    ]


def on_resources(plan: Plan) -> list[ResourceGrant]:
    """What the policies of resources, not of principals, allow."""
    return [
        ResourceGrant(each.name, ", ".join(_who(statement)), grant)
        for each in plan.resources
        if each.type.startswith("aws:") and not each.type.startswith("aws:iam/")
        for statement in statements(each.inputs.get("policy"))
        if statement.get("Principal")
        for grant in _grants({"Statement": statement})
    ]


def cluster_access(plan: Plan) -> list[ClusterAccess]:
    """Access entries with the policies and groups that they give, and who has made the cluster."""
    found = [
        ClusterAccess("whoever creates the cluster", "AmazonEKSClusterAdminPolicy", "the whole cluster")
        for cluster in plan.of("aws:eks/cluster:Cluster")
        if at(cluster.inputs, "accessConfig.bootstrapClusterCreatorAdminPermissions")
    ]
    associations = plan.of("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
    for entry in plan.of("aws:eks/accessEntry:AccessEntry"):
        principal = str(entry.inputs.get("principalArn", ""))
        own = [each for each in associations if each.inputs.get("principalArn") == principal]
        for each in own:
            policy = str(each.inputs.get("policyArn", "")).rpartition("/")[2]
            namespaces = items(at(each.inputs, "accessScope.namespaces"))
            where = f"namespaces {', '.join(map(str, namespaces))}" if namespaces else "the whole cluster"
            found.append(ClusterAccess(principal, policy, where))
        for group in items(entry.inputs.get("kubernetesGroups")):
            bound = _bound(plan, str(group)) or [("nothing binds it in this plan", "")]
            found += [ClusterAccess(principal, f"group {group}: {role}", where) for role, where in bound]
        if not own and not items(entry.inputs.get("kubernetesGroups")):
            found.append(ClusterAccess(principal, f"entry of type {entry.inputs.get('type', 'STANDARD')}", ""))
    return found


def _bound(plan: Plan, group: str) -> list[tuple[str, str]]:
    """The roles that bindings give a group, and where."""
    found = []
    for kind in ("ClusterRoleBinding", "RoleBinding"):
        for binding in objects(plan, kind):
            subjects = maps(binding.inputs.get("subjects"))
            if any((each.get("kind"), each.get("name")) == ("Group", group) for each in subjects):
                role = map_at(binding.inputs, "roleRef")
                namespace = object_name(binding)[0]
                where = f"namespace {namespace}" if kind == "RoleBinding" else "the whole cluster"
                found.append((f"{role.get('kind')} {role.get('name')}", where))
    return found
