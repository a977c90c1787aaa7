"""What is changed in a plan so that it breaks a rule, and the types of what is changed."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from offline.plan import Plan, Resource

REMOVED = object()


@dataclass(frozen=True)
class Change:
    """A field of the first resource of a type (or of the named one) gets a value, or goes."""

    type: str
    path: Sequence[str | int]
    value: Any
    stack: str = "prod"
    name: str = ""

    def __call__(self, plan: Plan) -> list[Resource]:
        """The plan's resources with the change."""
        chosen = next(each for each in plan.of(self.type) if self.name in ("", each.name))
        inputs = changed(chosen.inputs, self.path, self.value)
        return [replace(each, inputs=inputs) if each is chosen else each for each in plan.resources]


@dataclass(frozen=True)
class Without:
    """The resources of a type are gone."""

    type: str
    stack: str = "prod"

    def __call__(self, plan: Plan) -> list[Resource]:
        """The plan's resources without them."""
        assert plan.of(self.type)
        return [each for each in plan.resources if each.type != self.type]


@dataclass(frozen=True)
class Added:
    """There is one more resource, of a type that the program does not use."""

    type: str
    inputs: Mapping[str, Any]
    stack: str = "prod"

    def __call__(self, plan: Plan) -> list[Resource]:
        """The plan's resources with that one."""
        urn = f"urn:pulumi:{plan.stack}::{plan.project}::{self.type}::more"
        return [*plan.resources, Resource(urn=urn, type=self.type, name="more", parent=None, inputs=self.inputs)]


Break = Change | Without | Added


def changed(value: Any, path: Sequence[str | int], new: Any) -> Any:
    """A copy of a tree of maps and lists with one value changed or removed."""
    tree = copy.deepcopy(value)
    place = tree
    for key in path[:-1]:
        place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
    if new is REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return tree


def document(**statement: Any) -> str:
    """An IAM document that allows something."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


GITHUB = "token.actions.githubusercontent.com"


def web_identity(condition: Mapping[str, Any] | None = None, provider: str = GITHUB) -> str:
    """What lets users of a provider of web identities assume a role."""
    limits = {"Condition": condition} if condition else {}
    return document(Action="sts:AssumeRoleWithWebIdentity", Principal={"Federated": provider}, **limits)


CLUSTER, NODES, ADDON = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"
INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE, GROUP = "aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
DATABASE, PARAMETERS = "aws:rds/instance:Instance", "aws:rds/parameterGroup:ParameterGroup"
REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
CACHE, CACHE_USER = "aws:elasticache/serverlessCache:ServerlessCache", "aws:elasticache/user:User"
REGISTRY, KEY, TOPIC = "aws:ecr/repository:Repository", "aws:kms/key:Key", "aws:sns/topic:Topic"
BUCKET, BUCKET_ACCESS = "aws:s3/bucket:Bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ROLE_TYPE, ROLE_POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ACCESS = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
ACCESS_ENTRY = "aws:eks/accessEntry:AccessEntry"
RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"
INGRESS, SERVICE = "kubernetes:networking.k8s.io/v1:Ingress", "kubernetes:core/v1:Service"
NAMESPACE, CHART = "kubernetes:core/v1:Namespace", "kubernetes:helm.sh/v3:Release"
DEPLOYMENT, WEB = "kubernetes:apps/v1:Deployment", "helloworld-release-deployment"
SUBNET, PRIVATE = "aws:ec2/subnet:Subnet", "helloworld-network-private-a-subnet"
