"""Who may do what in AWS."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.model import Context, Planned, Rule
from policy.network_rules import is_world
from policy.statements import allowing, compared, is_everybody, principals
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
# A web identity provider names its subjects in claims; without one, all its users are meant. GitHub's subjects begin
# with the repository: with a star there, anybody's is meant.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
ANY_SUBJECT = re.compile(r"(repo:)?[*?].*", re.DOTALL)
# Every resource there is, or every one of a service. A star last in a field goes on beyond it, so that an ARN may end
# early: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
EVERY = re.compile(r"[*?]+|arn(:[^:]*){0,4}|arn(:[^:]*){4}:[*?/:]+")
# They say how or when somebody comes, and nothing of what is touched.
OF_THE_REQUEST = re.compile(
    r"aws:(SecureTransport|MultiFactorAuth\w+|CurrentTime|EpochTime|SourceIp|UserAgent|Referer|ViaAWSService)|\w+:TlsVersion",
    re.IGNORECASE,
)
# What names who comes, as S3 tells public policies from others; keys of KMS have one of their own:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
NAMES_CALLERS = (
    *(f"aws:source{each}" for each in ("account", "arn", "ip", "orgid", "orgpaths", "owner", "vpc", "vpce")),
    *(f"aws:principal{each}" for each in ("account", "arn", "orgid", "orgpaths")),
    "aws:userid",
    "kms:calleraccount",
)
# The policy of a VPC's endpoint limits what goes through, and gives nobody a right.
ENDPOINTS = "aws:ec2/vpcEndpoint"
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
            elif any(map(EVERY.fullmatch, targets)) and not _limits(statement.get("Condition")):
                yield f"it allows {action} on every resource"
        for key in ("NotAction", "NotResource"):
            if statement.get(key):
                yield f"it allows everything but what {key} names"


def _limits(condition: Any) -> bool:
    """Whether a condition says something of what is touched, as far as it is known."""
    keys = [key for each in as_map(condition).values() for key in (as_map(each) or ("",))]
    return bool(condition) and not (keys and all(map(OF_THE_REQUEST.fullmatch, keys)))


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
        providers = as_texts(as_map(statement.get("Principal")).get("Federated"))
        if any(":saml-provider/" not in each for each in providers) and not _names_subject(statement):
            yield f"every user of {', '.join(principals(statement))} may assume it"


def _names_subject(statement: Mapping[str, Any]) -> bool:
    """Whether a claim, other than that of the audience, says which of a provider's users are meant."""
    return any(
        not key.startswith("aws:") and not key.endswith(":aud") and not any(map(ANY_SUBJECT.fullmatch, values))
        for key, values in compared(statement)
    )


def open_resource(resource: Planned, _: Context) -> Iterator[str]:
    # Lambda's permissions have another form, and no stack has any.
    if not resource.type.startswith("aws:") or resource.type.startswith(ENDPOINTS):
        return
    for statement in allowing(resource.inputs.get("policy")):
        if is_everybody(statement) and not _names_callers(statement):
            yield "it lets everybody in, whatever the account"
        # A key that gives its account everything leaves the decision to the policies of IAM, as the default does:
        # https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
        others = [each for each in principals(statement) if not ACCOUNT_ROOT.match(each) and not is_unknown(each)]
        for action in as_texts(statement.get("Action")):
            if others and "*" in action:
                yield f"it allows {others[0]} the actions {action}"
        if others and statement.get("NotAction"):
            yield f"it allows {others[0]} everything but what NotAction names"


def _names_callers(statement: Mapping[str, Any]) -> bool:
    """Whether a condition says which callers are meant: all of them by its accounts, networks or principals."""
    return any(
        is_unknown(key)
        or (key in NAMES_CALLERS and not any(each[:1] in ("*", "?") or is_world(each) for each in values))
        for key, values in compared(statement)
    )


def long_lived(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type in LONG_LIVED:
        yield "it is a secret that never ends, and the stack's state has it"


RULES = (
    Rule(
        name="iam-no-wildcards",
        check=iam_wildcards,
        asks="policies name their actions, and their resources or a condition",
        why="a star is also everything that AWS adds later",
        cure="name actions and resources, or limit by a condition what is touched, or add a row to ALLOWED",
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
