"""What an environment's deploy role may do: make, change and delete what `infra/` makes for that one stack. Pure.

What has a name of ours is named. What has none (a VPC, a key, a certificate) is known by the tags `project` and
`stack`, which the program puts on all it makes: it is made with them, changed only with them, and keeps them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bootstrap import changes, names, reads
from bootstrap.address_policy import address, health
from bootstrap.data_policy import cache, database
from bootstrap.leftovers_policy import leftovers
from bootstrap.neighbour_policy import neighbour
from bootstrap.policy_document import KEEPS_OWNER, Account, Statement, allow, document, owned, tagged, tagging
from bootstrap.preflight_policy import preflight
from bootstrap.sight_policy import sight
from bootstrap.state_access import may_read, may_write


def deploy_policies(
    account: Account, environment: str, before: Mapping[str, str], hosted_zones: Sequence[str]
) -> dict[str, str]:
    """The policy documents of an environment's deploy role by topic, as JSON.

    Args:
        account: where.
        environment: whose; its stack has that name.
        before: the environments that a promotion may come from, and their regions: their images are read.
        hosted_zones: ids of the zones that records are written in; none means all of the account.
    """
    # A platform is destroyed only when no stack stands on it, and the engine's list of stacks opens every state.
    state = [*may_read(account, ["*"]), *may_write(account, environment)]
    return {
        "state": document(*state),
        "reads": document(
            allow("LookAround", reads.UNSCOPED, ["*"]),
            allow("LookAtVpcs", reads.VPC, [account.arn("ec2", "vpc/*")]),
            *preflight(account),
        ),
        "network": document(*_network(account, environment)),
        "cluster": document(*_cluster(account, environment, before)),
        "identity": document(*_identity(account, environment)),
        "address": document(*address(account, environment, hosted_zones), *health()),
        "database": document(*database(account, environment)),
        "cache": document(*cache(account, environment)),
        "sight": document(*sight(account, environment)),
        "neighbour": document(*neighbour(account, environment), *leftovers(account, environment)),
    }


def _network(account: Account, stack: str) -> list[Statement]:
    def ec2(*kinds: str) -> list[str]:
        return [account.arn("ec2", f"{kind}/*") for kind in kinds]

    template = {"ArnLike": {"ec2:LaunchTemplate": account.arn("ec2", "launch-template/*")}}
    group, new = ec2("security-group"), tagging(stack)
    tags_new = {"StringEquals": {**new["StringEquals"], "ec2:CreateAction": _creating()}}
    return [
        allow("Make", changes.MADE_IN_EC2, ec2(*changes.NEW_IN_EC2), new),
        allow("MakeOf", changes.MADE_IN_EC2, ec2(*changes.MADE_OF), tagged(stack)),
        allow(
            "TagNew",
            ["ec2:CreateTags"],
            ec2(*changes.NEW_IN_EC2, "instance", "network-interface", "security-group-rule", "volume"),
            tags_new,
        ),
        allow("MakeRules", ["ec2:AuthorizeSecurityGroupIngress"], ec2("security-group-rule"), new),
        allow("Retag", ["ec2:CreateTags", "ec2:DeleteTags"], ec2("*"), {**tagged(stack), **KEEPS_OWNER}),
        # EC2 makes a VPC's default group, without tags. The program takes it over to empty it.
        allow("AdoptGroup", ["ec2:CreateTags"], group, {**new, "Null": {"aws:ResourceTag/stack": "true"}}),
        allow("Change", changes.CHANGES_IN_EC2, ec2("*"), tagged(stack)),
        # EKS asks, on making a node group, whether its maker could launch from the template:
        # https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
        allow("LaunchOwn", ["ec2:RunInstances"], ec2("launch-template"), tagged(stack)),
        allow(
            "LaunchNodes",
            ["ec2:RunInstances"],
            [*ec2(*changes.LAUNCHED), f"arn:aws:ec2:{account.region}::image/*"],
            template,
        ),
    ]


def _creating() -> list[str]:
    made = (each.removeprefix("ec2:") for each in changes.MADE_IN_EC2)
    return [*made, "AuthorizeSecurityGroupIngress", "RunInstances"]


def _cluster(account: Account, stack: str, before: Mapping[str, str]) -> list[Statement]:
    name, new = f"{names.PROJECT}-{stack}", tagging(stack)
    parts = ("nodegroup", "addon", "access-entry", "podidentityassociation")
    eks = [account.arn("eks", f"cluster/{name}"), *(account.arn("eks", f"{part}/{name}/*") for part in parts)]
    groups = (
        f"/aws/eks/{name}/cluster*",
        f"/{name}/*",
        f"/aws/rds/instance/{name}/*",
        f"/aws/containerinsights/{name}/*",
    )
    logs = [account.arn("logs", f"log-group:{group}") for group in groups]
    keys, own = [account.arn("kms", "key/*")], [account.arn("ecr", f"repository/{name}")]
    sources = [
        replace(account, region=region).arn("ecr", f"repository/{names.PROJECT}-{each}")
        for each, region in before.items()
    ]
    return [
        # Neither CreateCluster nor CreateKey takes a resource: what is made is known by its tags.
        allow("MakeCluster", ["eks:CreateCluster"], ["*"], new),
        allow("Cluster", [*reads.CLUSTER, *changes.CHANGES_IN_CLUSTER], eks),
        allow("Logs", [*reads.LOGS, *changes.CHANGES_IN_LOGS], logs),
        allow("MakeKey", ["kms:CreateKey"], ["*"], new),
        *owned("Key", ["kms:TagResource"], ["kms:UntagResource"], keys, stack),
        allow(
            "Key",
            [
                *reads.KEYS,
                "kms:DisableKeyRotation",
                "kms:EnableKeyRotation",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:UpdateKeyDescription",
            ],
            keys,
            tagged(stack),
        ),
        allow(
            "LendKeyToCluster",
            ["kms:CreateGrant"],
            keys,
            {**tagged(stack), "Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
        allow("Registry", [*reads.REGISTRY, *reads.PULLS, *changes.CHANGES_IN_REGISTRY], own),
        *([allow("Promote", ["ecr:DescribeImages", *reads.PULLS], sources)] if sources else []),
    ]


def _identity(account: Account, stack: str) -> list[Statement]:
    role = names.deploy_role(stack)
    ours, boundary = [account.iam(f"role/{names.PROJECT}-*")], account.iam(f"policy/{names.boundary(role)}")
    bounded = {"iam:PermissionsBoundary": boundary}
    own = {"StringEquals": {**tagged(stack)["StringEquals"], **bounded}}
    attached = {**own, "ArnEquals": {"iam:PolicyARN": [f"arn:aws:iam::aws:policy/{each}" for each in changes.ATTACHED]}}
    return [
        allow("LookAtRoles", reads.ROLES, ours),
        # A role is made with the boundary and never without.
        allow("MakeRole", ["iam:CreateRole"], ours, {"StringEquals": {**tagging(stack)["StringEquals"], **bounded}}),
        *owned("Role", ["iam:TagRole"], ["iam:UntagRole"], ours, stack),
        allow("ChangeRole", changes.CHANGES_IN_ROLES, ours, tagged(stack)),
        allow("ChangeBoundedRole", changes.CHANGES_IN_BOUNDED_ROLES, ours, own),
        allow("AttachToRole", ["iam:AttachRolePolicy"], ours, attached),
        # PassRole knows no tags of the role: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
        allow("PassRole", ["iam:PassRole"], ours, {"StringEquals": {"iam:PassedToService": list(changes.PASSED_TO)}}),
        allow(
            "ServiceLinkedRoles",
            ["iam:CreateServiceLinkedRole"],
            [account.iam("role/aws-service-role/*")],
            {"StringEquals": {"iam:AWSServiceName": list(changes.LINKED)}},
        ),
        allow("BeItself", ["sts:AssumeRole"], [account.iam(f"role/{role}")]),
    ]
