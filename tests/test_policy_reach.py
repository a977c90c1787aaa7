"""The rules about who reaches what: what they leave alone, and what weighs more in production."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.network_rules import is_world
from tests.policy_changes import CLUSTER, GROUP, INGRESS, INGRESS_RULE, SERVICE, SUBNET
from tests.policy_stacks import found, planned

GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        (GROUP, {"ingress": [{"cidrBlocks": ["0.0.0.0/0"]}]}),
        (GROUP_RULE, {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"]}),
        (GROUP_RULE, {"type": "ingress", "ipv6CidrBlocks": ["::/0"]}),
        (INGRESS_RULE, {"cidrIpv4": "0.0.0.0/0"}),
        (INGRESS_RULE, {"cidrIpv4": "0.0.0.0/1"}),
    ],
)
def test_a_port_open_to_the_world_is_found_in_each_form(type_: str, inputs: dict[str, Any]) -> None:
    assert found(type_, inputs) == {"ports-closed": "mandatory"}


def test_traffic_that_leaves_may_go_anywhere() -> None:
    assert found(GROUP_RULE, {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}) == {}
    assert found(GROUP, {"egress": [{"cidrBlocks": ["0.0.0.0/0"], "protocol": "-1"}]}) == {}


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_a_network_is_the_world_when_it_is_larger_than_any_private_one(address: Any, prefix: int) -> None:
    assert is_world(f"{address}/{prefix}") is (prefix < 8)


@pytest.mark.parametrize("text", ["${vpc.cidrBlock}", "[unknown]", "", "pl-1234", "10.0.0.0/8", "fd00::/8", "fc00::/7"])
def test_a_private_network_or_none_is_not_the_world(text: str) -> None:
    assert not is_world(text)


@pytest.mark.parametrize("port", [5432, 6379, 6380])
@pytest.mark.parametrize("source", [{"cidrIpv4": "10.0.0.0/8"}, {"cidrIpv6": "fd00::/8"}])
def test_a_network_that_reaches_the_data_is_found(port: int, source: dict[str, str]) -> None:
    ports = {"ipProtocol": "tcp", "fromPort": port, "toPort": port}
    assert found(INGRESS_RULE, {**ports, **source}) == {"data-by-group": "mandatory"}
    assert found(INGRESS_RULE, {"ipProtocol": "-1", **source}) == {"data-by-group": "mandatory"}
    assert found(INGRESS_RULE, {**ports, "fromPort": 1024, **source}) == {"data-by-group": "mandatory"}
    assert found(INGRESS_RULE, {**ports, "referencedSecurityGroupId": "${nodes.id}"}) == {}
    assert found(INGRESS_RULE, {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, **source}) == {}


@pytest.mark.parametrize(("stack", "level"), [("dev", "advisory"), ("prod", "mandatory")])
@pytest.mark.parametrize("vpc", [{"publicAccessCidrs": ["0.0.0.0/0"]}, {}, {"endpointPublicAccess": True}])
def test_an_api_open_to_all_is_advised_against_in_dev_and_refused_in_production(
    vpc: dict[str, Any], stack: str, level: str
) -> None:
    (cluster,) = planned("prod").of(CLUSTER)
    assert found(CLUSTER, {**cluster.inputs, "vpcConfig": vpc}, stack)["api-not-open"] == level


def test_a_private_api_is_no_finding() -> None:
    (cluster,) = planned("prod").of(CLUSTER)
    assert "api-not-open" not in found(CLUSTER, {**cluster.inputs, "vpcConfig": {"endpointPublicAccess": False}})


def test_plain_http_is_fine_outside_production() -> None:
    assert found(INGRESS, {"metadata": {}}, "dev") == {}
    assert found(INGRESS, {"metadata": {}}) == {"https": "mandatory"}


@pytest.mark.parametrize(
    "policy", ["ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "[unknown]"]
)
def test_a_policy_without_old_ciphers_is_fine_and_none_is_not(policy: str) -> None:
    listening = {"alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS": 443}]'}
    annotations = {**listening, "alb.ingress.kubernetes.io/ssl-policy": policy}
    assert found(INGRESS, {"metadata": {"annotations": annotations}}, "dev") == {}
    assert found(INGRESS, {"metadata": {"annotations": listening}}, "dev") == {"tls-modern": "mandatory"}


def test_a_service_inside_the_cluster_is_fine() -> None:
    assert found(SERVICE, {"spec": {"type": "ClusterIP"}}) == found(SERVICE, {"spec": {}}) == {}


def test_a_public_subnet_may_give_out_public_addresses_but_not_in_production() -> None:
    inputs = {"mapPublicIpOnLaunch": True, "tags": {"kubernetes.io/role/elb": "1"}}
    assert found(SUBNET, inputs, "dev") == {}
    assert found(SUBNET, inputs, "prod") == {"subnets-private": "mandatory"}
