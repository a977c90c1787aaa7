"""What is another stack's, account's or project's is neither deleted nor told as left by this one."""

from dataclasses import replace
from typing import Any

import pytest

from delivery.problems import DeliveryError
from delivery.teardown.guards import require_same_place
from tests.teardown.account import ACCOUNT, DEV, OWN, REGION, Account, refusal, specified

RUNS = {"cluster": {"status": "ACTIVE", "tags": OWN}}


def told(account: Account, **scope: Any) -> set[str]:
    return {each.name for each in account.record().cloud(replace(DEV, **scope)).look().things}


def test_a_snapshot_of_another_projects_dev_is_not_told(account: Account) -> None:
    volume = account.boto("ec2").create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
    names = {}
    for project in ("helloworld", "other"):
        tagged = specified("snapshot", {**OWN, "project": project})
        names[project] = account.boto("ec2").create_snapshot(VolumeId=volume, TagSpecifications=tagged)["SnapshotId"]
    (thing,) = account.record().cloud().look().things
    assert (thing.name, thing.costs) == (names["helloworld"], "not known here")


def test_where_regions_share_a_name_each_has_its_own_records_and_proofs(account: Account) -> None:
    route53 = account.boto("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    rows = [
        ("hello.example.com", "A", "prod-primary"),
        ("hello.example.com", "A", "prod-eu-secondary"),
        ("_1.hello.example.com", "CNAME", "prod"),
        ("_1.hello.example.com", "CNAME", "prod-eu"),
        ("prod.hello.example.com", "A", None),
        ("_2.prod.hello.example.com", "CNAME", "prod"),
        ("prod-eu.hello.example.com", "A", None),
    ]
    records = []
    for name, kind, identifier in rows:
        record = {"Name": f"{name}.", "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
        records.append({**record, **({"SetIdentifier": identifier} if identifier else {})})
    account.answers["ListResourceRecordSets"] = lambda _: {"ResourceRecordSets": records, "IsTruncated": False}
    assert zone

    def of(stack: str) -> list[str]:
        scope = replace(DEV, stack=stack, hostname="hello.example.com", zone="example.com", routing="primary")
        return sorted(each.name for each in account.cloud(scope).look().things)

    assert of("prod") == [
        "A hello.example.com",
        "A prod.hello.example.com",
        "CNAME _1.hello.example.com",
        "CNAME _2.prod.hello.example.com",
    ]
    assert of("prod-eu") == ["A hello.example.com", "A prod-eu.hello.example.com", "CNAME _1.hello.example.com"]


def test_while_the_engine_has_not_ended_nothing_is_waited_for_that_is_its_own(account: Account) -> None:
    account.boto("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=specified("vpc", OWN))
    gateways = {"NetworkInterfaceId": "eni-1", "Description": "NAT", "RequesterManaged": True, "Status": "in-use"}
    account.answers["DescribeNetworkInterfaces"] = lambda _: {"NetworkInterfaces": [gateways]}
    account.cloud().clear(print, of_cluster_only=True)
    assert account.seconds == 0
    account.cloud().clear(print, of_cluster_only=False)
    assert account.seconds == account.patience.most


def test_a_log_group_below_the_stacks_name_that_no_service_makes_is_left_alone(account: Account) -> None:
    for name in ("/helloworld-dev/by-hand", "/helloworld-dev/vpc-flow-logs"):
        account.boto("logs").create_log_group(logGroupName=name)
    assert account.cloud().clear(print, of_cluster_only=False)[1] == 1
    assert [each["logGroupName"] for each in account.boto("logs").describe_log_groups()["logGroups"]] == [
        "/helloworld-dev/by-hand"
    ]


def test_a_rule_is_no_thing_beside_its_group(account: Account) -> None:
    """AWS lists its tags beside those of its group, which moto does not."""
    tags = [{"ResourceType": "security-group-rule", "ResourceId": "sgr-1", "Key": "project", "Value": "helloworld"}]
    account.answers["DescribeTags"] = lambda _: {"Tags": tags}
    account.record()
    looked = account.cloud().look()
    assert "DescribeTags" in account.operations
    assert looked.things == []


def test_a_log_group_that_goes_while_it_is_looked_at_is_gone_and_hides_no_other(account: Account) -> None:
    logs = account.boto("logs")
    going, left = (f"/aws/eks/helloworld-dev/{name}" for name in ("cluster", "late"))
    for name in (going, left):
        logs.create_log_group(logGroupName=name)

    def tags(asked: dict[str, Any]) -> Any:
        if asked["resourceArn"].endswith(going):
            raise refusal("ListTagsForResource", "ResourceNotFoundException")
        return {"tags": {}}

    account.answers["ListTagsForResource"] = tags
    looked = account.cloud().look()
    assert ([each.name for each in looked.things], looked.unasked) == ([left], [])


def test_backups_of_a_database_that_is_gone_are_asked_for_by_a_filter(account: Account) -> None:
    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        # With its name as an argument AWS tells of existing databases only.
        kept: list[Any] = (
            [{}] if asked.get("Filters") == [{"Name": "db-instance-id", "Values": ["helloworld-dev"]}] else []
        )
        return {"DBInstanceAutomatedBackups": kept}

    account.answers["DescribeDBInstanceAutomatedBackups"] = answer
    assert told(account) == {"helloworld-dev"}


def test_a_slack_channel_that_is_left_is_told_with_the_region_of_its_service(account: Account) -> None:
    account.answers["DescribeSlackChannelConfigurations"] = lambda _: {"SlackChannelConfigurations": [{}]}
    (thing,) = account.record().cloud().look().things
    assert thing.cure.endswith("chat-configuration/slack-channel/helloworld-dev --region us-east-2")


def test_a_stack_on_another_cluster_than_its_settings_say_keeps_its_objects(account: Account) -> None:
    inputs = {"clusterIdentifier": "helloworld-staging"}
    staging = {"type": "pulumi:providers:kubernetes", "urn": "a", "inputs": inputs}
    require_same_place(account.cloud(replace(DEV, cluster="helloworld-staging")), {"resources": [staging]})
    with pytest.raises(DeliveryError, match=r"on cluster helloworld-staging.*say helloworld-dev"):
        require_same_place(account.cloud(), {"resources": [staging]})


def test_a_states_provider_and_roles_say_where_it_is_when_nothing_else_does(account: Account) -> None:
    def provider(region: str) -> dict[str, Any]:
        return {"type": "pulumi:providers:aws", "urn": "a", "inputs": {"region": region}, "outputs": {"region": region}}

    def role(number: str) -> dict[str, Any]:
        arn = f"arn:aws:iam::{number}:role/helloworld"
        return {"type": "aws:iam/role:Role", "urn": "b", "inputs": {}, "outputs": {"arn": arn}}

    require_same_place(account.cloud(), {"resources": [provider(REGION), role(ACCOUNT)]})
    for resources in ([provider("eu-west-1"), role(ACCOUNT)], [provider(REGION), role("9" * 12)]):
        with pytest.raises(DeliveryError, match="Nothing is deleted"):
            require_same_place(account.cloud(), {"resources": resources})
