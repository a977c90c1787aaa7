"""The control plane, its add-ons and the nodes."""

import json

import pytest

from infra.addons import VERSIONS
from infra.cluster import LOG_TYPES
from offline.plan import Plan
from tests.conftest import Planner
from tests.graph import before

ADDON, LOGS = "aws:eks/addon:Addon", "aws:cloudwatch/logGroup:LogGroup"


def control_plane(plan: Plan) -> dict[str, object]:
    return dict(plan.one("eks:index:Cluster", "helloworld-cluster-eks").inputs)


def test_kubernetes_is_pinned_to_a_version_in_standard_support(plan: Plan) -> None:
    cluster = control_plane(plan)
    assert cluster["version"] in VERSIONS
    assert cluster["upgradePolicy"] == {"supportType": "STANDARD"}


def test_secrets_are_encrypted_with_a_key_of_ours_that_rotates(plan: Plan) -> None:
    key = plan.one("aws:kms/key:Key", "helloworld-cluster-secrets-key")
    assert key.inputs["enableKeyRotation"] is True
    assert "helloworld-cluster-secrets-key" in str(control_plane(plan)["encryptionConfigKeyArn"])
    assert before(plan, key, plan.one("aws:eks/cluster:Cluster", "helloworld-cluster-eks-eksCluster"))


def test_control_plane_logs_go_to_a_log_group_of_ours_that_exists_first(plan: Plan) -> None:
    cluster = plan.one("aws:eks/cluster:Cluster", "helloworld-cluster-eks-eksCluster")
    group = plan.one(LOGS, "helloworld-cluster-logs")
    assert group.inputs["name"] == f"/aws/eks/{cluster.inputs['name']}/cluster"
    assert group.inputs["retentionInDays"] > 0
    assert before(plan, group, cluster)


def test_prod_writes_everything_down_and_dev_who_logged_in(dev: Plan, prod: Plan) -> None:
    assert control_plane(prod)["enabledClusterLogTypes"] == list(LOG_TYPES)
    assert control_plane(dev)["enabledClusterLogTypes"] == ["authenticator"]


def test_the_private_endpoint_is_on_and_the_public_one_open_to_the_listed_networks_only(planned: Planner) -> None:
    cluster = control_plane(planned("dev", {"publicAccessCidrs": '["198.51.100.0/24"]'}))
    assert cluster["endpointPrivateAccess"] is True
    assert cluster["publicAccessCidrs"] == ["198.51.100.0/24"]


def test_without_listed_networks_the_public_endpoint_is_off(planned: Planner) -> None:
    cluster = control_plane(planned("dev", {"publicAccessCidrs": "[]"}))
    assert cluster["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in cluster


def test_there_is_no_default_node_group_and_no_oidc_provider(plan: Plan) -> None:
    assert control_plane(plan)["skipDefaultNodeGroup"] is True
    assert control_plane(plan)["createOidcProvider"] is False
    assert len(plan.of("aws:eks/nodeGroup:NodeGroup")) == 1


def test_the_add_ons_are_ours_from_the_start(plan: Plan) -> None:
    assert control_plane(plan)["bootstrapSelfManagedAddons"] is False


def test_prod_refuses_to_have_its_cluster_deleted(dev: Plan, prod: Plan) -> None:
    assert control_plane(prod)["deletionProtection"] is True
    assert control_plane(dev)["deletionProtection"] is False


def test_the_creator_of_the_cluster_is_the_deploy_role_where_one_is_set(planned: Planner) -> None:
    role = "arn:aws:iam::123456789012:role/deploy"
    cluster = control_plane(planned("dev", {"deployRole": role}))
    assert cluster["providerCredentialOpts"] == {"roleArn": role}


@pytest.mark.parametrize("name", ["vpc-cni", "kube-proxy", "coredns", "eks-pod-identity-agent", "metrics-server"])
def test_every_add_on_is_installed_at_its_pinned_version(plan: Plan, name: str) -> None:
    (addon,) = [each for each in plan.of(ADDON) if each.inputs["addonName"] == name]
    assert addon.inputs["addonVersion"] == VERSIONS[str(control_plane(plan)["version"])][name]


def test_the_cni_enforces_network_policies(plan: Plan) -> None:
    cni = plan.one(ADDON, "helloworld-cluster-vpc-cni")
    assert json.loads(cni.inputs["configurationValues"])["enableNetworkPolicy"] == "true"


@pytest.mark.parametrize("name", ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"])
def test_what_a_node_needs_to_get_ready_is_there_before_the_first_node(plan: Plan, name: str) -> None:
    nodes = plan.one("aws:eks/nodeGroup:NodeGroup", "helloworld-nodes-group")
    assert before(plan, plan.one(ADDON, f"helloworld-cluster-{name}"), nodes)


@pytest.mark.parametrize("name", ["coredns", "metrics-server"])
def test_what_runs_on_nodes_waits_for_them(plan: Plan, name: str) -> None:
    nodes = plan.one("aws:eks/nodeGroup:NodeGroup", "helloworld-nodes-group")
    assert before(plan, nodes, plan.one(ADDON, f"helloworld-nodes-{name}"))


def test_nodes_take_no_pod_that_asks_for_their_credentials(plan: Plan) -> None:
    template = plan.one("aws:ec2/launchTemplate:LaunchTemplate", "helloworld-nodes-template").inputs
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1


def test_node_disks_are_encrypted_and_go_with_the_node(plan: Plan) -> None:
    template = plan.one("aws:ec2/launchTemplate:LaunchTemplate", "helloworld-nodes-template").inputs
    (disk,) = template["blockDeviceMappings"]
    assert disk["ebs"]["encrypted"] == "true"
    assert disk["ebs"]["deleteOnTermination"] == "true"


@pytest.mark.parametrize(
    ("architecture", "kind", "image_type"),
    [("arm64", "t4g.small", "AL2023_ARM_64_STANDARD"), ("amd64", "t3.small", "AL2023_x86_64_STANDARD")],
)
def test_nodes_are_what_the_settings_say(planned: Planner, architecture: str, kind: str, image_type: str) -> None:
    settings = {
        "nodeArchitecture": architecture,
        "nodeInstanceTypes": f'["{kind}"]',
        "nodeMax": "9",
        "nodeDiskGiB": "33",
    }
    plan = planned("dev", settings)
    group = plan.one("eks:index:ManagedNodeGroup", "helloworld-nodes-group").inputs
    template = plan.one("aws:ec2/launchTemplate:LaunchTemplate", "helloworld-nodes-template").inputs
    assert group["amiType"] == image_type
    assert group["instanceTypes"] == [kind]
    assert group["scalingConfig"] == {"minSize": 2, "desiredSize": 2, "maxSize": 9}
    assert template["blockDeviceMappings"][0]["ebs"]["volumeSize"] == 33


def test_dev_runs_on_spot_and_prod_on_demand(dev: Plan, prod: Plan) -> None:
    capacity = [
        each.one("eks:index:ManagedNodeGroup", "helloworld-nodes-group").inputs["capacityType"] for each in (dev, prod)
    ]
    assert capacity == ["SPOT", "ON_DEMAND"]


def test_nodes_keep_their_rights_for_as_long_as_they_live(plan: Plan) -> None:
    nodes = plan.one("aws:eks/nodeGroup:NodeGroup", "helloworld-nodes-group")
    attached = plan.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    attachments = [each for each in attached if "helloworld-node-" in each.name]
    assert len(attachments) == 3
    assert all(before(plan, each, nodes) for each in attachments)


def test_what_is_launched_from_the_template_is_tagged(plan: Plan) -> None:
    template = plan.one("aws:ec2/launchTemplate:LaunchTemplate", "helloworld-nodes-template").inputs
    tagged = {each["resourceType"]: each["tags"] for each in template["tagSpecifications"]}
    assert set(tagged) == {"instance", "volume", "network-interface"}
    assert all(tags["stack"] == plan.stack for tags in tagged.values())
