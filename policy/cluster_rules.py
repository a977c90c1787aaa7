"""The cluster in AWS: who reaches its API, who rules it, what is encrypted and written down."""

from collections.abc import Iterator

from policy.model import Context, Planned, Rule
from policy.network_rules import is_world
from policy.values import as_texts, at, is_missing, is_partly_unknown, is_unknown

CLUSTER, NODES = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"
WITH_METADATA = ("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance")
ACCESS_ENTRY = "aws:eks/accessEntry:AccessEntry"
ACCESS_POLICY = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
CLUSTER_ADMIN = "/AmazonEKSClusterAdminPolicy"
WRITTEN_DOWN = ("audit", "authenticator")


def api_open(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type != CLUSTER:
        return
    public, cidrs = (at(resource.inputs, "vpcConfig", key) for key in ("endpointPublicAccess", "publicAccessCidrs"))
    if public is False or is_unknown(public) or is_unknown(cidrs):
        return
    # Without a list, EKS lets everyone in.
    open_to = ["0.0.0.0/0"] if not cidrs else [each for each in as_texts(cidrs) if is_world(each)]
    if open_to:
        yield f"its Kubernetes API is reachable from {open_to[0]}"


def secrets_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == CLUSTER and is_missing(at(resource.inputs, "encryptionConfig", "provider", "keyArn")):
        yield "its Kubernetes secrets are not encrypted with a key of ours"


def written_down(resource: Planned, _: Context) -> Iterator[str]:
    types = resource.inputs.get("enabledClusterLogTypes")
    if resource.type == CLUSTER and not is_partly_unknown(types):
        missing = [each for each in WRITTEN_DOWN if each not in as_texts(types)]
        if missing:
            yield f"nobody can tell afterwards who did what: it does not log {' and '.join(missing)}"


def cluster_admins(resource: Planned, _: Context) -> Iterator[str]:
    principal = resource.inputs.get("principalArn")
    admin = str(resource.inputs.get("policyArn")).endswith(CLUSTER_ADMIN)
    if resource.type == ACCESS_POLICY and admin and at(resource.inputs, "accessScope", "type") == "cluster":
        yield f"it makes {principal} an admin of the whole cluster"
    if resource.type == ACCESS_ENTRY and "system:masters" in as_texts(resource.inputs.get("kubernetesGroups")):
        yield f"it makes {principal} an admin whom nothing in the cluster can limit (system:masters)"


def metadata_by_token(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type in WITH_METADATA:
        tokens = at(resource.inputs, "metadataOptions", "httpTokens")
        if tokens != "required" and not is_unknown(tokens):
            yield "its nodes answer metadata requests without a token (IMDSv1)"


def metadata_near(resource: Planned, _: Context) -> Iterator[str]:
    # EKS's own template, which nodes without one have, lets answers go two hops far:
    # https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html
    if resource.type == NODES and is_missing(resource.inputs.get("launchTemplate")):
        yield "pods reach its nodes' metadata, and with it the nodes' role (no launchTemplate)"
    if resource.type in WITH_METADATA:
        hops = at(resource.inputs, "metadataOptions", "httpPutResponseHopLimit")
        if hops != 1 and not is_unknown(hops):
            yield "pods reach its nodes' metadata, and with it the nodes' role (httpPutResponseHopLimit)"


RULES = (
    Rule(
        name="api-not-open",
        check=api_open,
        asks="the Kubernetes API is not open to the world",
        why="who is not let in by the network need not be refused by a password",
        cure="name your own networks in helloworld:publicAccessCidrs, or give [] to turn the public endpoint off",
        level="advisory",
    ),
    Rule(
        name="cluster-admins",
        check=cluster_admins,
        asks="nobody besides the deploy role is an admin of the whole cluster",
        why="whoever it is reads every secret and can undo every other rule",
        cure="give admin, edit or view in helloworld:access, on the namespaces that matter; "
        "people assume the deploy role for the rest",
        level="advisory",
        in_production="advisory",
    ),
    Rule(
        name="cluster-logged",
        check=written_down,
        asks="the control plane logs who asked for what",
        why="without it a break-in cannot be traced",
        cure="put audit and authenticator into helloworld:controlPlaneLogs",
        level=None,
    ),
    Rule(
        name="secrets-encrypted",
        check=secrets_encrypted,
        asks="Kubernetes secrets are encrypted with a key of the stack's own",
        why="a copy of etcd is of no use without the key, and its use is written down",
        cure="give the cluster a KMS key in encryptionConfig",
    ),
    Rule(
        name="metadata-by-token",
        check=metadata_by_token,
        asks="nodes answer metadata requests only with a token (IMDSv2)",
        why="a request that a service is talked into would fetch the node's credentials",
        cure="set httpTokens to required in metadataOptions",
    ),
    Rule(
        name="metadata-near",
        check=metadata_near,
        asks="metadata answers do not leave the node",
        why="a pod would take the node's role: https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
        cure="set httpPutResponseHopLimit to 1 in metadataOptions",
    ),
)
