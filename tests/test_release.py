"""The Kubernetes objects of the service."""

from typing import Any

import pulumi
import pytest

from infra import pods
from infra.exposure import ExposureArgs
from infra.release import Release, ReleaseArgs
from offline.evaluate import record
from offline.plan import Plan
from tests.conftest import Planner
from tests.graph import before

DEPLOYMENT, INGRESS = "kubernetes:apps/v1:Deployment", "kubernetes:networking.k8s.io/v1:Ingress"
CHART = "kubernetes:helm.sh/v3:Release"


def spec(plan: Plan, type_: str, name: str) -> dict[str, Any]:
    return dict(plan.one(type_, f"helloworld-release-{name}").inputs["spec"])


def pod(plan: Plan) -> dict[str, Any]:
    return dict(spec(plan, DEPLOYMENT, "deployment")["template"]["spec"])


def container(plan: Plan) -> dict[str, Any]:
    (only,) = pod(plan)["containers"]
    return dict(only)


def test_the_namespace_enforces_the_restricted_pod_security_standard(plan: Plan) -> None:
    labels = plan.one("kubernetes:core/v1:Namespace", "helloworld-release-namespace").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_new_pod_is_ready_only_once_the_balancer_sends_it_requests(plan: Plan) -> None:
    labels = plan.one("kubernetes:core/v1:Namespace", "helloworld-release-namespace").inputs["metadata"]["labels"]
    assert labels["elbv2.k8s.aws/pod-readiness-gate-inject"] == "enabled"


def test_pods_meet_the_restricted_standard(plan: Plan) -> None:
    assert pod(plan)["securityContext"]["runAsNonRoot"] is True
    assert pod(plan)["securityContext"]["runAsUser"] > 0
    assert pod(plan)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    context = container(plan)["securityContext"]
    assert context["allowPrivilegeEscalation"] is False
    assert context["readOnlyRootFilesystem"] is True
    assert context["capabilities"] == {"drop": ["ALL"]}


def test_pods_hold_no_token_for_the_kubernetes_api(plan: Plan) -> None:
    account = plan.one("kubernetes:core/v1:ServiceAccount", "helloworld-release-service-account").inputs
    assert account["automountServiceAccountToken"] is False
    assert pod(plan)["automountServiceAccountToken"] is False
    assert pod(plan)["serviceAccountName"] == account["metadata"]["name"]


def test_containers_say_what_they_need_and_what_they_may_take(plan: Plan) -> None:
    resources = container(plan)["resources"]
    assert set(resources["requests"]) == set(resources["limits"]) == {"cpu", "memory"}
    memory = [int(resources[kind]["memory"].removesuffix("Mi")) for kind in ("requests", "limits")]
    assert memory == sorted(memory)


@pytest.mark.parametrize(
    ("probe", "path"),
    [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")],
)
def test_each_probe_asks_the_endpoint_that_is_for_it(plan: Plan, probe: str, path: str) -> None:
    assert container(plan)[probe]["httpGet"]["path"] == path


def test_a_draining_pod_is_not_restarted(plan: Plan) -> None:
    assert container(plan)["livenessProbe"]["httpGet"]["path"] != container(plan)["readinessProbe"]["httpGet"]["path"]


def test_pods_spread_over_zones_and_nodes_but_one_node_left_takes_all(plan: Plan) -> None:
    constraints = {each["topologyKey"]: each for each in pod(plan)["topologySpreadConstraints"]}
    assert set(constraints) == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
    assert all(each["whenUnsatisfiable"] == "ScheduleAnyway" for each in constraints.values())


def test_a_roll_out_never_has_fewer_pods_than_wanted(plan: Plan) -> None:
    rolling = spec(plan, DEPLOYMENT, "deployment")["strategy"]["rollingUpdate"]
    assert rolling["maxUnavailable"] == 0
    assert rolling["maxSurge"] != 0


def test_a_pod_takes_requests_for_longer_than_the_balancer_sends_them(plan: Plan) -> None:
    ingress = plan.one(INGRESS, "helloworld-release-ingress").inputs["metadata"]["annotations"]
    target_group = dict(
        pair.split("=") for pair in ingress["alb.ingress.kubernetes.io/target-group-attributes"].split(",")
    )
    variables = {each["name"]: each["value"] for each in container(plan)["env"]}
    taking = container(plan)["lifecycle"]["preStop"]["sleep"]["seconds"] + int(variables["SHUTDOWN_DELAY_SECONDS"])
    assert taking > int(target_group["deregistration_delay.timeout_seconds"])
    assert pod(plan)["terminationGracePeriodSeconds"] > taking + int(variables["SHUTDOWN_TIMEOUT_SECONDS"])


def test_a_failed_roll_out_is_rolled_back(plan: Plan) -> None:
    assert plan.one(DEPLOYMENT, "helloworld-release-deployment").hooks["on_error"] == ["helloworld-release-roll-back"]


def test_the_engine_notices_a_failed_roll_out_by_its_own_deadline(planned: Planner) -> None:
    deployment = planned("dev", {"rolloutSeconds": "77"}).one(DEPLOYMENT, "helloworld-release-deployment").inputs
    assert deployment["spec"]["progressDeadlineSeconds"] == 77
    assert 77 < int(deployment["metadata"]["annotations"]["pulumi.com/timeoutSeconds"]) <= 90


def test_the_number_of_pods_is_left_to_the_autoscaler(planned: Planner) -> None:
    plan = planned("dev", {"replicasMin": "3", "replicasMax": "9", "cpuTargetPercent": "55"})
    assert "replicas" not in spec(plan, DEPLOYMENT, "deployment")
    scaling = spec(plan, "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "autoscaler")
    assert (scaling["minReplicas"], scaling["maxReplicas"]) == (3, 9)
    assert scaling["metrics"][0]["resource"]["target"]["averageUtilization"] == 55
    deployment = plan.one(DEPLOYMENT, "helloworld-release-deployment").inputs
    assert scaling["scaleTargetRef"]["name"] == deployment["metadata"]["name"]


def test_draining_nodes_takes_one_pod_at_a_time_and_is_never_stuck(plan: Plan) -> None:
    budget = spec(plan, "kubernetes:policy/v1:PodDisruptionBudget", "disruption-budget")
    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_requests_come_from_the_balancers_subnets_only(plan: Plan) -> None:
    policy = spec(plan, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "network-policy")
    (rule,) = policy["ingress"]
    public = {subnet.inputs["cidrBlock"] for subnet in plan.of("aws:ec2/subnet:Subnet") if "-public-" in subnet.name}
    assert public
    assert {peer["ipBlock"]["cidr"] for peer in rule["from"]} == public
    assert [port["port"] for port in rule["ports"]] == [pods.PORT]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}


def ways_out(plan: Plan) -> set[tuple[str, str, int]]:
    policy = spec(plan, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "network-policy")
    assert "Egress" in policy["policyTypes"]
    return {
        (peer["ipBlock"]["cidr"] if "ipBlock" in peer else "names", port["protocol"], port["port"])
        for rule in policy.get("egress", [])
        for peer in rule["to"]
        for port in rule["ports"]
    }


def test_a_pod_that_keeps_its_state_to_itself_opens_no_connection(planned: Planner) -> None:
    assert ways_out(planned("dev", {"database": "false", "cache": "false"})) == set()


@pytest.mark.parametrize(("setting", "ports"), [("database", {5432}), ("cache", {6379, 6380})])
def test_another_reaches_names_credentials_and_what_keeps_its_state(
    planned: Planner, setting: str, ports: set[int]
) -> None:
    plan = planned("dev", {"database": "false", "cache": "false", setting: "true"})
    data = {each.inputs["cidrBlock"] for each in plan.of("aws:ec2/subnet:Subnet") if "data-network" in each.name}
    assert len(data) == 2
    assert ways_out(plan) == {
        ("names", "UDP", 53),
        ("names", "TCP", 53),
        ("169.254.170.23/32", "TCP", 80),
        *((network, "TCP", port) for network in data for port in ports),
    }


def test_names_are_asked_of_the_cluster_s_dns(planned: Planner) -> None:
    plan = planned("dev", {"database": "true"})
    policy = spec(plan, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "network-policy")
    (peer,) = [peer for rule in policy["egress"] for peer in rule["to"] if "ipBlock" not in peer]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "kube-system"}
    assert peer["podSelector"]["matchLabels"] == {"k8s-app": "kube-dns"}


STATE = ("DATABASE_", "CACHE_", "AWS_")


def variables_of_state(plan: Plan) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(plan)["env"] if each["name"].startswith(STATE)}


def test_the_service_is_told_where_its_state_is_and_whom_to_log_in_as(planned: Planner) -> None:
    assert variables_of_state(planned("dev", {"database": "true", "cache": "true"})) == {
        "DATABASE_URL": "postgresql://helloworld@${helloworld-database-instance.address}:5432/helloworld",
        "DATABASE_IAM": "true",
        "CACHE_URL": "rediss://helloworld-dev@${helloworld-cache-cache.endpoints}:6379",
        "CACHE_CLUSTER": "true",
        "CACHE_IAM_NAME": "helloworld-dev",
        "AWS_REGION": "us-west-2",
    }


def test_the_service_is_told_of_what_there_is_only(planned: Planner) -> None:
    off = {"database": "false", "cache": "false"}
    assert container(planned("dev", off))["env"]
    assert variables_of_state(planned("dev", off)) == {}
    assert not any(key.startswith("CACHE") for key in variables_of_state(planned("dev", {**off, "database": "true"})))
    assert not any(key.startswith("DATABASE") for key in variables_of_state(planned("dev", {**off, "cache": "true"})))


def test_an_empty_database_is_filled_where_that_is_asked_for(planned: Planner) -> None:
    seeded = planned("dev", {"database": "true", "databaseSeed": "true"})
    assert variables_of_state(seeded)["DATABASE_SEED"] == "true"
    assert "DATABASE_SEED" not in variables_of_state(planned("dev", {"database": "true"}))


def test_service_and_policies_select_the_pods_of_the_deployment(plan: Plan) -> None:
    labels = spec(plan, DEPLOYMENT, "deployment")["template"]["metadata"]["labels"]
    selectors = [
        spec(plan, DEPLOYMENT, "deployment")["selector"]["matchLabels"],
        spec(plan, "kubernetes:core/v1:Service", "service")["selector"],
        spec(plan, "kubernetes:policy/v1:PodDisruptionBudget", "disruption-budget")["selector"]["matchLabels"],
        spec(plan, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "network-policy")["podSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)


def test_the_service_reaches_the_port_that_the_container_listens_on(plan: Plan) -> None:
    (port,) = spec(plan, "kubernetes:core/v1:Service", "service")["ports"]
    (listening,) = container(plan)["ports"]
    variables = {each["name"]: each["value"] for each in container(plan)["env"]}
    assert port["targetPort"] == listening["name"]
    assert int(variables["PORT"]) == listening["containerPort"]


def test_the_ingress_leads_every_path_to_the_service(plan: Plan) -> None:
    ingress = spec(plan, INGRESS, "ingress")
    (rule,) = ingress["rules"]
    (path,) = rule["http"]["paths"]
    service = plan.one("kubernetes:core/v1:Service", "helloworld-release-service").inputs
    assert (path["path"], path["pathType"]) == ("/", "Prefix")
    assert path["backend"]["service"]["name"] == service["metadata"]["name"]
    assert ingress["ingressClassName"] == "alb"


def test_the_balancer_asks_pods_directly_whether_they_are_ready(plan: Plan) -> None:
    annotations = plan.one(INGRESS, "helloworld-release-ingress").inputs["metadata"]["annotations"]
    assert annotations["alb.ingress.kubernetes.io/target-type"] == "ip"
    assert annotations["alb.ingress.kubernetes.io/healthcheck-path"] == "/readyz"


def test_ingress_and_pods_are_made_after_the_controller_and_go_before_it(plan: Plan) -> None:
    chart = plan.one(CHART, "helloworld-load-balancer-chart")
    assert before(plan, chart, plan.one(INGRESS, "helloworld-release-ingress"))
    assert before(plan, chart, plan.one(DEPLOYMENT, "helloworld-release-deployment"))


def test_the_balancer_is_made_while_the_pods_start(plan: Plan) -> None:
    ingress = plan.one(INGRESS, "helloworld-release-ingress")
    deployment = plan.one(DEPLOYMENT, "helloworld-release-deployment")
    assert not before(plan, ingress, deployment)
    assert not before(plan, deployment, ingress)


def test_nothing_waits_for_the_services_endpoints(plan: Plan) -> None:
    service = plan.one("kubernetes:core/v1:Service", "helloworld-release-service").inputs
    assert service["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_the_message_and_the_environment_reach_the_service(planned: Planner) -> None:
    variables = {each["name"]: each["value"] for each in container(planned("dev", {"message": "Guten Tag"}))["env"]}
    assert (variables["MESSAGE"], variables["ENVIRONMENT"]) == ("Guten Tag", "dev")


def test_the_image_that_is_reported_is_the_one_that_the_deployment_has_got_healthy(plan: Plan) -> None:
    assert plan.outputs["image"] == container(plan)["image"]


def test_an_image_whose_roll_out_fails_is_never_reported() -> None:
    """The output waits for the Deployment: when that fails, the old value stays."""
    waited_for: list[str] = []

    def program() -> None:
        exposure = ExposureArgs(
            ingress_class=pulumi.Output.from_input("alb"), group="group", hostnames=(), certificate_arn=None
        )
        args = ReleaseArgs(
            image=f"registry.example.com/helloworld@sha256:{'0' * 64}",
            namespace="helloworld",
            environment="dev",
            message="Hello",
            min_replicas=1,
            max_replicas=1,
            cpu_target_percent=50,
            rollout_seconds=60,
            exposure=exposure,
            client_cidrs=["10.0.0.0/24"],
            kubeconfig="{}",
        )
        image = Release("release", args).image
        pulumi.export("image", image)
        pulumi.export("done", pulumi.Output.all(image, see(image)))

    async def see(image: pulumi.Output[str]) -> str:
        waited_for.extend([await resource.urn.future() or "" for resource in await image._resources])
        return ""

    record(program)
    assert [urn.rpartition("::")[2] for urn in waited_for] == ["release-deployment"]
