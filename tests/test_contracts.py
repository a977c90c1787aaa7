"""What holds for the whole plan of each environment."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from typing import Any

import kubernetes_validate
import pytest

from infra import observability
from infra.load_balancer_policy import READS_WITHOUT_RESOURCE
from infra.monitoring import slack
from infra.scaling import node_autoscaler_rights
from offline.plan import Plan, Resource
from tests.conftest import PROJECT, Planner

# Actions that may name every resource, because AWS offers no narrower one for them.
WILDCARD_RESOURCES = frozenset(
    {
        *READS_WITHOUT_RESOURCE,
        *node_autoscaler_rights.READS_WITHOUT_RESOURCE,
        *observability.READS_WITHOUT_RESOURCE,
        *slack.READS_WITHOUT_RESOURCE,
    }
)
OUTPUTS = {"url", "image", "clusterName", "clientCidrs", "kubeconfig", "namespace", "registry"}
# Their names are not their own: a part of another resource, or of a zone.
NAMED_AFTER_OTHERS = {"aws:iam/rolePolicy:RolePolicy", "aws:route53/record:Record"}


def aws_resources(plan: Plan) -> list[Resource]:
    return [each for each in plan.resources if each.type.startswith("aws:")]


def kubernetes_objects(plan: Plan) -> list[Resource]:
    return [each for each in plan.resources if each.type.startswith("kubernetes:") and "helm.sh" not in each.type]


def test_every_resource_belongs_to_a_component(plan: Plan) -> None:
    right_under_the_stack = plan.children(None)
    assert right_under_the_stack
    orphans = [each.urn for each in right_under_the_stack if each.custom and "pulumi:providers:" not in each.type]
    assert orphans == []


def test_every_component_has_children_or_nothing_to_make(plan: Plan) -> None:
    components = [each for each in plan.resources if each.type.startswith("helloworld:")]
    assert len(components) >= 9
    assert {each.name for each in components if not plan.children(each.urn)} <= {"helloworld-access"}


def test_every_aws_resource_is_made_by_the_provider_that_tags(plan: Plan) -> None:
    tagging = plan.one("pulumi:providers:aws", "helloworld-aws")
    given = tagging.inputs["defaultTags"]
    tags = json.loads(given) if isinstance(given, str) else given
    assert {"project": "helloworld", "stack": plan.stack, "managed-by": "pulumi"}.items() <= tags["tags"].items()
    resources = aws_resources(plan)
    assert len(resources) > 30
    assert {each.provider for each in resources} == {tagging.urn}


def test_tags_from_the_settings_reach_everything_that_is_tagged(planned: Planner) -> None:
    plan = planned("dev", {"tags": '{"team": "web"}'})
    places = [
        plan.one("pulumi:providers:aws", "helloworld-aws").inputs["defaultTags"],
        plan.one("eks:index:Cluster", "helloworld-cluster-eks").inputs["tags"],
        plan.one("eks:index:ManagedNodeGroup", "helloworld-nodes-group").inputs["tags"],
        plan.one("aws:ec2/launchTemplate:LaunchTemplate", "helloworld-nodes-template").inputs["tagSpecifications"],
        plan.one("kubernetes:helm.sh/v3:Release", "helloworld-load-balancer-chart").inputs["values"]["defaultTags"],
    ]
    assert all('"team": "web"' in json.dumps(place).replace('\\"', '"') for place in places)


def policy_documents(plan: Plan) -> list[tuple[str, dict[str, Any]]]:
    policies = [*plan.of("aws:iam/rolePolicy:RolePolicy"), *plan.of("aws:iam/policy:Policy")]
    return [(each.name, json.loads(each.inputs["policy"])) for each in policies]


def statements(plan: Plan) -> list[dict[str, Any]]:
    return [statement for _, document in policy_documents(plan) for statement in document["Statement"]]


def test_no_iam_action_is_a_wildcard(plan: Plan) -> None:
    actions = [action for statement in statements(plan) for action in statement["Action"]]
    assert actions
    assert [action for action in actions if "*" in action] == []


def test_iam_resources_are_wildcards_only_where_aws_offers_nothing_narrower(plan: Plan) -> None:
    open_statements = [statement for statement in statements(plan) if "*" in statement["Resource"]]
    open_actions = {action for statement in open_statements for action in statement["Action"]}
    assert open_actions
    assert open_actions <= WILDCARD_RESOURCES


def test_roles_are_trusted_to_aws_services_only(plan: Plan) -> None:
    roles = plan.of("aws:iam/role:Role")
    assert len(roles) >= 3
    for role in roles:
        policy = role.inputs["assumeRolePolicy"]
        for statement in (json.loads(policy) if isinstance(policy, str) else policy)["Statement"]:
            assert set(statement["Principal"]) == {"Service"}


def test_no_security_group_lets_the_world_in(plan: Plan) -> None:
    groups = [each for each in plan.resources if "ecurityGroup" in each.type]
    assert groups
    incoming = [
        each
        for each in groups
        if each.inputs.get("type") == "ingress" or "Ingress" in each.type or each.inputs.get("ingress")
    ]
    assert [each.name for each in incoming if "0.0.0.0/0" in json.dumps(dict(each.inputs))] == []


def test_every_container_runs_an_image_by_digest(plan: Plan) -> None:
    images = re.findall(r'"image": "([^"]+)"', json.dumps([each.inputs for each in kubernetes_objects(plan)]))
    assert images
    assert all("@sha256:" in image for image in images)


def test_prod_is_https_only(prod: Plan) -> None:
    ingress = prod.one("kubernetes:networking.k8s.io/v1:Ingress", "helloworld-release-ingress")
    annotations = ingress.inputs["metadata"]["annotations"]
    assert annotations["alb.ingress.kubernetes.io/ssl-redirect"] == "443"
    assert str(prod.outputs["url"]).startswith("https://")


def test_manifests_are_valid_in_the_pinned_kubernetes_version(plan: Plan) -> None:
    version = plan.one("eks:index:Cluster", "helloworld-cluster-eks").inputs["version"]
    objects = kubernetes_objects(plan)
    assert len(objects) == {"dev": 15, "prod": 18}[plan.stack]
    for each in objects:
        assert kubernetes_validate.validate(dict(each.inputs), version, strict=True)


def test_the_outputs_are_what_people_and_pipelines_rely_on(plan: Plan) -> None:
    assert set(plan.outputs) == OUTPUTS


def test_the_kubeconfig_holds_no_secret_and_no_profile(plan: Plan) -> None:
    kubeconfig = json.loads(str(plan.outputs["kubeconfig"]))
    (user,) = kubeconfig["users"]
    assert set(user["user"]) == {"exec"}
    assert "--profile" not in user["user"]["exec"]["args"]
    assert "AWS_PROFILE" not in json.dumps(kubeconfig)


def test_nothing_of_the_plan_changes_from_run_to_run(plan: Plan) -> None:
    """In a process of its own, where sets and dictionaries of objects have another order."""
    command = [sys.executable, "-m", "offline", "preview", "--stack", plan.stack, "--format", "json", "--quiet"]
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    again = Plan.from_json(json.loads(done.stdout))
    assert len(again.resources) > 60
    assert inputs_by_urn(again) == inputs_by_urn(plan)


def inputs_by_urn(plan: Plan) -> dict[str, dict[str, Any]]:
    return {each.urn: dict(each.inputs) for each in plan.resources}


def test_logical_names_do_not_name_the_stack(dev: Plan, prod: Plan) -> None:
    assert not any(plan.stack in each.name.split("-") for plan in (dev, prod) for each in plan.resources)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_real_preview_registers_the_same_resources_though_nothing_is_known_yet(planned: Planner, stack: str) -> None:
    unknown = planned(stack, unknowns=True)
    known = planned(stack)
    assert {each.urn for each in unknown.resources} == {each.urn for each in known.resources}


def test_in_a_preview_only_what_cannot_be_known_is_unknown(planned: Planner) -> None:
    """What a preview calls unknown in a field that cannot change in place, it calls a replacement."""
    plan = planned("dev", unknowns=True)
    assert plan.outputs["clusterName"] == "helloworld-dev"
    assert plan.outputs["namespace"] == "helloworld"
    service = plan.one("kubernetes:core/v1:Service", "helloworld-release-service").inputs
    assert service["metadata"]["namespace"] == "helloworld"


def test_stacks_of_one_account_share_no_name(dev: Plan, prod: Plan) -> None:
    def names(plan: Plan) -> set[str]:
        named = [each for each in aws_resources(plan) if "name" in each.inputs and each.type not in NAMED_AFTER_OTHERS]
        return {f"{each.type} {each.inputs['name']}" for each in named}

    assert names(dev)
    assert not names(dev) & names(prod)


def test_the_main_program_is_a_story_of_at_most_fifty_lines_without_apply() -> None:
    source = (PROJECT / "__main__.py").read_text("utf-8")
    assert len(source.splitlines()) <= 50
    assert ".apply(" not in source


def test_a_logical_name_says_which_resource_it_is(plan: Plan) -> None:
    """A plan shows what is not known yet by logical name: two of one name could be taken for each other."""
    ours = [each.name for each in plan.resources if not each.modelled and each.custom]
    assert [name for name, count in Counter(ours).items() if count > 1] == []


def test_another_kubeconfig_is_not_taken_for_another_cluster(plan: Plan) -> None:
    provider = plan.one("pulumi:providers:kubernetes", "helloworld-kubernetes").inputs
    assert provider["clusterIdentifier"] == f"helloworld-{plan.stack}"
