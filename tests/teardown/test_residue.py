"""What AWS still has of a stack: everything that is its own, nothing that is not, and nothing is changed by asking."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.aws_tags import BALANCER_CLUSTER, BALANCER_GROUP
from delivery.teardown.report import report
from delivery.teardown.scope import Scope, proof
from delivery.teardown.things import Looked, Thing
from delivery.teardown.verify import arns_by_name, kind_of
from tests.teardown.account import (
    ACCOUNT,
    DENIED,
    DEV,
    OWN,
    REGION,
    THROTTLED,
    UNREACHABLE,
    Account,
    pairs,
    specified,
)

ADDRESSED = replace(DEV, hostname="hello.example.com", zone="example.com")
PR = Scope(stack="pr-7", region=REGION, account=ACCOUNT, cluster="helloworld-dev", creates=False)


def look(account: Account, scope: Scope = DEV) -> Looked:
    return account.record().cloud(scope).look()


def vpc(account: Account, tags: dict[str, str]) -> str:
    tagged = specified("vpc", tags)
    return str(account.boto("ec2").create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tagged)["Vpc"]["VpcId"])


def make_volume(account: Account, tags: dict[str, str]) -> str:
    made = account.boto("ec2").create_volume(
        AvailabilityZone="us-west-2a", Size=20, TagSpecifications=specified("volume", tags)
    )
    return str(made["VolumeId"])


def make_address(account: Account, tags: dict[str, str]) -> str:
    made = account.boto("ec2").allocate_address(Domain="vpc", TagSpecifications=specified("elastic-ip", tags))
    return str(made["AllocationId"])


def make_template(account: Account, tags: dict[str, str]) -> str:
    made = account.boto("ec2").create_launch_template(
        LaunchTemplateName=f"of-{tags['stack']}",
        LaunchTemplateData={"InstanceType": "t4g.medium"},
        TagSpecifications=specified("launch-template", tags),
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def make_certificate(account: Account, tags: dict[str, str]) -> str:
    made = account.boto("acm").request_certificate(DomainName="hello.example.com", Tags=pairs(tags))
    return str(made["CertificateArn"])


def make_key(account: Account, tags: dict[str, str]) -> str:
    of_kms = [{"TagKey": key, "TagValue": value} for key, value in tags.items()]
    return str(account.boto("kms").create_key(Tags=of_kms)["KeyMetadata"]["Arn"])


def make_role(account: Account, tags: dict[str, str]) -> str:
    name = f"helloworld-node-role-{tags['stack']}"
    account.boto("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({}), Tags=pairs(tags))
    return name


def make_repository(account: Account, tags: dict[str, str]) -> str:
    name = f"helloworld-{tags['stack']}"
    account.boto("ecr").create_repository(repositoryName=name, tags=pairs(tags))
    return name


def make_topic(account: Account, tags: dict[str, str]) -> str:
    return str(
        account.boto("sns").create_topic(Name=f"helloworld-{tags['stack']}-alerts", Tags=pairs(tags))["TopicArn"]
    )


def make_log_group(account: Account, tags: dict[str, str]) -> str:
    name = f"/aws/eks/helloworld-{tags['stack']}/cluster"
    account.boto("logs").create_log_group(logGroupName=name)
    return name


def make_database(account: Account, tags: dict[str, str]) -> str:
    name = f"helloworld-{tags['stack']}"
    account.boto("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="postgres",
        MasterUserPassword="x" * 12,
        Tags=pairs(tags),
    )
    return name


MAKERS: dict[str, Callable[[Account, dict[str, str]], str]] = {
    "VPC": vpc,
    "volume": make_volume,
    "elastic IP address": make_address,
    "launch template": make_template,
    "certificate": make_certificate,
    "key": make_key,
    "role": make_role,
    "image repository": make_repository,
    "topic": make_topic,
    "log group": make_log_group,
    "database": make_database,
}


def test_of_an_empty_account_nothing_is_left(account: Account) -> None:
    looked = look(account, ADDRESSED)
    assert looked.clean
    assert report("dev", looked) == ["Residue of dev: nothing is left."]
    assert len(account.operations) > 20


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_left_is_told_with_its_reason_its_cost_and_its_cure(account: Account, kind: str) -> None:
    name = MAKERS[kind](account, OWN)
    MAKERS[kind](account, {**OWN, "stack": "dev-2"})
    looked = look(account)
    assert [(each.kind, each.name) for each in looked.things] == [(kind, name)]
    (thing,) = looked.things
    assert not looked.clean
    assert thing.why
    assert name in thing.cure or kind == "role"
    assert any(name in line for line in report("dev", looked))


def test_looking_changes_nothing(account: Account) -> None:
    for make in MAKERS.values():
        make(account, OWN)
    assert {each.kind for each in look(account, ADDRESSED).things} == set(MAKERS)
    assert [each for each in account.operations if not each.startswith(("Describe", "Get", "List"))] == []


def test_a_key_that_aws_deletes_in_days_stays_by_design_until_a_date(account: Account) -> None:
    arn = make_key(account, OWN)
    account.boto("kms").schedule_key_deletion(KeyId=arn.rpartition("/")[2], PendingWindowInDays=7)
    looked = look(account)
    assert looked.clean
    text = "\n".join(report("dev", looked))
    assert "stays by design: key" in text
    assert "until 20" in text
    assert f"--key-id {arn.rpartition('/')[2]} --region " in text
    assert "costs: nothing" in text


def test_the_last_snapshot_of_a_database_stays_by_design_and_costs(account: Account) -> None:
    make_database(account, OWN)
    account.boto("rds").delete_db_instance(
        DBInstanceIdentifier="helloworld-dev", FinalDBSnapshotIdentifier="helloworld-dev-final"
    )
    looked = look(account)
    assert looked.clean
    assert [(each.name, bool(each.costs)) for each in looked.things] == [("helloworld-dev-final", True)]


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555",
        f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/11111111-2222-3333-4444-555555555555",
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/vpc-0123456789abcdef0",
        f"arn:aws:eks:{REGION}:{ACCOUNT}:nodegroup/helloworld-dev/a/b",
        f"arn:aws:rds:{REGION}:{ACCOUNT}:subgrp:helloworld-database-subnets",
        f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!db-1-AbCdEf",
        "arn:aws:route53:::healthcheck/11111111-2222-3333-4444-555555555555",
        f"arn:aws:elasticache:{REGION}:{ACCOUNT}:user:helloworld-dev",
        f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:helloworld-dev/5xx",
        f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/k8s-a/1",
    ],
)
def test_what_the_tagging_api_lists_after_it_has_gone_is_not_told(account: Account, arn: str) -> None:
    account.answers["GetResources"] = lambda _: {"ResourceTagMappingList": [{"ResourceARN": arn}]}
    assert look(account).things == []
    assert account.operations.count("GetResources") > 1


@pytest.mark.parametrize(
    "name", ["sqs:{}:helloworld-dev", "elasticloadbalancing:{}:loadbalancer/classic", "logs:{}:log-group:/by-hand"]
)
def test_what_no_service_is_asked_about_is_told_as_what_may_be_gone(account: Account, name: str) -> None:
    arn = f"arn:aws:{name.format(f'{REGION}:{ACCOUNT}')}"
    account.answers["GetResources"] = lambda _: {"ResourceTagMappingList": [{"ResourceARN": arn}]}
    (thing,) = look(account).things
    assert thing.name == arn
    assert "maybe" in thing.why
    assert thing.costs == "not known here"
    assert "make residue STACK=dev" in thing.cure


def test_what_stands_in_the_stacks_vpc_without_a_tag_is_told_and_not_deleted(account: Account) -> None:
    own = vpc(account, OWN)
    group = account.boto("ec2").create_security_group(GroupName="by-hand", Description="by hand", VpcId=own)["GroupId"]
    found = {each.name: each for each in look(account).things}
    assert set(found) == {own, group}
    assert found[group].deletion is None
    assert own in found[group].why


def test_records_of_the_host_name_are_told_and_those_of_others_are_not(account: Account) -> None:
    route53 = account.boto("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    for name, kind, value in (
        ("hello.example.com", "A", "192.0.2.1"),
        ("_abc.hello.example.com", "CNAME", "x.acm-validations.aws"),
        ("other.example.com", "A", "192.0.2.2"),
        ("pr-7.hello.example.com", "A", "192.0.2.3"),
    ):
        record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        route53.change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        )
    told = {each.name for each in look(account, ADDRESSED).things}
    assert told == {"A hello.example.com", "CNAME _abc.hello.example.com"}
    # Where regions share the name, the others' records are theirs.
    assert look(account, replace(ADDRESSED, routing="latency")).things == []


QUESTIONS = (
    *("DescribeBudget", "DescribeCluster", "DescribeDBInstanceAutomatedBackups", "DescribeDBInstances"),
    *("DescribeDBSnapshots", "DescribeLoadBalancers", "DescribeLogGroups", "DescribeRepositories"),
    *("DescribeServerlessCaches", "DescribeSlackChannelConfigurations", "DescribeTags", "DescribeTargetGroups"),
    *("DescribeUserGroups", "DescribeUsers"),
    *("GetDashboard", "GetResources", "GetTopicAttributes", "ListHostedZonesByName", "ListRoles"),
)


def test_every_question_is_among_those_that_are_refused_below(account: Account) -> None:
    look(account, ADDRESSED)
    assert sorted(set(account.operations)) == list(QUESTIONS)


@pytest.mark.parametrize(
    ("operation", "code"), [*zip(QUESTIONS, cycle([THROTTLED, DENIED, UNREACHABLE]), strict=False)]
)
def test_a_question_without_an_answer_is_told_and_the_others_are_asked(
    account: Account, operation: str, code: str
) -> None:
    make_volume(account, OWN)
    make_role(account, OWN)
    account.faults[operation] = [code]
    looked = look(account, ADDRESSED)
    assert not looked.clean
    assert len(looked.unasked) == 1
    assert set(QUESTIONS) == set(account.operations) - {"DescribeVolumes", "GetRole"} | {operation}
    assert any(line.startswith("  could not ask: ") for line in report("dev", looked))
    missing = {"DescribeTags": {"role"}, "ListRoles": {"volume"}}.get(operation, {"role", "volume"})
    assert {each.kind for each in looked.things} == missing


KEYS = (
    "project",
    "stack",
    BALANCER_CLUSTER,
    BALANCER_GROUP,
    "aws:eks:cluster-name",
    "kubernetes.io/cluster/helloworld-dev",
)
VALUES = (
    "helloworld",
    "dev",
    "dev-2",
    "pr-7",
    "helloworld-dev",
    "helloworld-prod",
    "helloworld-pr-7",
    "owned",
    "shared",
    "",
)
TAGS = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), st.sampled_from(VALUES) | st.text(max_size=8))


@given(TAGS)
def test_nothing_is_a_stacks_but_by_both_its_tags_or_its_clusters_name(tags: dict[str, str]) -> None:
    own = tags.get("project") == "helloworld" and tags.get("stack") == "dev"
    by_name = any(tags.get(key) == "helloworld-dev" for key in (BALANCER_CLUSTER, "aws:eks:cluster-name"))
    named = by_name or tags.get("kubernetes.io/cluster/helloworld-dev") == "owned"
    foreign = tags.get("project", "helloworld") != "helloworld" or tags.get("stack", "dev") != "dev"
    assert (proof(tags, DEV) != "none") == ((own or named) and not foreign)


@given(TAGS)
def test_a_review_environment_has_nothing_of_its_platform_but_its_own_balancer(tags: dict[str, str]) -> None:
    own = tags.get("project") == "helloworld" and tags.get("stack") == "pr-7"
    balancer = tags.get(BALANCER_CLUSTER) == "helloworld-dev" and tags.get(BALANCER_GROUP) == "helloworld-pr-7"
    assert (proof(tags, PR) != "none") == (own or balancer)


@given(st.text())
def test_any_arn_has_a_kind(text: str) -> None:
    assert len(kind_of(f"arn:aws:{text}::::x")) == 3


def test_what_is_asked_for_by_name_is_the_stacks_alone() -> None:
    assert all("helloworld-dev" in arn for arn in arns_by_name(DEV))
    assert [kind_of(arn)[2] for arn in arns_by_name(PR)] == ["helloworld-pr-7"]


def test_what_nobody_looked_at_is_not_called_clean() -> None:
    looked = Looked(unasked=["networks: no\n  cure: yes"])
    assert not looked.clean
    assert report("dev", looked) == [
        "Residue of dev: not known in full, 1 question without an answer.",
        "  could not ask: networks: no cure: yes",
    ]


def test_a_report_counts_what_is_left_and_what_stays() -> None:
    things = [Thing(kind="volume", name="a", why="b"), Thing(kind="key", name="c", why="d", expected=True)]
    lines: Any = report("dev", Looked(things=things, unasked=["networks: no"]))
    assert lines[0] == "Residue of dev: 1 thing left, 1 by design, 1 question without an answer."
