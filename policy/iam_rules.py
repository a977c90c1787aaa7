"""Who may do what in AWS."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.model import Context, Planned, Rule
from policy.statements import allowing, is_everybody, principals
from policy.values import as_map, as_maps, as_texts, is_unknown

ROLE = "aws:iam/role:Role"
OWN_POLICIES = (
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
)
ATTACHMENTS = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/policyAttachment:PolicyAttachment",
)
EXCLUSIVE = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
LONG_LIVED = ("aws:iam/accessKey:AccessKey", "aws:iam/userLoginProfile:UserLoginProfile")
# A web identity provider names its subjects in claims; without one, all its users are meant, GitHub's for instance:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
ANY_SUBJECT = re.compile(r"(repo:)?[*/:]+")
# Every resource there is, or every one of a service.
EVERY = re.compile(r"\*+|arn:[^:]*:[^:]*:[^:]*:[^:]*:[*/:]+")
# Where a resource says itself who may use it: the input that has the document. S3's access points and Lambda's
# permissions have other forms, and no stack has any.
OPEN_TO_OTHERS = {
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:s3/bucket:Bucket": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
# AWS's own policies that give everything, or everything of a service:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
BROAD = re.compile(
    r"^arn:aws[a-z-]*:iam::aws:policy/(.+/)?(AdministratorAccess\S*|PowerUserAccess|SystemAdministrator|\w*FullAccess\w*)$"
)
ACCOUNT_ROOT = re.compile(r"^(arn:aws[a-z-]*:iam::(\d{12}|\$\{.*\}):root|\d{12})$")


def iam_wildcards(resource: Planned, context: Context) -> Iterator[str]:
    for statement in _granted(resource):
        targets = as_texts(statement.get("Resource"))
        for action in as_texts(statement.get("Action")):
            if context.allows(resource, action):
                continue
            if "*" in action or "?" in action:
                yield f"it allows the actions {action}"
            # A condition limits what a star in the resource stands for.
            elif any(map(EVERY.fullmatch, targets)) and not statement.get("Condition"):
                yield f"it allows {action} on every resource"
        for key in ("NotAction", "NotResource"):
            if statement.get(key):
                yield f"it allows everything but what {key} names"


def _granted(resource: Planned) -> list[Mapping[str, Any]]:
    """The statements by which a resource gives rights to a principal."""
    if resource.type in OWN_POLICIES:
        return allowing(resource.inputs.get("policy"))
    if resource.type == ROLE:
        inline = as_maps(resource.inputs.get("inlinePolicies"))
        return [statement for each in inline for statement in allowing(each.get("policy"))]
    return []


def broad_policies(resource: Planned, _: Context) -> Iterator[str]:
    attached: list[str] = []
    if resource.type in ATTACHMENTS:
        attached = as_texts(resource.inputs.get("policyArn"))
    elif resource.type == EXCLUSIVE:
        attached = as_texts(resource.inputs.get("policyArns"))
    elif resource.type == ROLE:
        attached = as_texts(resource.inputs.get("managedPolicyArns"))
    yield from (f"it gives {arn.rpartition('/')[2]}" for arn in attached if BROAD.match(arn))


def open_trust(resource: Planned, _: Context) -> Iterator[str]:
    trusting = allowing(resource.inputs.get("assumeRolePolicy")) if resource.type == ROLE else []
    if any(is_everybody(each) for each in trusting):
        yield "everybody may assume it"
    for statement in trusting:
        if WEB_IDENTITY in as_texts(statement.get("Action")) and not _names_subject(statement):
            yield f"every user of {', '.join(principals(statement))} may assume it"


def _names_subject(statement: Mapping[str, Any]) -> bool:
    """Whether a condition limits who of a provider's users is meant; an audience does so with Cognito alone."""
    condition = statement.get("Condition")
    if is_unknown(condition) or any(map(is_unknown, as_map(condition).values())):
        return True
    cognito = "cognito-identity.amazonaws.com" in principals(statement)
    return any(
        not any(map(ANY_SUBJECT.fullmatch, as_texts(value))) and (cognito or not key.endswith(":aud"))
        for each in as_map(condition).values()
        for key, value in as_map(each).items()
    )


def open_resource(resource: Planned, _: Context) -> Iterator[str]:
    key = OPEN_TO_OTHERS.get(resource.type)
    for statement in allowing(resource.inputs.get(key)) if key else ():
        if is_everybody(statement) and not statement.get("Condition"):
            yield "it lets everybody in, whatever the account"
        # A key that gives its account everything leaves the decision to the policies of IAM, as the default does:
        # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
        others = [each for each in principals(statement) if not ACCOUNT_ROOT.match(each) and not is_unknown(each)]
        for action in as_texts(statement.get("Action")):
            if others and "*" in action:
                yield f"it allows {others[0]} the actions {action}"


def long_lived(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type in LONG_LIVED:
        yield "it is a secret that never ends, and the stack's state has it"


RULES = (
    Rule(
        name="iam-no-wildcards",
        check=iam_wildcards,
        asks="policies name their actions, and their resources or a condition",
        why="a star is also everything that AWS adds later",
        cure="name actions and resources, limit the statement by a condition, or add a row with its reason to ALLOWED",
    ),
    Rule(
        name="iam-no-broad-policies",
        check=broad_policies,
        asks="no AWS policy is attached that gives everything, or everything of a service",
        why="AdministratorAccess, PowerUserAccess and …FullAccess are wildcards under a name",
        cure="attach a policy of the program's own, which names actions and resources",
    ),
    Rule(
        name="trust-closed",
        check=open_trust,
        asks="no role can be assumed by everybody, or by every user of a provider",
        why="a star in a trust policy is every account of AWS; a provider's users are also strangers",
        cure="name who may assume the role; of a web identity provider's users, by a condition on its sub",
    ),
    Rule(
        name="resource-policy-closed",
        check=open_resource,
        asks="keys, topics, queues, buckets, secrets and registries let in those they name, for what they name",
        why="such a policy lets others in without a word in IAM",
        cure="name the principal, or add a condition on the account; name the actions",
    ),
    Rule(
        name="no-long-lived-keys",
        check=long_lived,
        asks="nobody gets an access key or a password of IAM",
        why="roles give credentials that end by themselves",
        cure="give a role, and say in its trust policy who assumes it",
    ),
)
