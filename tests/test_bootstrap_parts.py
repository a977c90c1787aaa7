"""What roles may do with database, cache, alarms, neighbours and regions, read as AWS reads it."""

import json
from typing import Any

import pytest

from bootstrap import changes, names
from bootstrap.deploy_policies import deploy_policies
from bootstrap.names import REVIEW_ROLE
from bootstrap.neighbour_policy import CONSENT
from offline.plan import Plan
from tests.conftest import Planner
from tests.iam import allowed
from tests.test_bootstrap_policies import (
    ABROAD,
    BOUNDARIES,
    DEV,
    EVERYTHING,
    HERE,
    KEY,
    POLICIES,
    PROD,
    PROD_EU,
    can,
    request,
    state,
)

PREVIEW = names.PREVIEW_ROLE
PLACES = {PROD: (HERE, "prod"), PROD_EU: (ABROAD, "prod-eu")}
# What has a name, with the stack's in it.
NAMED = (
    ("rds:ModifyDBInstance", "rds", "db:helloworld-{}"),
    ("rds:DeleteDBInstance", "rds", "db:helloworld-{}"),
    ("elasticache:DeleteServerlessCache", "elasticache", "serverlesscache:helloworld-{}"),
    ("elasticache:ModifyUser", "elasticache", "user:helloworld-{}"),
    ("elasticache:DeleteUserGroup", "elasticache", "usergroup:helloworld-{}"),
    ("sns:Subscribe", "sns", "helloworld-{}-alerts"),
    ("cloudwatch:PutMetricAlarm", "cloudwatch", "alarm:helloworld-{}/errors"),
    ("cloudwatch:DeleteAlarms", "cloudwatch", "alarm:helloworld-{}/errors"),
    ("logs:DeleteLogGroup", "logs", "log-group:/aws/eks/helloworld-{}/cluster"),
    ("logs:DeleteLogGroup", "logs", "log-group:/aws/rds/instance/helloworld-{}/postgresql"),
    ("logs:DeleteLogGroup", "logs", "log-group:/aws/containerinsights/helloworld-{}/application"),
    ("eks:DeleteCluster", "eks", "cluster/helloworld-{}"),
    ("eks:DeletePodIdentityAssociation", "eks", "podidentityassociation/helloworld-{}/a-1"),
    ("ecr:PutImage", "ecr", "repository/helloworld-{}"),
)
NAMED_EVERYWHERE = (
    ("cloudwatch:PutDashboard", "cloudwatch", "dashboard/helloworld-{}"),
    ("cloudwatch:DeleteDashboards", "cloudwatch", "dashboard/helloworld-{}"),
    ("budgets:ModifyBudget", "budgets", "budget/helloworld-{}"),
    ("chatbot:DeleteSlackChannelConfiguration", "chatbot", "chat-configuration/slack-channel/helloworld-{}"),
)
TAGGED = (
    ("rds:DeleteDBSubnetGroup", "rds", "subgrp:helloworld-database-1"),
    ("rds:ModifyDBParameterGroup", "rds", "pg:helloworld-database-1"),
    ("ec2:DeleteVpc", "ec2", "vpc/vpc-1"),
    ("ec2:DeleteSecurityGroup", "ec2", "security-group/sg-1"),
    ("kms:ScheduleKeyDeletion", "kms", "key/1"),
    ("kms:PutKeyPolicy", "kms", "key/1"),
    ("acm:DeleteCertificate", "acm", "certificate/1"),
)


@pytest.mark.parametrize("role", PLACES)
class TestStacksWhoseNamesBeginAlike:
    """`helloworld-prod-*` would be `helloworld-prod-eu`, too."""

    @pytest.mark.parametrize(("action", "service", "resource"), NAMED)
    def test_a_role_touches_what_has_its_stacks_name_in_its_region(
        self, role: str, action: str, service: str, resource: str
    ) -> None:
        own = PLACES[role]
        for where in (HERE, ABROAD):
            for stack in ("prod", "prod-eu", "prod-e", "pro"):
                assert can(role, action, where.arn(service, resource.format(stack))) is ((where, stack) == own)

    @pytest.mark.parametrize(("action", "service", "resource"), NAMED_EVERYWHERE)
    def test_what_is_in_no_region_is_told_apart_by_name(
        self, role: str, action: str, service: str, resource: str
    ) -> None:
        for stack in ("prod", "prod-eu", "prod-e", "pro"):
            found = can(role, action, HERE.global_arn(service, resource.format(stack)))
            assert found is (stack == PLACES[role][1])

    @pytest.mark.parametrize(("action", "service", "resource"), TAGGED)
    def test_what_has_no_name_is_told_apart_by_its_tags(
        self, role: str, action: str, service: str, resource: str
    ) -> None:
        own = PLACES[role]
        for where in (HERE, ABROAD):
            for stack in ("prod", "prod-eu"):
                found = can(role, action, where.arn(service, resource), of=stack)
                assert found is ((where, stack) == own)
            assert not can(role, action, where.arn(service, resource))

    def test_its_roles_and_its_state_are_its_own(self, role: str) -> None:
        for other, (_, stack) in PLACES.items():
            context = {"of": stack, "bounded": other}
            assert can(role, "iam:PutRolePolicy", HERE.iam("role/helloworld-x"), **context) is (role == other)
            assert can(role, "s3:PutObject", state(f"stacks/helloworld/{stack}.json")) is (role == other)


class TestRegions:
    def test_a_stack_abroad_keeps_its_state_and_secrets_where_all_do(self) -> None:
        assert can(PROD_EU, "s3:PutObject", state("stacks/helloworld/prod-eu.json"))
        assert can(PROD_EU, "kms:Decrypt", KEY)

    def test_it_copies_the_images_of_the_stacks_before_it_from_their_region(self) -> None:
        for stack in ("dev", "prod"):
            assert can(PROD_EU, "ecr:BatchGetImage", HERE.arn("ecr", f"repository/helloworld-{stack}"), of=stack)
            assert not can(PROD_EU, "ecr:PutImage", HERE.arn("ecr", f"repository/helloworld-{stack}"), of=stack)
        assert not can(PROD, "ecr:BatchGetImage", ABROAD.arn("ecr", "repository/helloworld-prod-eu"), of="prod-eu")

    @pytest.mark.parametrize(
        ("action", "resource"),
        [
            ("eks:DescribeCluster", "eks:cluster/helloworld-{}"),
            ("rds:DescribeDBInstances", "rds:db:helloworld-{}"),
            ("sns:GetTopicAttributes", "sns:helloworld-{}-alerts"),
            ("ecr:DescribeRepositories", "ecr:repository/helloworld-{}"),
        ],
    )
    def test_a_preview_reads_every_region_that_has_a_stack(self, action: str, resource: str) -> None:
        service, _, rest = resource.partition(":")
        for where, stack in PLACES.values():
            assert can(PREVIEW, action, where.arn(service, rest.format(stack)))

    def test_health_checks_are_made_changed_and_read(self) -> None:
        check = "arn:aws:route53:::healthcheck/1"
        assert can(PROD, "route53:CreateHealthCheck", "*")
        for action in ("route53:UpdateHealthCheck", "route53:DeleteHealthCheck", "route53:ChangeTagsForResource"):
            assert can(PROD, action, check)
            assert not can(PREVIEW, action, check)
            assert not can(REVIEW_ROLE, action, check)
        assert can(PREVIEW, "route53:GetHealthCheck", check)
        assert not can(PROD, "route53:ChangeTagsForResource", "arn:aws:route53:::hostedzone/Z1")


class TestDatabase:
    SECRET = HERE.arn("secretsmanager", "secret:rds!db-1")
    AWS_KEY = HERE.arn("kms", "key/of-aws")

    def test_it_is_made_with_its_stacks_tags_out_of_groups_of_ours(self) -> None:
        database = HERE.arn("rds", "db:helloworld-prod")
        assert can(PROD, "rds:CreateDBInstance", database, made="prod")
        assert not can(PROD, "rds:CreateDBInstance", database)
        assert not can(PROD, "rds:CreateDBInstance", HERE.arn("rds", "db:another"), made="prod")
        for group in ("subgrp:helloworld-x", "pg:helloworld-x", "og:default:postgres-18"):
            assert can(PROD, "rds:CreateDBInstance", HERE.arn("rds", group))
        assert not can(PROD, "rds:CreateDBInstance", HERE.arn("rds", "subgrp:another"))

    def test_groups_of_another_stack_are_not_used(self) -> None:
        assert not can(PROD, "rds:CreateDBInstance", HERE.arn("rds", "subgrp:helloworld-x"), of="dev")

    def test_its_last_snapshot_is_taken(self) -> None:
        for resource in ("db:helloworld-prod", "snapshot:helloworld-prod-final-1"):
            assert can(PROD, "rds:CreateDBSnapshot", HERE.arn("rds", resource))
        assert not can(PROD, "rds:CreateDBSnapshot", HERE.arn("rds", "db:helloworld-dev"))

    def test_rds_makes_the_masters_secret_and_nobody_who_deploys_reads_it(self) -> None:
        tags = {"aws:ResourceTag/aws:rds:primaryDBInstanceArn": HERE.arn("rds", "db:helloworld-prod")}
        assert can(PROD, "secretsmanager:CreateSecret", self.SECRET)
        for role in POLICIES:
            assert not can(role, "secretsmanager:GetSecretValue", self.SECRET, **tags)
        assert not can(PROD, "secretsmanager:CreateSecret", HERE.arn("secretsmanager", "secret:another"))

    @pytest.mark.parametrize("service", ["rds", "secretsmanager", "elasticache"])
    def test_keys_of_aws_are_used_through_its_services_only(self, service: str) -> None:
        through = {"kms__ViaService": f"{service}.us-west-2.amazonaws.com"}
        own = {"kms__ResourceAliases": [f"alias/aws/{service}"]}
        assert can(PROD, "kms:CreateGrant", self.AWS_KEY, **through, **own)
        assert not can(PROD, "kms:CreateGrant", self.AWS_KEY, **own)
        assert not can(PROD, "kms:CreateGrant", self.AWS_KEY, **through, kms__ResourceAliases=["alias/theirs"])
        assert not can(PROD, "kms:CreateGrant", KEY, **through, **own)

    def test_a_preview_reads_how_it_is_and_nothing_in_it(self) -> None:
        assert can(PREVIEW, "rds:DescribeDBInstances", HERE.arn("rds", "db:*"))
        assert can(
            PREVIEW, "elasticache:DescribeServerlessCaches", HERE.arn("elasticache", "serverlesscache:helloworld-x")
        )
        assert not can(PREVIEW, "rds-db:connect", HERE.arn("rds-db", "dbuser:db-1/helloworld"))
        assert not can(PREVIEW, "rds:DownloadDBLogFilePortion", HERE.arn("rds", "db:helloworld-prod"))


class TestCache:
    ENDPOINT, SERVICE = HERE.arn("ec2", "vpc-endpoint/*"), "com.amazonaws.elasticache.serverless.us-west-2.vpce-svc-1"

    def test_its_endpoint_is_made_without_our_tags_and_no_other_is(self) -> None:
        assert can(PROD, "ec2:CreateVpcEndpoint", self.ENDPOINT, ec2__VpceServiceName=self.SERVICE)
        assert not can(PROD, "ec2:CreateVpcEndpoint", self.ENDPOINT, ec2__VpceServiceName="com.amazonaws.us-west-2.s3")
        assert not can(PROD, "ec2:CreateVpcEndpoint", self.ENDPOINT)

    def test_the_tag_of_elasticache_is_given_to_new_endpoints_only(self) -> None:
        tag = {"aws:RequestTag/AmazonElastiCacheManaged": "true"}
        assert can(PROD, "ec2:CreateTags", self.ENDPOINT, ec2__CreateAction="CreateVpcEndpoint", **tag)
        assert not can(PROD, "ec2:CreateTags", self.ENDPOINT, **tag)
        assert not can(PROD, "ec2:CreateTags", self.ENDPOINT, ec2__CreateAction="CreateVpcEndpoint")


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("sns:CreateTopic", HERE.arn("sns", "helloworld-prod-alerts")),
        ("ec2:CreateSecurityGroup", HERE.arn("ec2", "security-group/*")),
        ("ec2:AuthorizeSecurityGroupIngress", HERE.arn("ec2", "security-group-rule/*")),
        ("ec2:CreateVpcPeeringConnection", HERE.arn("ec2", "vpc-peering-connection/*")),
        ("rds:CreateDBSubnetGroup", HERE.arn("rds", "subgrp:helloworld-x")),
        ("chatbot:CreateSlackChannelConfiguration", "*"),
    ],
)
def test_what_is_made_carries_its_stacks_tags(action: str, resource: str) -> None:
    assert can(PROD, action, resource, made="prod")
    assert not can(PROD, action, resource, made="dev")
    assert not can(PROD, action, resource)


def made(role: str, action: str, resource: str, **context: Any) -> bool:
    """Whether a role that a deployment has made can be allowed that."""
    asked = {**request(role, **context), "aws:PrincipalArn": HERE.iam("role/helloworld-service")}
    return allowed([EVERYTHING], BOUNDARIES[role], action, resource, asked)


class TestWhatDeploymentsMake:
    @pytest.mark.parametrize(
        ("action", "resource"),
        [
            ("rds-db:connect", HERE.arn("rds-db", "dbuser:db-1/helloworld")),
            ("elasticache:Connect", HERE.arn("elasticache", "serverlesscache:helloworld-prod")),
            ("logs:PutLogEvents", HERE.arn("logs", "log-group:/aws/containerinsights/helloworld-prod/host:*")),
            ("cloudwatch:GetMetricData", "*"),
            (
                "autoscaling:SetDesiredCapacity",
                HERE.arn("autoscaling", "autoScalingGroup:1:autoScalingGroupName/eks-1"),
            ),
            ("ec2:DescribeInstances", "*"),
        ],
    )
    def test_their_boundary_has_room_for_what_the_parts_do(self, action: str, resource: str) -> None:
        assert made(PROD, action, resource)

    @pytest.mark.parametrize("stack", ["prod", "prod-eu", "dev"])
    def test_the_master_secret_is_that_of_their_own_database(self, stack: str) -> None:
        secret = HERE.arn("secretsmanager", "secret:rds!db-1")
        tag = {"aws:ResourceTag/aws:rds:primaryDBInstanceArn": HERE.arn("rds", f"db:helloworld-{stack}")}
        assert made(PROD, "secretsmanager:GetSecretValue", secret, **tag) is (stack == "prod")

    def test_secrets_are_made_by_no_role_of_theirs(self) -> None:
        secret = HERE.arn("secretsmanager", "secret:rds!db-1")
        assert can(PROD, "secretsmanager:CreateSecret", secret)
        assert not made(PROD, "secretsmanager:CreateSecret", secret)

    def test_the_cache_of_another_stack_is_closed_to_them(self) -> None:
        assert not made(PROD, "elasticache:Connect", HERE.arn("elasticache", "serverlesscache:x"), of="prod-eu")


class TestReviewDatabase:
    CLUSTER = HERE.arn("eks", "cluster/helloworld-dev")
    ASSOCIATION = HERE.arn("eks", "podidentityassociation/helloworld-dev/a-1")
    ROLE = HERE.iam("role/helloworld-dev-review-database")

    def test_an_association_is_made_on_devs_cluster_with_a_review_stacks_tags(self) -> None:
        make = "eks:CreatePodIdentityAssociation"
        assert can(REVIEW_ROLE, make, self.CLUSTER, made="pr-7", of="dev")
        assert not can(REVIEW_ROLE, make, self.CLUSTER, made="dev", of="dev")
        assert not can(REVIEW_ROLE, make, self.CLUSTER, of="dev")
        assert not can(REVIEW_ROLE, make, HERE.arn("eks", "cluster/helloworld-prod"), made="pr-7")

    @pytest.mark.parametrize("verb", ["Delete", "Update", "Describe"])
    def test_another_stacks_association_is_not_touched(self, verb: str) -> None:
        action = f"eks:{verb}PodIdentityAssociation"
        assert can(REVIEW_ROLE, action, self.ASSOCIATION, of="pr-7")
        assert not can(REVIEW_ROLE, action, self.ASSOCIATION, of="dev")
        assert not can(REVIEW_ROLE, action, self.ASSOCIATION)
        assert not can(REVIEW_ROLE, action, self.ASSOCIATION.replace("-dev", "-prod"), of="pr-7")

    def test_an_association_is_not_taken_over_or_given_away(self) -> None:
        both = {"aws__TagKeys": ["project", "stack"]}
        assert can(REVIEW_ROLE, "eks:TagResource", self.ASSOCIATION, made="pr-7", **both)
        assert not can(REVIEW_ROLE, "eks:TagResource", self.ASSOCIATION, made="pr-7", of="dev", **both)
        assert not can(REVIEW_ROLE, "eks:TagResource", self.ASSOCIATION, made="dev", of="pr-7", **both)
        assert not can(REVIEW_ROLE, "eks:TagResource", self.CLUSTER, made="pr-7", **both)
        assert not can(REVIEW_ROLE, "eks:UntagResource", self.ASSOCIATION, of="pr-7", **both)

    def test_one_role_is_passed_and_to_pods_alone(self) -> None:
        to = "iam__PassedToService"
        assert can(REVIEW_ROLE, "iam:PassRole", self.ROLE, **{to: "pods.eks.amazonaws.com"})
        assert can(REVIEW_ROLE, "iam:GetRole", self.ROLE)
        elsewhere = request(REVIEW_ROLE, **{to: "ec2.amazonaws.com"})
        # The policy says so, and the boundary says it again.
        for limit, documents in ((None, POLICIES[REVIEW_ROLE].values()), (BOUNDARIES[REVIEW_ROLE], [EVERYTHING])):
            assert not allowed(list(documents), limit, "iam:PassRole", self.ROLE, elsewhere)
        for other in ("helloworld-service-role-1", "helloworld-prod-review-database", names.deploy_role("dev")):
            assert not can(REVIEW_ROLE, "iam:PassRole", HERE.iam(f"role/{other}"), **{to: "pods.eks.amazonaws.com"})
            assert not allowed(
                [EVERYTHING],
                BOUNDARIES[REVIEW_ROLE],
                "iam:PassRole",
                HERE.iam(f"role/{other}"),
                request(REVIEW_ROLE, **{to: "pods.eks.amazonaws.com"}),
            )

    def test_dev_makes_that_role_and_reviews_do_not_change_it(self) -> None:
        assert can(DEV, "iam:CreateRole", self.ROLE, made="dev", bounded=DEV)
        for action in ("iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole", "iam:TagRole"):
            assert not can(REVIEW_ROLE, action, self.ROLE, of="dev", made="pr-7")


class TestNeighbour:
    @pytest.mark.parametrize(
        ("action", "resource"),
        [
            ("ec2:CreateVpcPeeringConnection", "vpc/vpc-2"),
            ("ec2:AcceptVpcPeeringConnection", "vpc/vpc-2"),
            ("ec2:CreateRoute", "route-table/rtb-2"),
            ("ec2:DeleteRoute", "route-table/rtb-2"),
        ],
    )
    def test_the_owner_of_the_other_network_consents_by_a_tag(self, action: str, resource: str) -> None:
        assert can(PROD, action, HERE.arn("ec2", resource), **{f"aws:ResourceTag/{CONSENT}": "prod"})
        assert not can(PROD, action, HERE.arn("ec2", resource), **{f"aws:ResourceTag/{CONSENT}": "prod-eu"})
        assert not can(PROD, action, HERE.arn("ec2", resource))

    def test_the_groups_of_other_clusters_stay_closed(self) -> None:
        group, tag = HERE.arn("ec2", "security-group/sg-1"), "aws:ResourceTag/aws:eks:cluster-name"
        assert can(PROD, "ec2:AuthorizeSecurityGroupIngress", group, **{tag: "helloworld-prod"})
        assert not can(PROD, "ec2:AuthorizeSecurityGroupIngress", group, **{tag: "helloworld-prod-eu"})


def test_whoever_sees_subscriptions_sees_those_of_its_own_topic() -> None:
    for role in (PROD, PREVIEW):
        assert can(role, "sns:ListSubscriptionsByTopic", HERE.arn("sns", "helloworld-prod-alerts"))
        assert not can(role, "sns:ListSubscriptions", "*")
    assert not can(PROD, "sns:ListSubscriptionsByTopic", HERE.arn("sns", "helloworld-dev-alerts"))


def test_zones_that_are_named_bound_what_a_stack_abroad_writes() -> None:
    documents = list(deploy_policies(ABROAD, "prod-eu", {}, ["Z1"]).values())
    assert allowed(documents, None, "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1")
    assert not allowed(documents, None, "route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z2")


# Of each kind that has a name: what its deploy role must be able to do, and how AWS calls it.
KINDS = {
    "aws:cloudwatch/logGroup:LogGroup": ("logs:PutRetentionPolicy", "logs", "log-group:{name}"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch:PutMetricAlarm", "cloudwatch", "alarm:{name}"),
    "aws:ecr/repository:Repository": ("ecr:PutLifecyclePolicy", "ecr", "repository/{name}"),
    "aws:eks/cluster:Cluster": ("eks:UpdateClusterConfig", "eks", "cluster/{name}"),
    "aws:elasticache/serverlessCache:ServerlessCache": (
        "elasticache:ModifyServerlessCache",
        "elasticache",
        "serverlesscache:{name}",
    ),
    "aws:elasticache/user:User": ("elasticache:ModifyUser", "elasticache", "user:{userId}"),
    "aws:elasticache/userGroup:UserGroup": ("elasticache:ModifyUserGroup", "elasticache", "usergroup:{userGroupId}"),
    "aws:rds/instance:Instance": ("rds:ModifyDBInstance", "rds", "db:{identifier}"),
    "aws:sns/topic:Topic": ("sns:SetTopicAttributes", "sns", "{name}"),
}
KINDS_EVERYWHERE = {
    "aws:budgets/budget:Budget": ("budgets:ModifyBudget", "budgets", "budget/{name}"),
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": (
        "chatbot:UpdateSlackChannelConfiguration",
        "chatbot",
        "chat-configuration/slack-channel/{configurationName}",
    ),
    "aws:cloudwatch/dashboard:Dashboard": ("cloudwatch:PutDashboard", "cloudwatch", "dashboard/{dashboardName}"),
}
PARTS = {
    "database": "true",
    "cache": "true",
    "observability": "true",
    "monitoring": "true",
    "alertSlackWorkspace": "T0123456789",
    "alertSlackChannel": "C0123456789",
    "budgetDollars": "500",
    "nodeAutoscaling": "true",
    "requestsPerPod": "50",
    "reviewRole": "arn:aws:iam::123456789012:role/helloworld-review",
}


@pytest.fixture(scope="module")
def whole(planned: Planner) -> Plan:
    return planned("prod", {**PARTS, "flowLogs": "true", "routing": "latency"})


class TestThePlan:
    """What `infra/` makes and what its role may make are written in two places."""

    def test_whatever_has_a_name_has_one_that_its_role_may_touch(self, whole: Plan) -> None:
        for kinds, arn in ((KINDS, HERE.arn), (KINDS_EVERYWHERE, HERE.global_arn)):
            for kind, (action, service, name) in kinds.items():
                assert whole.of(kind), kind
                for each in whole.of(kind):
                    resource = arn(service, name.format(**each.inputs))
                    assert can(PROD, action, resource), resource
                    assert not can(PROD_EU, action, resource), resource

    def test_roles_are_passed_to_every_service_that_takes_one_and_to_no_other(self, whole: Plan) -> None:
        trusts = [each.inputs["assumeRolePolicy"] for each in whole.of("aws:iam/role:Role")]
        documents = [json.loads(each) if isinstance(each, str) else each for each in trusts]
        principals = [each["Principal"]["Service"] for document in documents for each in document["Statement"]]
        services = {each for named in principals for each in ([named] if isinstance(named, str) else named)}
        assert services == set(changes.PASSED_TO)

    def test_policies_of_aws_are_attached_as_far_as_they_are_needed(self, whole: Plan) -> None:
        attached = whole.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        assert {each.inputs["policyArn"].rpartition("/")[2] for each in attached} == set(changes.ATTACHED)

    def test_records_are_of_the_types_that_may_be_written(self, whole: Plan) -> None:
        types = {each.inputs["type"] for each in whole.of("aws:route53/record:Record")}
        assert types == {"A", "CNAME"}
        assert types <= set(changes.RECORD_TYPES)

    def test_devs_stack_makes_the_role_that_reviews_pass(self, planned: Planner) -> None:
        dev = planned("dev", {"database": "true", "reviewRole": PARTS["reviewRole"]})
        assert names.REVIEW_DATABASE_ROLE in {each.inputs.get("name") for each in dev.of("aws:iam/role:Role")}
