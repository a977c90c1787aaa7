"""What each role of the account may do, read as AWS reads it, and what it never may."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bootstrap import address_policy, leftovers_policy, names, preflight_policy, reads
from bootstrap.boundary import SERVICES, boundary
from bootstrap.deploy_policies import deploy_policies
from bootstrap.policy_document import Account
from bootstrap.preview_policy import preview_policies
from bootstrap.review_policy import UNSCOPED, review_policies
from tests.iam import allowed, statements

KEY = "arn:aws:kms:us-west-2:123456789012:key/11111111-2222-3333-4444-555555555555"
HERE = Account(number="123456789012", region="us-west-2", state_region="us-west-2", key_arn=KEY)
ABROAD = replace(HERE, region="eu-west-1")
# The longest that settings take.
LONG = "e" * 40
FAR = "ap-southeast-1"
THERE = Account(number="123456789012", region=FAR, state_region=FAR, key_arn=KEY.replace("us-west-2", FAR))
REGIONS = {"dev": "us-west-2", "prod": "us-west-2", "prod-eu": "eu-west-1"}
DEV, PROD, PROD_EU = (names.deploy_role(each) for each in REGIONS)
POLICIES = {
    names.PREVIEW_ROLE: preview_policies(HERE, REGIONS),
    names.REVIEW_ROLE: review_policies(HERE, []),
    DEV: deploy_policies(HERE, "dev", {}, []),
    PROD: deploy_policies(HERE, "prod", {"dev": "us-west-2"}, []),
    PROD_EU: deploy_policies(ABROAD, "prod-eu", {"dev": "us-west-2", "prod": "us-west-2"}, []),
}
STACKS = {DEV: "dev", PROD: "prod", PROD_EU: "prod-eu"}
BOUNDARIES = {role: boundary(ABROAD if role == PROD_EU else HERE, role, STACKS.get(role)) for role in POLICIES}
EVERYTHING = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
# Actions for which AWS has neither a resource to name nor a condition that tells whose something is.
UNRESOURCED = {*address_policy.MADE_WITHOUT_RESOURCE}
# Actions for which AWS has no resource to name; the statement's condition limits what is made or touched.
UNRESOURCED_WITH_CONDITION = {
    "acm:RequestCertificate",
    "chatbot:CreateSlackChannelConfiguration",
    "eks:CreateCluster",
    "kms:CreateKey",
    "sns:SetSubscriptionAttributes",
    "sns:Unsubscribe",
}


def role_arn(role: str) -> str:
    return HERE.iam(f"role/{role}")


def can(role: str, action: str, resource: str, **context: Any) -> bool:
    """Whether the role may do that; `made`, `of` and `boundary` stand for tags and the boundary of what is touched."""
    return allowed(list(POLICIES[role].values()), BOUNDARIES[role], action, resource, request(role, **context))


# What AWS tells the boundary of the role with, and not with any other action:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
KNOW_THE_BOUNDARY = {
    f"iam:{action}"
    for action in (
        "AttachRolePolicy",
        "CreateRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
    )
}


def request(role: str, **context: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"aws:PrincipalArn": role_arn(role)}
    for key, prefix in (("made", "aws:RequestTag"), ("of", "aws:ResourceTag")):
        if stack := context.pop(key, None):
            found |= {f"{prefix}/project": "helloworld", f"{prefix}/stack": stack}
    if role_bounded := context.pop("bounded", None):
        found["iam:PermissionsBoundary"] = HERE.iam(f"policy/{names.boundary(role_bounded)}")
    return found | {key.replace("__", ":"): value for key, value in context.items()}


def state(path: str) -> str:
    return f"{HERE.bucket}/.pulumi/{path}"


def bootstrap_tags(stack: str = "account") -> dict[str, str]:
    return {"aws:ResourceTag/project": names.BOOTSTRAP_PROJECT, "aws:ResourceTag/stack": stack}


class TestState:
    OWN = (
        "stacks/helloworld/{}.json",
        "stacks/helloworld/{}.json.bak",
        "stacks/helloworld/{}.pulumi-tags",
        "history/helloworld/{}/{}-1.history.json",
        "backups/helloworld/{}/{}.1.json",
        "locks/organization/helloworld/{}/1.json",
    )

    @pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
    @pytest.mark.parametrize("path", OWN)
    def test_a_stack_is_written_by_its_own_role_alone(self, action: str, path: str) -> None:
        for stack, role in (("dev", DEV), ("prod", PROD), ("pr-7", names.REVIEW_ROLE)):
            writers = {each for each in POLICIES if can(each, action, state(path.format(stack, stack)))}
            assert role in writers
            if action != "s3:GetObject":
                assert writers == {role}

    def test_a_name_that_begins_alike_is_another_stack(self) -> None:
        assert can(DEV, "s3:PutObject", state("stacks/helloworld/dev.json"))
        for path in (
            "stacks/helloworld/dev-2.json",
            "history/helloworld/dev-2/x",
            "locks/organization/helloworld/dev2/x",
        ):
            assert not can(DEV, "s3:PutObject", state(path))

    def test_a_promotion_reads_what_ran_before_and_where(self) -> None:
        for path in ("stacks/helloworld/dev.json", "history/helloworld/dev/dev-1.history.json"):
            assert can(PROD, "s3:GetObject", state(path))
            assert not can(PROD, "s3:PutObject", state(path))

    def test_whoever_destroys_a_platform_sees_every_stack_that_may_stand_on_it(self) -> None:
        for role in (DEV, PROD):
            assert can(role, "s3:GetObject", state("stacks/helloworld/pr-7.json"))

    @pytest.mark.parametrize("role", POLICIES)
    def test_every_role_finds_the_backend_and_opens_the_secrets(self, role: str) -> None:
        assert can(role, "s3:GetObject", state("meta.yaml"))
        assert can(role, "s3:ListBucket", HERE.bucket)
        context = request(role) | bootstrap_tags()
        assert allowed(list(POLICIES[role].values()), BOUNDARIES[role], "kms:Decrypt", KEY, context)

    @pytest.mark.parametrize("role", POLICIES)
    @pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject"])
    def test_the_state_of_bootstrap_is_for_administrators(self, role: str, action: str) -> None:
        assert not can(role, action, state(f"stacks/{names.BOOTSTRAP_PROJECT}/account.json"))
        assert not can(role, "s3:PutObject", state("meta.yaml"))


class TestPreview:
    def test_it_changes_nothing_anywhere(self) -> None:
        verbs = ("Describe", "Get", "List", "View")
        actions = {
            action
            for document in POLICIES[names.PREVIEW_ROLE].values()
            for statement in statements(document)
            for action in statement["Action"]
        }
        others = {action for action in actions if not action.partition(":")[2].startswith(verbs)}
        # A preview opens the stack's secrets provider, and its kubeconfig takes the role that it is.
        assert others == {"kms:Decrypt", "sts:AssumeRole"}
        assert "s3:GetObject" in actions

    @pytest.mark.parametrize(
        ("action", "resource"),
        [
            ("s3:GetObject", "arn:aws:s3:::another-bucket/key"),
            ("secretsmanager:GetSecretValue", "*"),
            ("ssm:GetParameter", "*"),
            ("ecr:BatchGetImage", HERE.arn("ecr", "repository/helloworld-dev")),
            ("logs:GetLogEvents", HERE.arn("logs", "log-group:/aws/eks/helloworld-prod/cluster:log-stream:x")),
            ("kms:Decrypt", HERE.arn("kms", "key/another")),
            ("sts:AssumeRole", role_arn(DEV)),
        ],
    )
    def test_it_reads_no_content_but_the_state(self, action: str, resource: str) -> None:
        assert not can(names.PREVIEW_ROLE, action, resource)

    def test_it_takes_no_lock_since_a_preview_takes_none(self) -> None:
        assert can(names.PREVIEW_ROLE, "s3:GetObject", state("stacks/helloworld/prod.json"))
        assert not can(names.PREVIEW_ROLE, "s3:PutObject", state("locks/organization/helloworld/prod/1.json"))


class TestDeploy:
    CHANGES = (
        ("ec2:DeleteVpc", HERE.arn("ec2", "vpc/vpc-1")),
        ("ec2:CreateRoute", HERE.arn("ec2", "route-table/rtb-1")),
        ("ec2:RevokeSecurityGroupEgress", HERE.arn("ec2", "security-group/sg-1")),
        ("ec2:RunInstances", HERE.arn("ec2", "launch-template/lt-1")),
        ("kms:ScheduleKeyDeletion", HERE.arn("kms", "key/1")),
        ("acm:DeleteCertificate", HERE.arn("acm", "certificate/1")),
    )
    MAKES = (
        ("ec2:CreateVpc", HERE.arn("ec2", "vpc/*")),
        ("ec2:CreateNatGateway", HERE.arn("ec2", "natgateway/*")),
        ("ec2:CreateLaunchTemplate", HERE.arn("ec2", "launch-template/*")),
        ("eks:CreateCluster", HERE.arn("eks", "cluster/helloworld-dev")),
        ("kms:CreateKey", "*"),
        ("acm:RequestCertificate", "*"),
    )

    @pytest.mark.parametrize(("action", "resource"), CHANGES)
    def test_it_changes_what_is_its_stacks_and_nothing_else(self, action: str, resource: str) -> None:
        assert can(DEV, action, resource, of="dev")
        assert not can(DEV, action, resource, of="prod")
        assert not can(DEV, action, resource)

    @pytest.mark.parametrize(("action", "resource"), MAKES)
    def test_what_it_makes_carries_its_stacks_tags(self, action: str, resource: str) -> None:
        assert can(DEV, action, resource, made="dev")
        assert not can(DEV, action, resource, made="prod")
        assert not can(DEV, action, resource)

    @pytest.mark.parametrize("resource", ["vpc/vpc-1", "subnet/subnet-1", "elastic-ip/eipalloc-1", "route-table/rtb-1"])
    def test_it_builds_on_its_own_network_only(self, resource: str) -> None:
        for action in ("ec2:CreateSubnet", "ec2:CreateNatGateway", "ec2:CreateVpcEndpoint"):
            assert can(DEV, action, HERE.arn("ec2", resource), of="dev", made="dev")
            assert not can(DEV, action, HERE.arn("ec2", resource), of="prod")

    @pytest.mark.parametrize(
        ("action", "resource"),
        [
            ("ec2:CreateTags", HERE.arn("ec2", "vpc/vpc-1")),
            ("ec2:DeleteTags", HERE.arn("ec2", "vpc/vpc-1")),
            ("kms:TagResource", HERE.arn("kms", "key/1")),
            ("acm:AddTagsToCertificate", HERE.arn("acm", "certificate/1")),
            ("iam:UntagRole", HERE.iam("role/helloworld-node-role-1")),
        ],
    )
    def test_it_retags_but_never_gives_away_or_takes(self, action: str, resource: str) -> None:
        assert can(DEV, action, resource, of="dev", aws__TagKeys=["team"])
        assert not can(DEV, action, resource, of="prod", aws__TagKeys=["team"])
        assert not can(DEV, action, resource, of="dev", aws__TagKeys=["stack"])
        assert not can(DEV, action, resource, of="prod", made="dev", aws__TagKeys=["project", "stack"])

    def test_only_a_new_vpcs_untagged_group_can_be_taken_over(self) -> None:
        tags = ["project", "stack", "Name"]
        group = HERE.arn("ec2", "security-group/sg-1")
        assert can(DEV, "ec2:CreateTags", group, made="dev", aws__TagKeys=tags)
        assert not can(DEV, "ec2:CreateTags", group, made="dev", of="prod", aws__TagKeys=tags)
        assert not can(DEV, "ec2:CreateTags", HERE.arn("ec2", "vpc/vpc-1"), made="dev", aws__TagKeys=tags)

    def test_nodes_are_launched_from_a_template_only(self) -> None:
        template = HERE.arn("ec2", "launch-template/lt-1")
        assert can(DEV, "ec2:RunInstances", HERE.arn("ec2", "instance/*"), ec2__LaunchTemplate=template)
        assert not can(DEV, "ec2:RunInstances", HERE.arn("ec2", "instance/*"))

    @pytest.mark.parametrize(
        ("action", "resource"),
        [
            ("eks:DeleteCluster", "eks:cluster/helloworld-{}"),
            ("eks:DeleteNodegroup", "eks:nodegroup/helloworld-{}/x/y"),
            ("eks:CreateAccessEntry", "eks:cluster/helloworld-{}"),
            ("ecr:PutImage", "ecr:repository/helloworld-{}"),
            ("ecr:DeleteRepository", "ecr:repository/helloworld-{}"),
            ("logs:DeleteLogGroup", "logs:log-group:/aws/eks/helloworld-{}/cluster"),
            ("logs:CreateLogGroup", "logs:log-group:/helloworld-{}/vpc-flow-logs"),
        ],
    )
    def test_what_has_a_name_is_its_own_by_name(self, action: str, resource: str) -> None:
        service, _, rest = resource.partition(":")
        assert can(DEV, action, HERE.arn(service, rest.format("dev")))
        assert not can(DEV, action, HERE.arn(service, rest.format("prod")))
        assert not can(DEV, action, HERE.arn(service, rest.format("dev2")))

    def test_prod_copies_devs_images_and_cannot_push_there(self) -> None:
        repository = HERE.arn("ecr", "repository/helloworld-dev")
        assert can(PROD, "ecr:BatchGetImage", repository, of="dev")
        assert not can(PROD, "ecr:PutImage", repository, of="dev")
        assert not can(DEV, "ecr:BatchGetImage", HERE.arn("ecr", "repository/helloworld-prod"), of="prod")

    def test_records_are_addresses_and_proofs(self) -> None:
        zone, key = "arn:aws:route53:::hostedzone/Z1", "route53__ChangeResourceRecordSetsRecordTypes"
        assert can(DEV, "route53:ChangeResourceRecordSets", zone, **{key: ["A", "CNAME"]})
        for kind in ("NS", "MX", "TXT", "SOA"):
            assert not can(DEV, "route53:ChangeResourceRecordSets", zone, **{key: ["A", kind]})

    def test_zones_can_be_named(self) -> None:
        documents = list(deploy_policies(HERE, "dev", {}, ["Z1"]).values())
        ask = ("route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/{}")
        assert allowed(documents, None, ask[0], ask[1].format("Z1"))
        assert not allowed(documents, None, ask[0], ask[1].format("Z2"))


class TestRoles:
    NODE = HERE.iam("role/helloworld-node-role-1")

    def test_a_role_is_made_with_the_boundary_only(self) -> None:
        assert can(DEV, "iam:CreateRole", self.NODE, made="dev", bounded=DEV)
        assert not can(DEV, "iam:CreateRole", self.NODE, made="dev")
        assert not can(DEV, "iam:CreateRole", self.NODE, made="dev", bounded=PROD)
        assert not can(DEV, "iam:CreateRole", self.NODE, made="prod", bounded=DEV)
        assert not can(DEV, "iam:CreateRole", HERE.iam("role/somebody-elses"), made="dev", bounded=DEV)
        # The policy says so, and the boundary says it again.
        for limit, documents in ((None, POLICIES[DEV].values()), (BOUNDARIES[DEV], [EVERYTHING])):
            assert not allowed(list(documents), limit, "iam:CreateRole", self.NODE, request(DEV, made="dev"))

    @pytest.mark.parametrize("action", ["iam:PutRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary"])
    def test_a_role_is_changed_within_its_stack_and_boundary_only(self, action: str) -> None:
        assert action in KNOW_THE_BOUNDARY
        assert can(DEV, action, self.NODE, of="dev", bounded=DEV)
        assert not can(DEV, action, self.NODE, of="dev")
        assert not can(DEV, action, self.NODE, of="prod", bounded=PROD)
        assert not can(DEV, action, self.NODE, bounded=DEV)

    @pytest.mark.parametrize("action", ["iam:DeleteRole", "iam:UpdateAssumeRolePolicy", "iam:UpdateRole"])
    def test_where_aws_does_not_tell_the_boundary_a_role_of_the_stack_is_changed_without(self, action: str) -> None:
        assert action not in KNOW_THE_BOUNDARY
        assert can(DEV, action, self.NODE, of="dev")
        assert not can(DEV, action, self.NODE, of="prod")
        assert not can(DEV, action, self.NODE)
        assert not can(DEV, action, HERE.iam("role/somebody-elses"), of="dev")

    @pytest.mark.parametrize("document", [*POLICIES[DEV].values(), BOUNDARIES[DEV]])
    def test_the_boundary_is_asked_for_only_where_aws_tells_it(self, document: str) -> None:
        for statement in statements(document):
            keys = {key for conditions in statement.get("Condition", {}).values() for key in conditions}
            if "iam:PermissionsBoundary" in keys:
                assert set(statement["Action"]) <= KNOW_THE_BOUNDARY

    def test_only_the_policies_that_nodes_and_cluster_need_are_attached(self) -> None:
        for policy, expected in (("AmazonEKSWorkerNodePolicy", True), ("AdministratorAccess", False)):
            attached = f"arn:aws:iam::aws:policy/{policy}"
            context = {"of": "dev", "bounded": DEV, "iam__PolicyARN": attached}
            assert can(DEV, "iam:AttachRolePolicy", self.NODE, **context) is expected

    def test_roles_are_passed_to_the_services_that_take_them(self) -> None:
        assert can(DEV, "iam:PassRole", self.NODE, iam__PassedToService="eks.amazonaws.com")
        for service in ("lambda.amazonaws.com", "cloudformation.amazonaws.com"):
            assert not can(DEV, "iam:PassRole", self.NODE, iam__PassedToService=service)

    @pytest.mark.parametrize("role", POLICIES)
    @pytest.mark.parametrize("target", POLICIES)
    @pytest.mark.parametrize(
        "action", ["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:PassRole", "iam:TagRole"]
    )
    def test_the_roles_of_the_account_cannot_be_touched(self, role: str, target: str, action: str) -> None:
        context = {"bounded": target, "iam__PassedToService": "ec2.amazonaws.com"}
        for stack in ("dev", "prod"):
            assert not can(role, action, role_arn(target), of=stack, made=stack, **context)
        assert can(DEV, "iam:PassRole", self.NODE, **context)


NEVER = (
    ("iam:CreateUser", HERE.iam("user/x")),
    ("iam:CreateAccessKey", HERE.iam("user/x")),
    ("iam:CreateLoginProfile", HERE.iam("user/x")),
    ("iam:CreatePolicyVersion", HERE.iam(f"policy/{names.boundary(DEV)}")),
    ("iam:DeletePolicy", HERE.iam(f"policy/{names.boundary(DEV)}")),
    ("iam:DeleteRolePermissionsBoundary", HERE.iam("role/helloworld-node-role-1")),
    ("iam:DeleteRolePermissionsBoundary", role_arn(DEV)),
    ("iam:AttachRolePolicy", HERE.iam("role/helloworld-node-role-1")),
    ("iam:UpdateOpenIDConnectProviderThumbprint", HERE.iam(f"oidc-provider/{names.GITHUB_ISSUER}")),
    ("iam:DeleteOpenIDConnectProvider", HERE.iam(f"oidc-provider/{names.GITHUB_ISSUER}")),
    ("iam:AddClientIDToOpenIDConnectProvider", HERE.iam(f"oidc-provider/{names.GITHUB_ISSUER}")),
    ("organizations:LeaveOrganization", "*"),
    ("account:CloseAccount", "*"),
    ("aws-portal:ModifyBilling", "*"),
    ("s3:PutBucketPolicy", HERE.bucket),
    ("s3:DeleteBucket", HERE.bucket),
    ("s3:PutBucketVersioning", HERE.bucket),
    ("s3:PutLifecycleConfiguration", HERE.bucket),
    ("s3:DeleteObjectVersion", state("stacks/helloworld/dev.json")),
    ("secretsmanager:GetSecretValue", HERE.arn("secretsmanager", "secret:somebodys-AbCdEf")),
    ("secretsmanager:GetSecretValue", HERE.arn("secretsmanager", "secret:rds!db-1")),
    ("secretsmanager:DeleteSecret", HERE.arn("secretsmanager", "secret:rds!db-1")),
    ("kms:PutKeyPolicy", KEY),
    ("kms:ScheduleKeyDeletion", KEY),
    ("kms:CreateGrant", KEY),
)


@pytest.mark.parametrize(("action", "resource"), NEVER)
@pytest.mark.parametrize("role", POLICIES)
def test_whatever_is_attached_to_a_role_some_things_stay_forbidden(role: str, action: str, resource: str) -> None:
    context = request(role, of=STACKS.get(role, "dev"), made=STACKS.get(role, "dev"), bounded=role)
    context["iam:PolicyARN"] = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert not allowed([EVERYTHING], BOUNDARIES[role], action, resource, context)
    assert allowed([EVERYTHING], BOUNDARIES[role], "ec2:DescribeVpcs", "*", context)


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("s3:GetObject", state("stacks/helloworld/prod.json"), {}),
        ("s3:PutObject", state("stacks/helloworld/dev.json"), {}),
        ("kms:Decrypt", KEY, {}),
        ("sts:AssumeRole", role_arn(DEV), {}),
        ("iam:CreateRole", HERE.iam("role/helloworld-more"), {"made": "dev", "bounded": DEV}),
        ("eks:DeleteCluster", HERE.arn("eks", "cluster/helloworld-prod"), {"of": "prod"}),
        ("ec2:DeleteVpc", HERE.arn("ec2", "vpc/vpc-1"), {"of": "prod"}),
        ("ecr:DeleteRepository", HERE.arn("ecr", "repository/helloworld-prod"), {"of": "prod"}),
    ],
)
def test_a_role_that_a_deployment_makes_cannot_reach_beyond_it(
    action: str, resource: str, context: Mapping[str, Any]
) -> None:
    """Else whoever deploys dev could make a role that reads prod's state, or deletes prod."""
    made = {**request(DEV, **context), "aws:PrincipalArn": HERE.iam("role/helloworld-made")}
    assert not allowed([EVERYTHING], BOUNDARIES[DEV], action, resource, made)
    balancer = HERE.arn("elasticloadbalancing", "loadbalancer/app/x/1")
    own = {**request(DEV, of="dev"), "aws:PrincipalArn": HERE.iam("role/helloworld-made")}
    assert allowed([EVERYTHING], BOUNDARIES[DEV], "elasticloadbalancing:DeleteLoadBalancer", balancer, own)


@pytest.mark.parametrize("action", ["ecr:BatchGetImage", "acm:DescribeCertificate"])
def test_what_dev_runs_on_can_see_what_review_environments_bring(action: str) -> None:
    node = {**request(DEV, of="pr-7"), "aws:PrincipalArn": HERE.iam("role/helloworld-node")}
    assert allowed([EVERYTHING], BOUNDARIES[DEV], action, "*", node)


class TestReview:
    def test_it_makes_a_registry_a_certificate_and_records_of_review_environments(self) -> None:
        role = names.REVIEW_ROLE
        assert can(role, "ecr:CreateRepository", HERE.arn("ecr", "repository/helloworld-pr-7"), made="pr-7")
        assert can(role, "acm:RequestCertificate", "*", made="pr-7")
        assert can(role, "acm:DeleteCertificate", HERE.arn("acm", "certificate/1"), of="pr-7")
        assert can(role, "eks:DescribeCluster", HERE.arn("eks", "cluster/helloworld-dev"), of="dev")

    def test_it_touches_nothing_of_an_environment(self) -> None:
        role = names.REVIEW_ROLE
        assert not can(role, "ecr:PutImage", HERE.arn("ecr", "repository/helloworld-dev"), of="dev")
        assert not can(role, "acm:DeleteCertificate", HERE.arn("acm", "certificate/1"), of="dev")
        assert not can(role, "acm:RequestCertificate", "*", made="dev")
        assert not can(role, "eks:DescribeCluster", HERE.arn("eks", "cluster/helloworld-prod"), of="prod")
        assert not can(role, "eks:UpdateClusterConfig", HERE.arn("eks", "cluster/helloworld-dev"), of="dev")
        assert not can(role, "ec2:CreateVpc", HERE.arn("ec2", "vpc/*"), made="pr-7")
        assert not can(role, "iam:CreateRole", HERE.iam("role/helloworld-x"), made="pr-7", bounded=role)

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("pr-7.dev.example.com", True),
            ("_0123.pr-7.dev.example.com", True),
            ("dev.example.com", False),
            ("example.com", False),
            ("www.example.com", False),
        ],
    )
    def test_its_records_are_those_of_review_environments(self, name: str, expected: bool) -> None:
        context = {
            "route53__ChangeResourceRecordSetsRecordTypes": ["A"],
            "route53__ChangeResourceRecordSetsNormalizedRecordNames": [name],
        }
        zone = "arn:aws:route53:::hostedzone/Z1"
        assert can(names.REVIEW_ROLE, "route53:ChangeResourceRecordSets", zone, **context) is expected


DOCUMENTS = [document for topics in POLICIES.values() for document in topics.values()]


class TestForm:
    @pytest.mark.parametrize("document", DOCUMENTS)
    def test_no_action_is_a_pattern_and_no_resource_is_everything_but_where_aws_has_none(self, document: str) -> None:
        for statement in statements(document):
            assert statement["Effect"] == "Allow"
            assert not {"NotAction", "NotResource"} & set(statement)
            assert not [action for action in statement["Action"] if "*" in action or "?" in action]
            if "*" in statement["Resource"]:
                unscoped = {*reads.UNSCOPED, *preflight_policy.UNSCOPED, *leftovers_policy.UNSCOPED, *UNSCOPED}
                limited, free = UNRESOURCED_WITH_CONDITION, unscoped | UNRESOURCED
                assert set(statement["Action"]) <= (limited if "Condition" in statement else free)

    def test_patterns_of_a_boundary_are_the_services_that_are_listed(self) -> None:
        for document in BOUNDARIES.values():
            granted = [each for each in statements(document) if each["Effect"] == "Allow"]
            patterns = {action for each in granted for action in each["Action"] if "*" in action}
            assert patterns == {f"{service}:*" for service in SERVICES}
            assert not {"iam:*", "s3:*", "kms:*", "sts:*", "*"} & patterns

    @pytest.mark.parametrize("here", [HERE, THERE])
    def test_documents_stay_within_iams_limits_for_the_longest_names(self, here: Account) -> None:
        """6,144 characters a managed policy, ten policies a role."""
        others = [f"{LONG[:-1]}{number}" for number in range(9)]
        zones = [f"Z{'0' * 20}{number}" for number in range(20)]
        roles = {
            "preview": preview_policies(here, dict.fromkeys((*others, LONG), here.region)),
            "review": review_policies(here, zones),
            "deploy": deploy_policies(here, LONG, dict.fromkeys(others, here.region), zones),
        }
        for topics in roles.values():
            assert len(topics) <= 10
            assert {topic: len(text) for topic, text in topics.items() if len(text) > 6144} == {}
        assert len(boundary(here, names.deploy_role(LONG), LONG)) <= 6144

    @pytest.mark.parametrize("document", [*DOCUMENTS, *BOUNDARIES.values()])
    def test_statements_have_names_of_their_own(self, document: str) -> None:
        sids = [statement["Sid"] for statement in statements(document)]
        assert len(set(sids)) == len(sids)
        assert all(sid.isalnum() for sid in sids)
