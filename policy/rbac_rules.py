"""Who may do what in Kubernetes."""

from collections.abc import Iterator

from policy.model import Context, Planned, Rule
from policy.values import as_maps, as_texts, at

GROUP = "kubernetes:rbac.authorization.k8s.io/v1:"
ROLES = (f"{GROUP}Role", f"{GROUP}ClusterRole")
BINDINGS = (f"{GROUP}RoleBinding", f"{GROUP}ClusterRoleBinding")
# Each leads to rights that were not given:
# https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks
ESCALATING = ("escalate", "bind", "impersonate")
EVERYBODY = ("system:anonymous", "system:unauthenticated", "system:authenticated", "system:serviceaccounts")
MASTERS = "system:masters"


def rbac_wildcards(resource: Planned, context: Context) -> Iterator[str]:
    if resource.type in ROLES:
        for rule in as_maps(resource.inputs.get("rules")):
            for key in ("verbs", "resources", "apiGroups", "nonResourceURLs"):
                if "*" in as_texts(rule.get(key)) and not context.allows(resource, f"{key}:*"):
                    yield f"it allows everything there is, now or later ({key})"
            for verb in ESCALATING:
                if verb in as_texts(rule.get("verbs")) and not context.allows(resource, verb):
                    yield f"who has it can give rights that nobody gave ({verb})"


def rbac_bindings(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type in BINDINGS:
        role = at(resource.inputs, "roleRef", "name")
        if role == "cluster-admin":
            yield "it makes its subjects admins (cluster-admin)"
        for subject in as_maps(resource.inputs.get("subjects")):
            name = subject.get("name")
            if name in EVERYBODY:
                yield f"it gives {role} to everybody in {name}"
            elif name == MASTERS:
                yield "it is about system:masters, which nothing in the cluster can limit"


RULES = (
    Rule(
        name="rbac-no-wildcards",
        check=rbac_wildcards,
        asks="roles of the cluster name their verbs and resources, and cannot give more than they have",
        why="a star is also what is installed later; escalate, bind and impersonate are every right",
        cure="name API groups, resources and verbs; bind to roles that exist instead of escalating",
    ),
    Rule(
        name="rbac-named-subjects",
        check=rbac_bindings,
        asks="no binding gives rights to everybody, or makes an admin",
        why="system:authenticated is every pod and every person who may log in at all",
        cure="name a service account or a group of the program's own, and a role that says what it may",
    ),
)
