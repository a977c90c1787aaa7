"""Every rule of the policy, kept and broken."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi_policy.proxy import unknown_checking_proxy

from offline.plan import Plan, Resource
from policy import rules
from policy.network_rules import LISTENERS
from policy.rules import Allowed, check
from tests.conftest import Planner

POD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "web",
            "image": f"example.com/web@sha256:{'a' * 64}",
            "resources": {"requests": {"cpu": "1", "memory": "1Mi"}, "limits": {"memory": "1Mi"}},
            "readinessProbe": {"httpGet": {}},
            "livenessProbe": {"httpGet": {}},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ],
}
CLUSTER: dict[str, Any] = {
    "vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["192.0.2.0/24"]},
    "encryptionConfig": {"provider": {"keyArn": "${key.arn}"}},
    "deletionProtection": True,
}


def found(type_: str, inputs: dict[str, Any], stack: str = "prod", **more: Any) -> dict[str, str]:
    resource = Resource(urn=f"urn::{type_}", type=type_, name="it", parent=None, inputs=inputs)
    return {finding.rule: finding.level for finding in check([resource], stack, **more)}


def pod(**container: Any) -> dict[str, Any]:
    spec = copy.deepcopy(POD)
    spec["containers"][0].update(container)
    return {"spec": {"template": {"spec": spec}}}


def policy(**statement: Any) -> dict[str, Any]:
    return {"policy": json.dumps({"Statement": [{"Effect": "Allow", **statement}]})}


class TestPods:
    def test_a_good_pod_has_no_finding(self) -> None:
        assert found("kubernetes:apps/v1:Deployment", pod()) == {}

    @pytest.mark.parametrize("image", ["web", "web:1.0", "web@sha256:abc"])
    def test_an_image_without_digest_is_found(self, image: str) -> None:
        assert found("kubernetes:apps/v1:Deployment", pod(image=image)) == {"image-by-digest": "mandatory"}

    @pytest.mark.parametrize("image", ["web@sha256:${image.digest}", "${image.repoDigest}", "[unknown]"])
    def test_a_digest_that_is_not_known_yet_is_no_finding(self, image: str) -> None:
        assert found("kubernetes:apps/v1:Deployment", pod(image=image)) == {}

    @pytest.mark.parametrize(
        "broken",
        [
            {"privileged": True},
            {"runAsNonRoot": False},
            {"runAsUser": 0},
            {"allowPrivilegeEscalation": True},
            {"capabilities": {}},
            {"readOnlyRootFilesystem": False},
            {"seccompProfile": {"type": "Unconfined"}},
        ],
    )
    def test_a_container_that_could_do_more_is_found(self, broken: dict[str, Any]) -> None:
        context = {**POD["containers"][0]["securityContext"], **broken}
        assert found("kubernetes:apps/v1:Deployment", pod(securityContext=context)) == {"pod-restricted": "mandatory"}

    def test_sharing_the_hosts_network_is_found(self) -> None:
        spec = pod()
        spec["spec"]["template"]["spec"]["hostNetwork"] = True
        assert found("kubernetes:apps/v1:DaemonSet", spec) == {"pod-restricted": "mandatory"}

    def test_init_containers_and_cron_jobs_are_looked_at(self) -> None:
        spec = {
            "spec": {"jobTemplate": {"spec": {"template": {"spec": {"initContainers": [{"name": "i", "image": "x"}]}}}}}
        }
        assert set(found("kubernetes:batch/v1:CronJob", spec)) == {"image-by-digest", "pod-restricted", "pod-bounded"}

    def test_a_container_without_bounds_is_found(self) -> None:
        assert found("kubernetes:apps/v1:Deployment", pod(resources={"limits": {"memory": "1"}})) == {
            "pod-bounded": "mandatory"
        }

    @pytest.mark.parametrize("probe", ["readinessProbe", "livenessProbe"])
    def test_a_container_without_probe_is_found(self, probe: str) -> None:
        assert found("kubernetes:apps/v1:Deployment", pod(**{probe: None})) == {"pod-probed": "mandatory"}


class TestIam:
    @pytest.mark.parametrize(
        "statement",
        [
            {"Action": "*", "Resource": "arn:aws:s3:::a"},
            {"Action": ["s3:*"], "Resource": "arn:aws:s3:::a"},
            {"Action": "s3:GetObject", "Resource": "*"},
            {"Action": "s3:GetObject", "Resource": ["arn:aws:s3:::a", "*"]},
            {"NotAction": "iam:*", "Resource": "*"},
        ],
    )
    def test_a_wildcard_is_found(self, statement: dict[str, Any]) -> None:
        assert found("aws:iam/rolePolicy:RolePolicy", policy(**statement)) == {"iam-no-wildcards": "mandatory"}

    def test_a_wildcard_on_the_list_is_not(self) -> None:
        allowed = [Allowed("it", "s3:List*", "no resource")]
        statement = policy(Action="s3:ListAllMyBuckets", Resource="*")
        assert found("aws:iam/policy:Policy", statement, allowed=allowed) == {}
        other = [Allowed("another", "s3:List*", "no resource")]
        assert found("aws:iam/policy:Policy", statement, allowed=other) == {"iam-no-wildcards": "mandatory"}

    def test_what_is_named_or_limited_is_no_finding(self) -> None:
        assert found("aws:iam/policy:Policy", policy(Action="s3:GetObject", Resource="arn:aws:s3:::a/*")) == {}
        limited = policy(Action="ec2:CreateTags", Resource="*", Condition={"StringEquals": {"a": "b"}})
        assert found("aws:iam/policy:Policy", limited) == {}

    def test_a_policy_that_is_not_known_yet_is_no_finding(self) -> None:
        assert found("aws:iam/policy:Policy", {"policy": "[unknown]"}) == {}


class TestCluster:
    def test_a_good_cluster_has_no_finding(self) -> None:
        assert found("aws:eks/cluster:Cluster", CLUSTER) == {}

    @pytest.mark.parametrize(("stack", "level"), [("dev", "advisory"), ("prod", "mandatory")])
    @pytest.mark.parametrize("vpc", [{"publicAccessCidrs": ["0.0.0.0/0"]}, {}, {"endpointPublicAccess": True}])
    def test_an_api_open_to_all_is_found(self, vpc: dict[str, Any], stack: str, level: str) -> None:
        assert found("aws:eks/cluster:Cluster", {**CLUSTER, "vpcConfig": vpc}, stack) == {"api-not-open": level}

    def test_a_private_api_is_no_finding(self) -> None:
        assert found("aws:eks/cluster:Cluster", {**CLUSTER, "vpcConfig": {"endpointPublicAccess": False}}) == {}

    def test_secrets_without_a_key_are_found(self) -> None:
        assert found("aws:eks/cluster:Cluster", {**CLUSTER, "encryptionConfig": None}) == {
            "secrets-encrypted": "mandatory"
        }

    def test_deletion_is_protected_in_production_only(self) -> None:
        unprotected = {**CLUSTER, "deletionProtection": False}
        assert found("aws:eks/cluster:Cluster", unprotected) == {"kept": "mandatory"}
        assert found("aws:eks/cluster:Cluster", unprotected, "dev") == {}


class TestTheRest:
    @pytest.mark.parametrize(
        ("type_", "inputs", "rule"),
        [
            ("aws:ecr/repository:Repository", {"imageTagMutability": "IMMUTABLE"}, "registry-encrypted"),
            ("aws:ecr/repository:Repository", {"encryptionConfigurations": [{}]}, "tags-immutable"),
            (
                "aws:ecr/repository:Repository",
                {"encryptionConfigurations": [{}], "imageTagMutability": "IMMUTABLE", "forceDelete": True},
                "kept",
            ),
            ("aws:kms/key:Key", {}, "key-rotated"),
            ("aws:sns/topic:Topic", {"name": "x"}, "topic-encrypted"),
            ("aws:cloudwatch/metricAlarm:MetricAlarm", {"alarmActions": []}, "alarm-told"),
            (
                "aws:cloudwatch/metricAlarm:MetricAlarm",
                {"alarmActions": ["arn:aws:sns:us-west-2:123456789012:x"], "actionsEnabled": False},
                "alarm-told",
            ),
            (
                "aws:ec2/launchTemplate:LaunchTemplate",
                {"metadataOptions": {"httpTokens": "optional"}},
                "metadata-by-token",
            ),
            (
                "aws:ec2/launchTemplate:LaunchTemplate",
                {"metadataOptions": {"httpTokens": "required"}, "blockDeviceMappings": [{"ebs": {}}]},
                "disks-encrypted",
            ),
            ("aws:cloudwatch/logGroup:LogGroup", {"name": "x"}, "logs-expire"),
            ("kubernetes:networking.k8s.io/v1:Ingress", {"metadata": {}}, "https"),
            (
                "kubernetes:networking.k8s.io/v1:Ingress",
                {"metadata": {"annotations": {LISTENERS: '[{"HTTP": 80}, {"HTTPS": 443}]'}}},
                "https",
            ),
        ],
    )
    def test_it_is_found(self, type_: str, inputs: dict[str, Any], rule: str) -> None:
        assert found(type_, inputs) == {rule: "mandatory"}

    def test_plain_http_is_fine_outside_production(self) -> None:
        assert found("kubernetes:networking.k8s.io/v1:Ingress", {"metadata": {}}, "dev") == {}

    @pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
    def test_no_rule_stumbles_over_what_it_does_not_expect(self, rule: rules.Rule, plan: Plan) -> None:
        for type_ in {resource.type for resource in plan.resources}:
            for inputs in ({}, {"spec": None, "policy": "[", "vpcConfig": "[unknown]", "metadata": "[unknown]"}):
                resource = Resource(urn="u", type=type_, name="n", parent=None, inputs=inputs)
                list(rule.check(resource, rules.Context(production=True)))


DATABASE, PARAMETERS = "aws:rds/instance:Instance", "aws:rds/parameterGroup:ParameterGroup"
GOOD_DATABASE: dict[str, Any] = {
    "publiclyAccessible": False,
    "storageEncrypted": True,
    "parameterGroupName": "${parameters.name}",
    "manageMasterUserPassword": True,
    "multiAz": True,
    "backupRetentionPeriod": 7,
    "deletionProtection": True,
}
FORCED = {"family": "postgres18", "parameters": [{"name": "rds.force_ssl", "value": "1"}]}


class TestDatabase:
    def test_a_good_database_has_no_finding(self) -> None:
        assert found(DATABASE, GOOD_DATABASE) == {}
        assert found(PARAMETERS, FORCED) == {}

    @pytest.mark.parametrize(
        ("broken", "rule", "elsewhere"),
        [
            ({"publiclyAccessible": True}, "database-private", "mandatory"),
            ({"storageEncrypted": False}, "database-encrypted", "mandatory"),
            ({"parameterGroupName": None}, "database-tls", "mandatory"),
            ({"password": "[secret]"}, "database-password", "mandatory"),
            ({"manageMasterUserPassword": None}, "database-password", "mandatory"),
            ({"multiAz": False}, "database-two-zones", None),
            ({"backupRetentionPeriod": 6}, "database-backed-up", "advisory"),
            ({"backupRetentionPeriod": None}, "database-backed-up", "advisory"),
            ({"deletionProtection": False}, "kept", None),
        ],
    )
    def test_it_is_found_and_weighs_more_in_production(
        self, broken: dict[str, Any], rule: str, elsewhere: str | None
    ) -> None:
        assert found(DATABASE, {**GOOD_DATABASE, **broken}) == {rule: "mandatory"}
        assert found(DATABASE, {**GOOD_DATABASE, **broken}, "dev") == ({rule: elsewhere} if elsewhere else {})

    @pytest.mark.parametrize("parameters", [[], [{"name": "rds.force_ssl", "value": "0"}], None])
    def test_connections_without_tls_are_found(self, parameters: Any) -> None:
        assert found(PARAMETERS, {**FORCED, "parameters": parameters}) == {"database-tls": "mandatory"}

    def test_what_is_not_known_yet_is_no_finding(self) -> None:
        unknown = dict.fromkeys(("storageEncrypted", "multiAz", "backupRetentionPeriod"), "[unknown]")
        assert found(DATABASE, {**GOOD_DATABASE, **unknown}) == {}

    @pytest.mark.parametrize("port", [5432, 6379, 6380])
    @pytest.mark.parametrize("source", [{"cidrIpv4": "10.0.0.0/8"}, {"cidrIpv6": "fd00::/8"}])
    def test_a_network_that_reaches_the_data_is_found(self, port: int, source: dict[str, str]) -> None:
        type_ = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
        ports = {"ipProtocol": "tcp", "fromPort": port, "toPort": port}
        assert found(type_, {**ports, **source}) == {"data-by-group": "mandatory"}
        assert found(type_, {"ipProtocol": "-1", **source}) == {"data-by-group": "mandatory"}
        assert found(type_, {**ports, "fromPort": 1024, **source}) == {"data-by-group": "mandatory"}
        assert found(type_, {**ports, "referencedSecurityGroupId": "${nodes.id}"}) == {}
        assert found(type_, {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, **source}) == {}


class TestCache:
    GOOD: dict[str, Any] = {"transitEncryptionEnabled": True, "atRestEncryptionEnabled": True}  # noqa: RUF012

    def test_one_that_is_not_encrypted_is_found(self) -> None:
        type_ = "aws:elasticache/replicationGroup:ReplicationGroup"
        assert found(type_, self.GOOD) == {}
        for key in self.GOOD:
            assert found(type_, {**self.GOOD, key: False}) == {"cache-encrypted": "mandatory"}

    @pytest.mark.parametrize(
        "login",
        [
            {"noPasswordRequired": True},
            {"authenticationMode": {"type": "no-password-required"}},
            {"authenticationMode": {"type": "password"}},
            {"passwords": ["[secret]"]},
        ],
    )
    def test_a_user_without_proof_or_with_a_password_is_found(self, login: dict[str, Any]) -> None:
        assert found("aws:elasticache/user:User", login) == {"cache-login": "mandatory"}
        assert found("aws:elasticache/user:User", {"authenticationMode": {"type": "iam"}}) == {}


@pytest.mark.parametrize(
    ("stack", "production"),
    [("prod", True), ("prod-eu", True), ("prod-", True), ("production", False), ("dev", False), ("pre-prod", False)],
)
def test_production_is_prod_in_every_region(stack: str, production: bool) -> None:
    level = "mandatory" if production else None
    assert found(DATABASE, {**GOOD_DATABASE, "multiAz": False}, stack).get("database-two-zones") == level


EVERYTHING = {
    "database": "true",
    "databaseMultiZone": "true",
    "cache": "true",
    "observability": "true",
    "monitoring": "true",
    "alertEmails": '["team@example.com"]',
    "nodeAutoscaling": "true",
}


class TestTheRealStacks:
    def test_production_breaks_no_rule_with_everything_on(self, planned: Planner) -> None:
        plan = planned("prod", EVERYTHING)
        assert plan.of(DATABASE)
        assert check(plan.resources, "prod") == []

    def test_production_breaks_no_rule(self, prod: Plan) -> None:
        assert len(prod.resources) > 50
        assert check(prod.resources, "prod") == []

    def test_dev_breaks_no_mandatory_rule(self, dev: Plan) -> None:
        assert [each for each in check(dev.resources, "dev") if each.level == "mandatory"] == []

    def test_every_row_of_what_is_allowed_is_needed_by_some_resource(self, planned: Planner) -> None:
        prod = planned("prod", EVERYTHING)
        without = check(prod.resources, "prod", allowed=())
        assert without
        for index in range(len(rules.ALLOWED)):
            fewer = [*rules.ALLOWED[:index], *rules.ALLOWED[index + 1 :]]
            assert check(prod.resources, "prod", allowed=fewer), rules.ALLOWED[index]


def test_the_pack_asks_the_same_rules() -> None:
    from policy.__main__ import validations

    assert [each.name for each in validations("prod")] == [rule.name for rule in rules.RULES]
    levels = {
        stack: {each.name: str(each.enforcement_level) for each in validations(stack)} for stack in ("dev", "prod-eu")
    }
    assert levels["dev"]["https"].endswith("DISABLED")
    assert levels["prod-eu"]["https"].endswith("MANDATORY")


def as_the_engine_has_it(inputs: Any) -> Any:
    """Numbers are floats, lists and maps are the pack's own."""
    struct = struct_pb2.Struct()
    struct.update(inputs)
    return unknown_checking_proxy(json_format.MessageToDict(struct))


class TestWithTheEngine:
    """The same rules find the same in what the engine hands to the policy pack."""

    def test_production_breaks_no_rule_there_either(self, planned: Planner) -> None:
        resources = [
            replace(each, inputs=as_the_engine_has_it(each.inputs)) for each in planned("prod", EVERYTHING).resources
        ]
        assert len(resources) > 50
        assert check(resources, "prod") == []

    @pytest.mark.parametrize(
        ("type_", "inputs", "rule"),
        [
            (PARAMETERS, {**FORCED, "parameters": [{"name": "rds.force_ssl", "value": "0"}]}, "database-tls"),
            (
                "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
                {"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "cidrIpv4": "10.0.0.0/8"},
                "data-by-group",
            ),
            ("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["0.0.0.0/0"]}]}, "ports-closed"),
            (DATABASE, {**GOOD_DATABASE, "backupRetentionPeriod": 6}, "database-backed-up"),
            ("kubernetes:apps/v1:Deployment", pod(image="web:1.0"), "image-by-digest"),
            ("aws:iam/rolePolicy:RolePolicy", policy(Action="*", Resource="*"), "iam-no-wildcards"),
        ],
    )
    def test_what_is_broken_is_found_there_too(self, type_: str, inputs: dict[str, Any], rule: str) -> None:
        assert set(found(type_, as_the_engine_has_it(inputs))) == {rule}


class TestOpenDoors:
    @pytest.mark.parametrize("action", ["s3:Put*", "iam:*User", "s3:Get?bject", "*"])
    def test_a_wildcard_anywhere_in_an_action_is_found(self, action: str) -> None:
        broken = policy(Action=action, Resource="arn:aws:s3:::a", Condition={"Bool": {"aws:SecureTransport": "true"}})
        assert found("aws:iam/rolePolicy:RolePolicy", broken) == {"iam-no-wildcards": "mandatory"}

    def test_a_wildcard_in_a_policy_inside_a_role_is_found(self) -> None:
        role = {"inlinePolicies": [{"name": "a", **policy(Action="*", Resource="*")}]}
        assert found("aws:iam/role:Role", role) == {"iam-no-wildcards": "mandatory"}

    @pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::123456789012:root", "*"]}])
    def test_a_role_that_everybody_may_assume_is_found(self, principal: Any) -> None:
        trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]}
        assert found("aws:iam/role:Role", {"assumeRolePolicy": json.dumps(trust)}) == {"trust-closed": "mandatory"}

    def test_a_role_that_a_service_may_assume_is_fine(self) -> None:
        trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2"}}]}
        assert found("aws:iam/role:Role", {"assumeRolePolicy": json.dumps(trust)}) == {}

    @pytest.mark.parametrize(
        ("type_", "inputs"),
        [
            ("aws:ec2/securityGroup:SecurityGroup", {"ingress": [{"cidrBlocks": ["0.0.0.0/0"]}]}),
            ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "cidrBlocks": ["0.0.0.0/0"]}),
            ("aws:ec2/securityGroupRule:SecurityGroupRule", {"type": "ingress", "ipv6CidrBlocks": ["::/0"]}),
            ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", {"cidrIpv4": "0.0.0.0/0"}),
        ],
    )
    def test_a_port_open_to_the_world_is_found(self, type_: str, inputs: dict[str, Any]) -> None:
        assert found(type_, inputs) == {"ports-closed": "mandatory"}

    def test_traffic_that_leaves_may_go_anywhere(self) -> None:
        inputs = {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]}
        assert found("aws:ec2/securityGroupRule:SecurityGroupRule", inputs) == {}
