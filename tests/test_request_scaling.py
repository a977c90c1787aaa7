"""Scaling by requests: KEDA, what it measures, and how a living stack gets it and gets rid of it."""

import json
from typing import Any

import pytest

from offline.diff import compare
from offline.plan import Plan, Resource
from policy.rules import check
from tests.conftest import Planner
from tests.graph import before
from tests.iam import allowed, statements

CHART = "kubernetes:helm.sh/v3:Release"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
SCALED, AUTHENTICATION = (f"kubernetes:keda.sh/v1alpha1:{kind}" for kind in ("ScaledObject", "TriggerAuthentication"))
SETTINGS = {"requestsPerPod": "50", "replicasMin": "3", "replicasMax": "9", "cpuTargetPercent": "60"}


@pytest.fixture(scope="module")
def by_requests(planned: Planner) -> Plan:
    """Dev's plan, scaled by requests."""
    return planned("dev", SETTINGS)


@pytest.fixture(scope="module")
def by_cpu(planned: Planner) -> Plan:
    """The same plan, scaled by CPU alone."""
    return planned("dev", {**SETTINGS, "requestsPerPod": "0"})


def scaled_object(plan: Plan) -> Resource:
    return plan.one(SCALED, "helloworld-request-scaling-scaled-object")


def spec(plan: Plan) -> dict[str, Any]:
    return dict(scaled_object(plan).inputs["spec"])


def chart(plan: Plan) -> Resource:
    return plan.one(CHART, "helloworld-keda-chart")


def ours(plan: Plan) -> list[Resource]:
    return [each for each in plan.resources if each.name.startswith(("helloworld-keda", "helloworld-request-scaling"))]


def trigger(plan: Plan, kind: str) -> dict[str, Any]:
    (one,) = [each for each in spec(plan)["triggers"] if each["type"] == kind]
    return dict(one)


class TestWhatScales:
    def test_without_the_setting_there_is_none_of_it(self, by_requests: Plan, by_cpu: Plan) -> None:
        assert ours(by_requests)
        assert ours(by_cpu) == []

    def test_the_release_has_one_autoscaler_either_way(self, by_requests: Plan, by_cpu: Plan) -> None:
        assert (len(by_cpu.of(AUTOSCALER)), len(by_cpu.of(SCALED))) == (1, 0)
        assert (len(by_requests.of(AUTOSCALER)), len(by_requests.of(SCALED))) == (0, 1)

    def test_it_scales_the_releases_deployment_within_the_same_bounds(self, by_requests: Plan, by_cpu: Plan) -> None:
        ours, keda = by_cpu.one(AUTOSCALER, "helloworld-release-autoscaler").inputs["spec"], spec(by_requests)
        assert keda["scaleTargetRef"] == ours["scaleTargetRef"]
        assert (
            (keda["minReplicaCount"], keda["maxReplicaCount"]) == (ours["minReplicas"], ours["maxReplicas"]) == (3, 9)
        )

    def test_cpu_counts_as_before(self, by_requests: Plan) -> None:
        cpu = trigger(by_requests, "cpu")
        assert (cpu["metricType"], cpu["metadata"]["value"]) == ("Utilization", "60")

    def test_each_pod_gets_as_many_requests_a_second_as_the_setting_says(self, by_requests: Plan) -> None:
        requests = trigger(by_requests, "aws-cloudwatch")
        given = requests["metadata"]
        assert (given["metricName"], given["metricStat"], given["metricStatPeriod"]) == ("RequestCount", "Sum", "60")
        assert float(given["targetMetricValue"]) == 50 * 60
        # All requests over all pods: a value per pod already, divided by the pods once more, would be too few of them.
        assert requests["metricType"] == "AverageValue"

    def test_what_is_counted_is_this_releases_balancer(self, by_requests: Plan) -> None:
        given = trigger(by_requests, "aws-cloudwatch")["metadata"]
        assert (given["namespace"], given["dimensionName"]) == ("AWS/ApplicationELB", "LoadBalancer")
        assert "helloworld-dev" in given["dimensionValue"]
        assert given["awsRegion"] == "us-west-2"

    def test_a_minute_is_looked_at_when_it_is_whole_and_silence_is_no_requests(self, by_requests: Plan) -> None:
        given = trigger(by_requests, "aws-cloudwatch")["metadata"]
        period = int(given["metricStatPeriod"])
        assert int(given["metricEndTimeOffset"]) >= period
        assert int(given["metricCollectionTime"]) % period == 0
        assert given["minMetricValue"] == "0"

    def test_without_cloudwatch_no_pod_goes(self, by_requests: Plan) -> None:
        fallback = spec(by_requests)["fallback"]
        assert fallback["behavior"] == "currentReplicasIfHigher"
        assert fallback["replicas"] == spec(by_requests)["minReplicaCount"]

    def test_pods_go_slowly(self, by_requests: Plan) -> None:
        behavior = spec(by_requests)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        assert behavior["scaleDown"]["stabilizationWindowSeconds"] >= 300
        assert "scaleUp" not in behavior

    def test_the_balancer_need_not_be_known_in_a_preview(self, planned: Planner) -> None:
        unknown = planned("dev", SETTINGS, unknowns=True)
        assert len(unknown.of(SCALED)) == 1
        assert trigger(unknown, "aws-cloudwatch")["metadata"]["dimensionValue"] == "[unknown]"


class TestChanging:
    def test_it_takes_the_place_of_the_autoscaler_and_replaces_nothing(self, by_requests: Plan, by_cpu: Plan) -> None:
        there = {each.type: each.action for each in compare(by_cpu, by_requests).changes}
        back = {each.type: each.action for each in compare(by_requests, by_cpu).changes}
        assert (there[SCALED], there[AUTOSCALER]) == ("create", "delete")
        assert (back[SCALED], back[AUTOSCALER]) == ("delete", "create")
        assert {*there.values(), *back.values()} == {"create", "delete"}

    def test_the_two_autoscalers_have_different_names_so_neither_takes_the_others_down(
        self, by_requests: Plan, by_cpu: Plan
    ) -> None:
        """KEDA owns what it makes, and what it owns goes with it: under one name our own would go, too."""
        kept = by_cpu.one(AUTOSCALER, "helloworld-release-autoscaler").inputs["metadata"]["name"]
        settings = spec(by_requests)["advanced"]["horizontalPodAutoscalerConfig"]
        made = settings.get("name", f"keda-hpa-{scaled_object(by_requests).inputs['metadata']['name']}")
        assert made != kept

    def test_a_roll_out_that_fails_leaves_the_autoscaler_that_there_was(self, by_requests: Plan) -> None:
        deployment = by_requests.one("kubernetes:apps/v1:Deployment", "helloworld-release-deployment")
        assert before(by_requests, deployment, scaled_object(by_requests))

    def test_keda_is_there_before_its_objects_and_until_their_finalizers_are_gone(self, by_requests: Plan) -> None:
        authentication = by_requests.one(AUTHENTICATION, "helloworld-request-scaling-identity")
        for each in (authentication, scaled_object(by_requests)):
            assert before(by_requests, chart(by_requests), each)
        assert before(by_requests, authentication, scaled_object(by_requests))
        reference = trigger(by_requests, "aws-cloudwatch")["authenticationRef"]["name"]
        assert reference == authentication.inputs["metadata"]["name"]

    def test_an_installation_that_was_killed_does_not_stand_in_the_way_of_the_next(self, by_requests: Plan) -> None:
        assert "helloworld-keda-chart-before-create" in chart(by_requests).hooks["before_create"]
        assert chart(by_requests).hooks["before_update"] == ["helloworld-keda-chart-before-update"]


class TestKeda:
    def test_the_chart_is_pinned_and_may_come_from_a_mirror(self, planned: Planner, by_requests: Plan) -> None:
        assert (chart(by_requests).inputs["chart"], chart(by_requests).inputs["version"]) == ("keda", "2.20.2")
        mirror = "https://charts.example.com/keda"
        elsewhere = chart(planned("dev", {**SETTINGS, "kedaChartRepository": mirror}))
        assert elsewhere.inputs["repositoryOpts"]["repo"] == mirror

    def test_it_lives_in_a_namespace_of_its_own_that_goes_with_it(self, by_requests: Plan) -> None:
        namespace = by_requests.one("kubernetes:core/v1:Namespace", "helloworld-keda-namespace")
        assert namespace.inputs["metadata"]["name"] == chart(by_requests).inputs["namespace"]
        assert namespace.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        assert before(by_requests, namespace, chart(by_requests))

    def test_it_has_its_role_before_it_starts_and_nodes_before_that(self, by_requests: Plan) -> None:
        name = "helloworld-keda-identity-association"
        identity = by_requests.one("aws:eks/podIdentityAssociation:PodIdentityAssociation", name)
        policy = by_requests.one("aws:iam/rolePolicy:RolePolicy", "helloworld-keda-policy")
        nodes = by_requests.one("aws:eks/nodeGroup:NodeGroup", "helloworld-nodes-group")
        assert (identity.inputs["namespace"], identity.inputs["serviceAccount"]) == ("keda", "keda-operator")
        assert before(by_requests, policy, identity)
        assert identity.hooks["after_create"] == ["helloworld-keda-identity-made"]
        assert not before(by_requests, nodes, identity)
        assert before(by_requests, identity, chart(by_requests))
        assert before(by_requests, nodes, chart(by_requests))

    def test_it_may_read_metrics_of_its_region_and_nothing_else(self, by_requests: Plan) -> None:
        document = by_requests.one("aws:iam/rolePolicy:RolePolicy", "helloworld-keda-policy").inputs["policy"]
        (statement,) = statements(document)
        assert statement["Action"] == ["cloudwatch:GetMetricData"]
        assert allowed([document], None, "cloudwatch:GetMetricData", "*", {"aws:RequestedRegion": "us-west-2"})
        assert not allowed([document], None, "cloudwatch:GetMetricData", "*", {"aws:RequestedRegion": "us-east-1"})

    def test_in_the_cluster_it_reads_no_secrets_and_scales_no_custom_kinds(self, by_requests: Plan) -> None:
        values = chart(by_requests).inputs["values"]
        assert values["rbac"] == {"enabledCustomScaledRefKinds": False}
        restricted = {part: given["restrict"]["secret"] for part, given in values["permissions"].items()}
        assert restricted == {"operator": True, "metricServer": True}

    def test_it_outlives_a_node(self, by_requests: Plan) -> None:
        values = chart(by_requests).inputs["values"]
        assert [values[part]["replicaCount"] for part in ("operator", "metricsServer")] == [2, 2]
        assert set(values["podDisruptionBudget"]) == {"operator", "metricServer"}
        assert set(values["topologySpreadConstraints"]) == {"operator", "metricsServer"}

    def test_it_keeps_to_the_policies(self, by_requests: Plan) -> None:
        assert len(ours(by_requests)) == 11
        assert check(ours(by_requests), "prod") == []

    def test_nothing_of_it_is_secret(self, by_requests: Plan) -> None:
        assert "[secret]" not in json.dumps([dict(each.inputs) for each in ours(by_requests)])


def test_previews_read_the_objects_and_helm_s_records_of_keda(planned: Planner) -> None:
    role = {"previewRole": "arn:aws:iam::123456789012:role/preview"}
    plan = planned("dev", {"requestsPerPod": "100", **role})
    rights = plan.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "helloworld-access-fenced-preview-role")
    assert {"apiGroups": ["keda.sh"], "resources": ["scaledobjects", "triggerauthentications"]}.items() <= next(
        rule for rule in rights.inputs["rules"] if rule["apiGroups"] == ["keda.sh"]
    ).items()
    records = plan.one("kubernetes:rbac.authorization.k8s.io/v1:Role", "helloworld-access-fenced-keda-role")
    assert records.inputs["metadata"]["namespace"] == "keda"
    assert before(plan, plan.one("kubernetes:helm.sh/v3:Release", "helloworld-keda-chart"), records)
    without = planned("dev", role).of("kubernetes:rbac.authorization.k8s.io/v1:Role")
    of_fence = [each.name for each in without if "-fenced-" in each.name]
    assert of_fence == ["helloworld-access-fenced-helm-role"]
