"""The pod that makes databases and users."""

from typing import Any

import kubernetes_validate
import pytest

from offline.plan import Plan
from tests.conftest import Planner
from tests.graph import before
from tests.iam import statements

DEPLOYMENT, POLICY = "kubernetes:apps/v1:Deployment", "kubernetes:networking.k8s.io/v1:NetworkPolicy"
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"


@pytest.fixture(scope="module")
def alone(planned: Planner) -> Plan:
    return planned("dev", {"database": "true"})


@pytest.fixture(scope="module")
def reviewed(planned: Planner) -> Plan:
    return planned("dev", {"database": "true", "reviewRole": "arn:aws:iam::123456789012:role/review"})


@pytest.fixture(params=["alone", "reviewed"])
def on(request: pytest.FixtureRequest) -> Plan:
    found: Plan = request.getfixturevalue(request.param)
    return found


def spec(plan: Plan) -> dict[str, Any]:
    return dict(plan.one(DEPLOYMENT, "helloworld-provisioner-deployment").inputs["spec"])


def pod(plan: Plan) -> dict[str, Any]:
    return dict(spec(plan)["template"]["spec"])


def container(plan: Plan) -> dict[str, Any]:
    (only,) = pod(plan)["containers"]
    return dict(only)


def variables(plan: Plan) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(plan)["env"]}


def test_it_runs_the_image_that_the_release_has_got_healthy(on: Plan) -> None:
    release = on.one(DEPLOYMENT, "helloworld-release-deployment")
    assert container(on)["image"] == on.outputs["image"]
    assert before(on, release, on.one(DEPLOYMENT, "helloworld-provisioner-deployment"))
    assert container(on)["command"] == ["python", "-m", "helloworld.provision"]


def test_it_logs_in_as_the_master_alone_and_has_no_other_right_in_aws(on: Plan) -> None:
    by_password, by_token = statements(
        on.one("aws:iam/rolePolicy:RolePolicy", "helloworld-provisioner-policy").inputs["policy"]
    )
    secret = "arn:aws:secretsmanager:us-west-2:123456789012:secret:rds!db-${helloworld-database-instance.secret}"
    assert by_password == {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [secret]}
    master = "arn:aws:rds-db:us-west-2:123456789012:dbuser:${helloworld-database-instance.resourceId}/postgres"
    assert by_token == {"Effect": "Allow", "Action": ["rds-db:connect"], "Resource": [master]}
    assert variables(on)["DATABASE_ADMIN_SECRET"] == secret


def test_it_is_told_where_the_password_is_and_not_what_it_is(on: Plan) -> None:
    url = variables(on)["DATABASE_ADMIN_URL"]
    assert url == "postgresql://postgres@${helloworld-database-instance.address}:5432/postgres"
    assert not [key for key in variables(on) if "PASSWORD" in key]


def test_it_makes_the_database_that_the_service_uses(on: Plan) -> None:
    (service,) = on.one(DEPLOYMENT, "helloworld-release-deployment").inputs["spec"]["template"]["spec"]["containers"]
    (url,) = [each["value"] for each in service["env"] if each["name"] == "DATABASE_URL"]
    name = variables(on)["PROVISION_DATABASES"]
    assert url == f"postgresql://{name}@${{helloworld-database-instance.address}}:5432/{name}"
    assert variables(on)["AWS_REGION"] == "us-west-2"


def test_only_where_there_are_reviews_it_looks_at_namespaces(alone: Plan, reviewed: Plan) -> None:
    assert "PROVISION_REVIEWS" not in variables(alone)
    assert pod(alone)["automountServiceAccountToken"] is False
    assert not [each for each in alone.resources if "namespaces-role" in each.name]
    assert variables(reviewed)["PROVISION_REVIEWS"] == "helloworld-pr-"
    assert pod(reviewed)["automountServiceAccountToken"] is True
    role = reviewed.one(f"{RBAC}:ClusterRole", "helloworld-provisioner-namespaces-role").inputs
    assert role["rules"] == [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}]
    binding = reviewed.one(f"{RBAC}:ClusterRoleBinding", "helloworld-provisioner-namespaces-role-binding")
    (subject,) = binding.inputs["subjects"]
    account = reviewed.one("kubernetes:core/v1:ServiceAccount", "helloworld-provisioner-service-account").inputs
    assert subject["name"] == account["metadata"]["name"] == pod(reviewed)["serviceAccountName"]
    assert subject["namespace"] == account["metadata"]["namespace"]
    assert before(reviewed, binding, reviewed.one(DEPLOYMENT, "helloworld-provisioner-deployment"))


def test_it_meets_the_standard_that_its_namespace_enforces(on: Plan) -> None:
    context = pod(on)["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(on)["securityContext"]["allowPrivilegeEscalation"] is False
    assert container(on)["securityContext"]["readOnlyRootFilesystem"] is True
    assert container(on)["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    resources = container(on)["resources"]
    assert set(resources["requests"]) == set(resources["limits"]) == {"cpu", "memory"}


def test_an_up_that_meets_a_server_out_of_reach_ends_in_minutes(on: Plan) -> None:
    deployment = on.one(DEPLOYMENT, "helloworld-provisioner-deployment").inputs
    seconds = deployment["spec"]["progressDeadlineSeconds"]
    assert seconds <= 300
    assert seconds < int(deployment["metadata"]["annotations"]["pulumi.com/timeoutSeconds"]) <= seconds + 30


def test_a_server_out_of_reach_restarts_nothing(on: Plan) -> None:
    assert container(on)["readinessProbe"]["tcpSocket"] == {"port": 8080}
    assert not {"livenessProbe", "startupProbe"} & set(container(on))


def test_the_service_does_not_wait_for_it(on: Plan) -> None:
    release = on.one(DEPLOYMENT, "helloworld-release-deployment")
    assert not before(on, on.one(DEPLOYMENT, "helloworld-provisioner-deployment"), release)


def test_its_pods_are_not_the_service_s(on: Plan) -> None:
    labels = spec(on)["template"]["metadata"]["labels"]
    service = on.one("kubernetes:core/v1:Service", "helloworld-release-service").inputs["spec"]["selector"]
    policy = on.one(POLICY, "helloworld-release-network-policy").inputs["spec"]["podSelector"]["matchLabels"]
    budget = on.one("kubernetes:policy/v1:PodDisruptionBudget", "helloworld-release-disruption-budget").inputs["spec"]
    for selector in (service, policy, budget["selector"]["matchLabels"]):
        assert not selector.items() <= labels.items()
    assert spec(on)["selector"]["matchLabels"].items() <= labels.items()


def test_it_reaches_the_server_names_credentials_and_https_and_is_reached_by_nobody(on: Plan) -> None:
    policy = on.one(POLICY, "helloworld-provisioner-network-policy").inputs["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert not policy.get("ingress")
    ways_out = {
        (peer.get("ipBlock", {}).get("cidr", "names"), port["port"])
        for rule in policy["egress"]
        for peer in rule["to"]
        for port in rule["ports"]
    }
    data = {each.inputs["cidrBlock"] for each in on.of("aws:ec2/subnet:Subnet") if "data-network" in each.name}
    assert data
    assert ways_out == {
        ("names", 53),
        ("169.254.170.23/32", 80),
        ("0.0.0.0/0", 443),
        *((network, 5432) for network in data),
    }
    assert policy["podSelector"]["matchLabels"].items() <= spec(on)["template"]["metadata"]["labels"].items()


def test_its_manifests_are_valid(reviewed: Plan) -> None:
    objects = [each for each in reviewed.resources if each.type.startswith("kubernetes:") and "provision" in each.name]
    assert len(objects) == 5
    for each in objects:
        assert kubernetes_validate.validate(dict(each.inputs), "1.35", strict=True)


def test_without_a_database_there_is_none(planned: Planner) -> None:
    plan = planned("dev", {"database": "false", "cache": "true"})
    assert plan.of(DEPLOYMENT)
    assert not [each for each in plan.resources if "provisioner" in each.name]
