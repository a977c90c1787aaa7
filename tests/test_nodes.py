"""One node or one zone lost: what keeps answering."""

import json
from typing import Any

from infra import spread
from offline.plan import Plan
from tests.conftest import Planner

ADDON, GROUP = "aws:eks/addon:Addon", "aws:eks/nodeGroup:NodeGroup"
APART = {spread.ZONE, spread.NODE}
BUDGET = {"enabled": True, "maxUnavailable": 1}


def zones(plan: Plan) -> set[str]:
    return {each.inputs["availabilityZone"] for each in plan.of("aws:ec2/subnet:Subnet")}


def apart(constraints: list[dict[str, Any]]) -> set[str]:
    """What the pods are kept apart by, if it never keeps a pod from running."""
    assert all(each["whenUnsatisfiable"] == "ScheduleAnyway" and each["maxSkew"] == 1 for each in constraints)
    return {str(each["topologyKey"]) for each in constraints}


def configuration(plan: Plan, addon: str) -> dict[str, Any]:
    return dict(json.loads(plan.one(ADDON, f"helloworld-nodes-{addon}").inputs["configurationValues"]))


def test_there_are_nodes_in_every_zone_and_never_less_than_one_for_each(plan: Plan) -> None:
    group = plan.one(GROUP, "helloworld-nodes-group").inputs
    of_nodes = {str(each).removeprefix("${").removesuffix(".id}") for each in group["subnetIds"]}
    there = [each for each in plan.of("aws:ec2/subnet:Subnet") if each.name in of_nodes]
    assert {each.inputs["availabilityZone"] for each in there} == zones(plan)
    assert len(there) == len(of_nodes)
    assert group["scalingConfig"]["minSize"] >= len(zones(plan)) >= 2


def test_the_service_has_pods_on_several_nodes_and_in_several_zones(plan: Plan) -> None:
    release = plan.one("kubernetes:apps/v1:Deployment", "helloworld-release-deployment").inputs
    scaler = plan.one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "helloworld-release-autoscaler").inputs
    assert apart(release["spec"]["template"]["spec"]["topologySpreadConstraints"]) == APART
    assert scaler["spec"]["minReplicas"] >= len(zones(plan))


def test_a_node_that_is_emptied_takes_one_pod_at_a_time(plan: Plan) -> None:
    budget = plan.one("kubernetes:policy/v1:PodDisruptionBudget", "helloworld-release-disruption-budget").inputs
    assert budget["spec"]["maxUnavailable"] == 1


def test_names_are_found_when_a_node_or_a_zone_is_lost(plan: Plan) -> None:
    given = configuration(plan, "coredns")
    label = {"k8s-app": "kube-dns"}
    assert given["replicaCount"] == 2
    assert given["podDisruptionBudget"] == BUDGET
    assert apart(given["topologySpreadConstraints"]) == APART
    assert all(each["labelSelector"]["matchLabels"] == label for each in given["topologySpreadConstraints"])


def test_the_load_balancer_controller_outlives_a_node_and_a_zone(plan: Plan) -> None:
    values = plan.one("kubernetes:helm.sh/v3:Release", "helloworld-load-balancer-chart").inputs["values"]
    assert values["replicaCount"] == 2
    assert apart(values["topologySpreadConstraints"]) == APART


def test_the_balancer_has_a_subnet_in_every_zone(plan: Plan) -> None:
    public = [each for each in plan.of("aws:ec2/subnet:Subnet") if "kubernetes.io/role/elb" in each.inputs["tags"]]
    assert {each.inputs["availabilityZone"] for each in public} == zones(plan)


def test_in_prod_every_zone_has_its_own_way_out(prod: Plan) -> None:
    associations = [
        each for each in prod.of("aws:ec2/routeTableAssociation:RouteTableAssociation") if "-private-" in each.name
    ]
    assert len(associations) == len(zones(prod)) == 3
    assert len({each.inputs["routeTableId"] for each in associations}) == 3


def test_in_dev_no_zone_depends_on_another_for_its_way_out(dev: Plan) -> None:
    """Without NAT there is nothing in between that stands in one zone: an internet gateway is the VPC's."""
    assert dev.of("aws:ec2/internetGateway:InternetGateway")
    assert not dev.of("aws:ec2/natGateway:NatGateway")


def test_with_one_nat_all_zones_share_the_way_out_of_one_which_does_not_outlive_it(planned: Planner) -> None:
    """Pods that run keep answering: requests come in by the balancer. What they may miss is a way out."""
    plan = planned("dev", {"nat": "gateway"})
    associations = [
        each for each in plan.of("aws:ec2/routeTableAssociation:RouteTableAssociation") if "-private-" in each.name
    ]
    assert len(associations) == len(zones(plan)) == 2
    assert {each.inputs["routeTableId"] for each in associations} == {"${helloworld-network-private-a-routes.id}"}


def test_a_database_outlives_a_zone_where_the_settings_say_so(planned: Planner) -> None:
    kind = "aws:rds/instance:Instance"
    (one,) = planned("dev", {"database": "true"}).of(kind)
    (two,) = planned("dev", {"database": "true", "databaseMultiZone": "true"}).of(kind)
    assert [one.inputs["multiAz"], two.inputs["multiAz"]] == [False, True]
