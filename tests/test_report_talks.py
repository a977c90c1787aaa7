"""Who may talk to whom is read from what the plan allows, in whichever form it says so."""

from typing import Any

import pytest

from offline.plan import Plan
from report import architecture
from report.parties import Talk
from tests.report_plans import changed, network, plan, resource

CLUSTER = "${cluster.clusterSecurityGroupId}"
PORTS = {"fromPort": 5432, "toPort": 5432, "protocol": "tcp"}


def talks(given: Plan) -> list[Talk]:
    return list(architecture.read(given).talks)


def pairs(given: Plan) -> set[tuple[str, str, str]]:
    return {(talk.source.label, talk.target.label, talk.ports) for talk in talks(given)}


@pytest.mark.parametrize(
    "rule",
    [
        resource(
            "aws:ec2/securityGroupRule:SecurityGroupRule",
            "rule",
            {**PORTS, "type": "ingress", "securityGroupId": "${group.id}", "sourceSecurityGroupId": CLUSTER},
        ),
        resource(
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            "rule",
            {**PORTS, "ipProtocol": "tcp", "securityGroupId": "${group.id}", "referencedSecurityGroupId": CLUSTER},
        ),
        resource("aws:ec2/securityGroup:SecurityGroup", "group", {"ingress": [{**PORTS, "securityGroups": [CLUSTER]}]}),
    ],
    ids=["old rule", "rule", "inline"],
)
def test_a_security_group_rule_of_any_form_is_told(rule: Any) -> None:
    store = resource("aws:rds/instance:Instance", "db", {"engine": "postgres", "vpcSecurityGroupIds": ["${group.id}"]})
    made = plan([resource("aws:eks/cluster:Cluster", "cluster"), store, rule])
    assert ("nodes and their pods", "PostgreSQL", "tcp 5432") in pairs(made)


def test_a_rule_that_is_about_what_goes_out_lets_nobody_in() -> None:
    inputs = {**PORTS, "type": "egress", "securityGroupId": "${group.id}", "sourceSecurityGroupId": CLUSTER}
    store = resource("aws:rds/instance:Instance", "db", {"engine": "postgres", "vpcSecurityGroupIds": ["${group.id}"]})
    rule = resource("aws:ec2/securityGroupRule:SecurityGroupRule", "rule", inputs)
    made = plan([resource("aws:eks/cluster:Cluster", "cluster"), store, rule])
    assert not [each for each in pairs(made) if each[1] == "PostgreSQL"]


def test_a_balancer_that_names_its_callers_is_open_to_them_alone() -> None:
    prefix = "alb.ingress.kubernetes.io/"
    annotations = {f"{prefix}scheme": "internet-facing", f"{prefix}inbound-cidrs": "192.0.2.0/24, 198.51.100.0/24"}
    made = changed(network(2, nat="one", stores=[]), "ingress", {"metadata": {"annotations": annotations}})
    assert {each[0] for each in pairs(made) if each[1] == "load balancer"} == {"192.0.2.0/24", "198.51.100.0/24"}


def test_the_ports_of_the_balancer_tell_which_only_redirect(prod: Plan) -> None:
    assert ("any address", "load balancer", "HTTPS 443, HTTP 80 redirected") in pairs(prod)


def test_only_the_balancer_may_open_connections_to_the_services_pods(prod: Plan) -> None:
    callers = {talk.source.label for talk in talks(prod) if talk.target.key == "helloworld/helloworld"}
    assert callers == {"load balancer"}


def test_the_services_pods_reach_names_credentials_and_stores_and_nothing_else(prod: Plan) -> None:
    reached = {talk.target.label for talk in talks(prod) if talk.source.key == "helloworld/helloworld"}
    assert reached == {"the cluster's DNS", "EKS Pod Identity agent", "PostgreSQL 18", "Valkey 8"}


def test_the_kubernetes_api_is_open_to_the_networks_of_its_setting(prod: Plan, dev: Plan) -> None:
    def callers(given: Plan) -> set[str]:
        return {talk.source.label for talk in talks(given) if talk.target.label == "Kubernetes API"}

    assert callers(prod) == {"nodes and their pods", "192.0.2.0/24"}
    assert callers(dev) == {"nodes and their pods", "any address"}


def test_a_policy_that_is_only_about_what_comes_in_leaves_what_goes_out_open() -> None:
    whole = network(2, nat="one", stores=[])
    policy = next(each for each in whole.resources if each.name == "policy").inputs
    inward = {**policy["spec"], "policyTypes": ["Ingress"]}
    made = changed(whole, "policy", {**policy, "spec": inward})
    pods = "pods of hello/hello"
    assert (pods, "any address", "all ports") in pairs(made)
    assert (pods, "any address", "all ports") not in pairs(whole)
    assert ("nodes and their pods", pods, "all ports") not in pairs(made)


@pytest.mark.parametrize("key", ["destinationIpv6CidrBlock", "destinationPrefixListId"])
def test_a_route_to_a_peer_of_any_form_is_told(key: str) -> None:
    route = {"routeTableId": "${private-a-routes.id}", "vpcPeeringConnectionId": "${peer.id}", key: "there"}
    whole = network(2, nat="one", stores=[])
    made = plan([*whole.resources, resource("aws:ec2/route:Route", "way", route)])
    assert ("nodes and their pods", "there", "all ports") in pairs(made)


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("cluster", {"vpcConfig": "${other.config}"}),
        ("nodes", {"scalingConfig": "[unknown]", "subnetIds": "${network.subnetIds}"}),
        ("ingress", {"metadata": {"annotations": "${other.annotations}"}}),
        ("service", {"spec": {"selector": "[unknown]"}}),
        ("policy", {"spec": {"podSelector": {"matchLabels": "[unknown]"}, "egress": [{"to": "${peers}"}]}}),
    ],
)
def test_what_is_known_only_after_the_deployment_is_no_error(name: str, inputs: dict[str, Any]) -> None:
    assert talks(changed(network(2, nat="one", stores=["database"]), name, inputs))


@pytest.mark.parametrize("listed", ["no list", "5", "[5]", "[" * 100_000], ids=["text", "number", "numbers", "deep"])
def test_listeners_in_no_form_that_is_known_are_the_controllers_default(listed: str) -> None:
    annotations = {"alb.ingress.kubernetes.io/listen-ports": listed, "alb.ingress.kubernetes.io/scheme": "internal"}
    ingress = resource("kubernetes:networking.k8s.io/v1:Ingress", "way-in", {"metadata": {"annotations": annotations}})
    listener = architecture.read(plan([ingress])).listener
    assert listener is not None
    assert listener.ports == "HTTP 80"
