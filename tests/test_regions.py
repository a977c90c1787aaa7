"""A second region is one more stack file: the two share a host name and an image, and nothing else."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from ipaddress import IPv4Network
from itertools import pairwise
from typing import Any

import pytest

from offline import stackfile
from offline.plan import Plan, Resource
from offline.references import evaluate_with_references
from policy import rules
from tests.conftest import PROJECT

DIGEST = "sha256:" + "0123456789abcdef" * 4
HOST = "123456789012.dkr.ecr.{}.amazonaws.com"
# Everything that can be turned on, so that whatever has a name is there.
PARTS = {
    "reviewRole": "arn:aws:iam::123456789012:role/helloworld-review",
    "previewRole": "arn:aws:iam::123456789012:role/helloworld-preview",
    "database": "true",
    "databaseMultiZone": "true",
    "cache": "true",
    "observability": "true",
    "monitoring": "true",
    "alertEmails": '["team@example.com"]',
    "alertSlackWorkspace": "T0123456789",
    "alertSlackChannel": "C0123456789",
    "budgetDollars": "500",
    "nodeAutoscaling": "true",
    "requestsPerPod": "50",
    "routing": "latency",
}
# A policy in a role and a record in a zone are found by more than their name; records have a test of their own.
NAMED_AFTER_OTHERS = {"aws:iam/rolePolicy:RolePolicy", "aws:route53/record:Record"}
NAMES = re.compile(r"(name|identifier|userId|userGroupId|dashboardName|configurationName|bucket|fqdn)")
RECORD, CERTIFICATE = "aws:route53/record:Record", "aws:acm/certificate:Certificate"
HEALTH, ROLE, VPC = "aws:route53/healthCheck:HealthCheck", "aws:iam/role:Role", "aws:ec2/vpc:Vpc"


def example() -> str:
    """The stack file that docs/operations.md shows."""
    text = (PROJECT / "docs" / "operations.md").read_text("utf-8").partition("\n## Regions\n")[2]
    found = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


def planned(stack: str, config: Mapping[str, str], image_from: str) -> Plan:
    parts = {f"helloworld:{key}": value for key, value in {**PARTS, "imageFrom": image_from}.items()}
    return evaluate_with_references(PROJECT, stack, {**config, **parts})


@pytest.fixture(scope="module")
def america() -> Plan:
    config = stackfile.load(PROJECT, "prod").config
    return planned("prod", config, f"{HOST.format('us-west-2')}/helloworld-dev@{DIGEST}")


@pytest.fixture(scope="module")
def europe(america: Plan, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Promoted from what the first one runs."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(PROJECT / "Pulumi.yaml", folder)
    (folder / "Pulumi.prod-eu.yaml").write_text(example(), "utf-8")
    return planned("prod-eu", stackfile.load(folder, "prod-eu").config, str(america.outputs["image"]))


def in_aws(plan: Plan) -> list[Resource]:
    return [each for each in plan.resources if each.type.startswith("aws:")]


def names(plan: Plan) -> list[str]:
    """What the account's resources are called where AWS does not choose, region or no region."""
    return [
        f"{each.type} {key} {value}"
        for each in in_aws(plan)
        if each.type not in NAMED_AFTER_OTHERS
        for key, value in each.inputs.items()
        if NAMES.fullmatch(key)
    ]


def records(plan: Plan) -> list[tuple[str, str, str | None]]:
    # The two certificates have different placeholders for one and the same proof.
    return [
        (re.sub(r".*record\((.*)\)\.name}", r"_proof.\1", each.inputs["name"]), each.inputs["type"], identifier(each))
        for each in plan.of(RECORD)
    ]


def identifier(record: Resource) -> str | None:
    found: str | None = record.inputs.get("setIdentifier")
    return found


def test_the_example_says_where_it_is_and_which_stack_it_follows(europe: Plan) -> None:
    provider = europe.one("pulumi:providers:aws", "helloworld-aws").inputs
    assert provider["region"] == "eu-west-1"
    assert "promoteFrom: prod\n" in example()


def test_everything_with_a_name_is_in_both_plans(america: Plan, europe: Plan) -> None:
    """Else what follows would compare nothing."""
    kinds = {
        "aws:acm/certificate:Certificate",
        "aws:budgets/budget:Budget",
        "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
        "aws:cloudwatch/dashboard:Dashboard",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:ecr/repository:Repository",
        "aws:eks/cluster:Cluster",
        "aws:elasticache/serverlessCache:ServerlessCache",
        "aws:elasticache/user:User",
        "aws:rds/instance:Instance",
        "aws:route53/healthCheck:HealthCheck",
        "aws:sns/topic:Topic",
    }
    for plan in (america, europe):
        assert {each.type for each in in_aws(plan)} >= kinds
        assert len(names(plan)) > 20
    assert Counter(each.type for each in in_aws(america)) == Counter(each.type for each in in_aws(europe))


def test_no_name_of_the_account_is_given_twice(america: Plan, europe: Plan) -> None:
    assert not set(names(america)) & set(names(europe))


def test_no_role_has_the_name_of_anothers(america: Plan, europe: Plan) -> None:
    """IAM is of no region. What has no name gets one from the engine, with a random end."""
    named = [{each.inputs["name"] for each in plan.of(ROLE) if "name" in each.inputs} for plan in (america, europe)]
    assert all(len(plan.of(ROLE)) > 8 for plan in (america, europe))
    assert named == [{"helloworld-prod-review-database"}, {"helloworld-prod-eu-review-database"}]


def test_no_record_is_anothers(america: Plan, europe: Plan) -> None:
    both = [*records(america), *records(europe)]
    assert len(both) == 8
    assert len(set(both)) == len(both)
    shared = {(name, kind) for name, kind, _ in records(america)} & {(name, kind) for name, kind, _ in records(europe)}
    assert shared == {("hello.example.com", "A"), ("_proof.hello.example.com", "CNAME")}
    # Route 53 takes several records of a name only if each says which it is.
    assert all(which for name, kind, which in both if (name, kind) in shared)


def test_each_health_check_asks_its_own_region(america: Plan, europe: Plan) -> None:
    asked = [plan.one(HEALTH, "helloworld-dns-health").inputs for plan in (america, europe)]
    assert [each["fqdn"] for each in asked] == ["prod.hello.example.com", "prod-eu.hello.example.com"]
    assert asked[0]["tags"] != asked[1]["tags"]
    for plan, each in zip((america, europe), asked, strict=True):
        assert plan.outputs["directUrl"] == f"https://{each['fqdn']}"
        assert plan.outputs["url"] == "https://hello.example.com"


def test_each_region_has_a_certificate_of_its_own_for_the_common_name(america: Plan, europe: Plan) -> None:
    for plan, region in ((america, "us-west-2"), (europe, "eu-west-1")):
        (certificate,) = plan.of(CERTIFICATE)
        assert certificate.inputs["domainName"] == "hello.example.com"
        ingress = plan.one("kubernetes:networking.k8s.io/v1:Ingress", "helloworld-release-ingress").inputs
        arn = ingress["metadata"]["annotations"]["alb.ingress.kubernetes.io/certificate-arn"]
        assert arn.startswith(f"arn:aws:acm:{region}:")


def test_networks_do_not_overlap(america: Plan, europe: Plan) -> None:
    cidrs = [IPv4Network(plan.one(VPC, "helloworld-network-vpc").inputs["cidrBlock"]) for plan in (america, europe)]
    assert not any(one.overlaps(other) for one, other in pairwise(cidrs))


def test_both_run_the_same_digest_each_from_its_own_registry(america: Plan, europe: Plan) -> None:
    for plan, region in ((america, "us-west-2"), (europe, "eu-west-1")):
        assert plan.outputs["image"] == f"{HOST.format(region)}/helloworld-{plan.stack}@{DIGEST}"
        deployment = plan.one("kubernetes:apps/v1:Deployment", "helloworld-release-deployment")
        assert "helloworld-image-bring" in deployment.hooks["before_create"]


def test_no_role_of_one_region_may_do_anything_in_the_other(america: Plan, europe: Plan) -> None:
    def documents(plan: Plan) -> str:
        return json.dumps([each.inputs["policy"] for each in plan.of("aws:iam/rolePolicy:RolePolicy")])

    assert "us-west-2" in documents(america)
    assert "eu-west-1" in documents(europe)
    assert "eu-west-1" not in documents(america)
    assert "us-west-2" not in documents(europe)
    assert not re.search(r"helloworld-prod(?!-eu)\b", documents(europe))


def test_what_tells_and_watches_tells_of_its_own_stack(america: Plan, europe: Plan) -> None:
    def told(plan: Plan) -> str:
        kinds = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/dashboard:Dashboard")
        return json.dumps([dict(each.inputs) for kind in kinds for each in plan.of(kind)])

    assert "us-west-2" in told(america)
    assert "eu-west-1" in told(europe)
    assert "us-west-2" not in told(europe)


def test_tags_say_whose_something_is(america: Plan, europe: Plan) -> None:
    def tags(plan: Plan) -> Any:
        given = plan.one("pulumi:providers:aws", "helloworld-aws").inputs["defaultTags"]
        return (json.loads(given) if isinstance(given, str) else given)["tags"]

    assert [tags(plan)["stack"] for plan in (america, europe)] == ["prod", "prod-eu"]


def test_the_second_region_is_production_too_and_breaks_no_rule(europe: Plan) -> None:
    assert rules.is_production(europe.stack)
    assert rules.check(europe.resources, europe.stack) == []
