"""What AWS leaves behind is deleted if it is provably the stack's, waited for if AWS deletes it, and left otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.aws_clients import Clients
from delivery.aws_tags import balancer_tags
from delivery.teardown.ec2_kinds import GROUP, INTERFACE, KINDS
from delivery.teardown.leftovers import clear
from delivery.teardown.look_ec2 import ec2_thing
from delivery.teardown.scope import proof
from delivery.teardown.things import Looked, Thing
from tests.teardown.account import (
    DENIED,
    DEV,
    OWN,
    THROTTLED,
    Account,
    pairs,
    refusal,
    shared_clients,
    specified,
)

OF_CLUSTER = {"elbv2.k8s.aws/cluster": "helloworld-dev"}
ENI = {"cluster.k8s.amazonaws.com/name": "helloworld-dev"}


class Made:
    """A VPC that is nobody's, and in it what clusters leave."""

    def __init__(self, account: Account) -> None:
        self.ec2, self.elb, self.logs = account.boto("ec2"), account.boto("elbv2"), account.boto("logs")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-west-2{zone}")[
                "Subnet"
            ]["SubnetId"]
            for n, zone in enumerate("ab")
        ]

    def balancer(self, name: str, tags: Mapping[str, str]) -> None:
        self.elb.create_load_balancer(Name=name, Subnets=self.subnets, Tags=pairs(dict(tags)))

    def group(self, name: str, tags: Mapping[str, str]) -> str:
        tagged = specified(GROUP, dict(tags))
        made = self.ec2.create_security_group(
            GroupName=name, Description="k8s", VpcId=self.vpc, TagSpecifications=tagged
        )
        return str(made["GroupId"])

    def interface(self, tags: Mapping[str, str]) -> str:
        tagged = specified(INTERFACE, dict(tags))
        made = self.ec2.create_network_interface(SubnetId=self.subnets[0], TagSpecifications=tagged)
        return str(made["NetworkInterface"]["NetworkInterfaceId"])

    def names(self) -> set[str]:
        """What is left of them."""
        return {
            *(each["LoadBalancerName"] for each in self.elb.describe_load_balancers()["LoadBalancers"]),
            *(each["GroupName"] for each in self.ec2.describe_security_groups()["SecurityGroups"]),
            *(each["NetworkInterfaceId"] for each in self.ec2.describe_network_interfaces()["NetworkInterfaces"]),
            *(each["logGroupName"] for each in self.logs.describe_log_groups()["logGroups"]),
        } - {"default"}


def test_what_a_cluster_leaves_is_deleted_and_what_is_another_ones_is_not(account: Account, said: list[str]) -> None:
    made = Made(account)
    foreign = {"elbv2.k8s.aws/cluster": "helloworld-dev-2"}
    other = {**OF_CLUSTER, "project": "helloworld", "stack": "prod"}
    for name, tags in (("ours", OF_CLUSTER), ("theirs", foreign), ("claimed", other), ("nobodys", {"a": "b"})):
        made.balancer(name, tags)
        made.group(f"k8s-{name}", tags)
    interface = made.interface({"cluster.k8s.amazonaws.com/name": "helloworld-prod"})
    made.interface(ENI)
    for group in ("/aws/eks/helloworld-dev/cluster", "/aws/eks/helloworld-dev-2/cluster", "/helloworld-dev"):
        made.logs.create_log_group(logGroupName=group)
    looked, deleted = account.cloud().clear(said.append, of_cluster_only=False)
    assert deleted == 4
    assert looked.things == []
    left = {"/aws/eks/helloworld-dev-2/cluster", "/helloworld-dev", interface}
    assert made.names() == {
        *left,
        *(f"{kind}{name}" for kind in ("", "k8s-") for name in ("theirs", "claimed", "nobodys")),
    }


def test_while_the_cluster_is_there_its_things_are_told_and_not_deleted(account: Account, said: list[str]) -> None:
    made = Made(account)
    made.balancer("ours", OF_CLUSTER)
    made.logs.create_log_group(logGroupName="/aws/eks/helloworld-dev/cluster", tags=OWN)
    account.answers["DescribeCluster"] = lambda _: {"cluster": {"status": "ACTIVE"}}
    account.record()
    looked, deleted = account.cloud().clear(said.append, of_cluster_only=False)
    assert deleted == 0
    assert account.changes == []
    assert {each.kind for each in looked.things} == {"load balancer", "log group", "cluster"}
    del account.answers["DescribeCluster"]
    assert account.cloud().clear(said.append, of_cluster_only=False)[1] == 2


def test_what_a_living_cluster_uses_is_not_waited_for(account: Account, said: list[str]) -> None:
    """It may be that of a stack of the same name in another backend."""
    interface = {"NetworkInterfaceId": Made(account).interface(ENI), "Status": "in-use", "TagSet": pairs(ENI)}
    account.answers["DescribeNetworkInterfaces"] = lambda _: {"NetworkInterfaces": [interface]}
    account.answers["DescribeCluster"] = lambda _: {"cluster": {"status": "ACTIVE"}}
    looked, _ = account.cloud().clear(said.append, of_cluster_only=False)
    assert {each.kind for each in looked.things} == {"network interface", "cluster"}
    assert (account.seconds, said) == (0, [])
    account.answers["DescribeCluster"] = lambda _: {"cluster": {"status": "DELETING"}}
    account.cloud().clear(said.append, of_cluster_only=False)
    assert account.seconds == account.patience.most


def test_a_balancer_that_goes_meanwhile_hides_no_other(account: Account) -> None:
    def tags(asked: dict[str, Any]) -> Any:
        if "gone" in asked["ResourceArns"]:
            raise refusal("DescribeTags", "LoadBalancerNotFound")
        return {"TagDescriptions": [{"ResourceArn": each, "Tags": pairs(OF_CLUSTER)} for each in asked["ResourceArns"]]}

    account.answers["DescribeTags"] = tags
    assert balancer_tags(account.cloud().clients, ["a", "gone", "b"]) == {"a": OF_CLUSTER, "b": OF_CLUSTER}


@pytest.mark.parametrize("code", [THROTTLED, DENIED])
def test_a_cluster_that_may_be_there_keeps_its_things(account: Account, said: list[str], code: str) -> None:
    Made(account).balancer("ours", OF_CLUSTER)
    account.refuse("DescribeCluster", code)
    account.record()
    account.cloud().clear(said.append, of_cluster_only=False)
    assert account.changes == []


def test_an_answer_that_does_not_speak_of_the_cluster_does_not_say_that_it_is_gone(account: Account) -> None:
    account.answers["DescribeCluster"] = lambda _: {}
    cloud = account.record().cloud()
    assert not cloud.cluster_is_gone()
    assert cloud.cluster() == {}


def test_what_the_engine_knows_is_left_to_it_while_it_has_not_ended(account: Account, said: list[str]) -> None:
    made = Made(account)
    made.group("of-the-program", OWN)
    made.group("of-the-controller", {**OWN, **OF_CLUSTER})
    account.cloud().clear(said.append, of_cluster_only=True)
    assert made.names() == {"of-the-program"}


def test_what_is_in_use_is_tried_again(account: Account, said: list[str]) -> None:
    made = Made(account)
    made.group("k8s-ours", OF_CLUSTER)
    account.record().faults["DeleteSecurityGroup"] = ["DependencyViolation"] * 2
    looked, deleted = account.cloud().clear(said.append, of_cluster_only=False)
    assert (deleted, looked.things) == (1, [])
    assert account.operations.count("DeleteSecurityGroup") == 3
    assert len([line for line in said if line.startswith("Not yet")]) == 1


def test_what_may_not_be_deleted_is_told_and_not_tried_again(account: Account, said: list[str]) -> None:
    Made(account).group("k8s-ours", OF_CLUSTER)
    account.record().faults["DeleteSecurityGroup"] = ["UnauthorizedOperation"] * 9
    looked, _ = account.cloud().clear(said.append, of_cluster_only=False)
    assert [each.kind for each in looked.things] == ["security group"]
    assert account.operations.count("DeleteSecurityGroup") == 1
    assert any("Not allowed to delete" in line for line in said)


def test_a_wait_has_an_end_and_what_is_still_there_is_told(account: Account, said: list[str]) -> None:
    Made(account).group("k8s-ours", OF_CLUSTER)
    account.record().faults["DeleteSecurityGroup"] = ["DependencyViolation"] * 99
    looked, _ = account.cloud().clear(said.append, of_cluster_only=False)
    assert account.seconds == account.patience.most
    assert [each.kind for each in looked.things] == ["security group"]
    assert "Waited 1 minutes" in said[-1]


def waiting(times: int, said: list[str]) -> tuple[Looked, float]:
    """What `clear` gives for something that AWS deletes by itself, gone after so many looks; and how long it took."""
    account, looks = Account(), iter([True] * times + [False] * 99)
    late = Thing(kind="network interface", name="eni-1", why="ELB app/k8s: still attached", late=True)
    look: Callable[[], Looked] = lambda: Looked(things=[late] if next(looks) else [])  # noqa: E731 - of a line
    return clear(shared_clients(), look, lambda _: True, said.append, account.patience)[0], account.seconds


def test_what_aws_deletes_late_is_waited_for_and_told_once(said: list[str]) -> None:
    looked, seconds = waiting(3, said)
    assert (looked.things, seconds) == ([], 30.0)
    assert said == ["Waiting for AWS: network interface eni-1 (ELB app/k8s: still attached)"]


class Recording(Clients):
    """Clients that record what would be deleted."""

    def __init__(self) -> None:
        self.deleted: list[Mapping[str, Any]] = []

    def call(self, service: str, operation: str, *, where: str | None = None, **arguments: Any) -> Any:
        self.deleted.append(arguments)


KEYS = ("project", "stack", *OF_CLUSTER, *ENI, "aws:eks:cluster-name", "kubernetes.io/cluster/helloworld-dev")
VALUES = ("helloworld", "dev", "dev-2", "prod", "helloworld-dev", "helloworld-dev-2", "owned", "shared")
TAGS = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), st.sampled_from(VALUES) | st.text(max_size=5))


@given(
    st.lists(st.tuples(st.sampled_from(sorted(KINDS)), TAGS, st.sampled_from(["available", "in-use", "deleting", ""]))),
)
def test_nothing_is_ever_deleted_that_has_not_the_stacks_tags(listed: list[tuple[str, dict[str, str], str]]) -> None:
    things, tags_by_name = [], {}
    for number, (kind, tags, state) in enumerate(listed):
        name, how = f"id-{number}", KINDS[kind]
        tags_by_name[name] = tags
        described: dict[str, Any] = {how.id: name, "Tags": pairs(tags), "GroupName": "k8s", how.state[0]: state}
        if len(how.state) > 1:
            described[how.state[0]] = {how.state[1]: state}
        things.append(ec2_thing(DEV, kind, described))
    clients, seen = Recording(), [each for each in things if each is not None]
    patience = replace(Account().patience, most=10.0)
    clear(clients, lambda: Looked(things=seen), lambda _: True, lambda _: None, patience)
    for arguments in clients.deleted:
        (name,) = arguments.values()
        assert proof(tags_by_name[name], DEV) != "none"
        assert set(arguments) <= {"GroupId", "NetworkInterfaceId"}


@pytest.mark.parametrize("kind", ["vpc", "subnet", "natgateway", "elastic-ip", "volume", "instance", "route-table"])
def test_what_may_hold_somebodys_work_is_told_and_never_deleted(kind: str) -> None:
    how = KINDS[kind]
    thing = ec2_thing(DEV, kind, {how.id: "id-1", "Tags": pairs(OWN)})
    assert thing is not None
    assert thing.deletion is None
    assert "id-1" in thing.cure


def test_a_default_security_group_is_never_deleted() -> None:
    thing = ec2_thing(DEV, GROUP, {"GroupId": "sg-1", "GroupName": "default", "Tags": pairs(OWN)})
    assert thing is not None
    assert thing.deletion is None


@pytest.mark.parametrize("state", ["deleted", "terminated", "failed"])
def test_what_aws_still_lists_though_it_is_gone_is_not_told(state: str) -> None:
    assert ec2_thing(DEV, "natgateway", {"NatGatewayId": "nat-1", "State": state, "Tags": pairs(OWN)}) is None
