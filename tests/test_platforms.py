"""Where a platform comes from: made, another stack's, or this machine's."""

import json
from functools import cache
from typing import Any

import kubernetes_validate
import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.boundary import bound_roles
from infra.kubeconfig import as_role
from infra.setting_types import STACK_NAME
from infra.stack_outputs import StackOutputs
from offline.evaluate import evaluate, record
from offline.plan import Plan, Resource
from offline.references import evaluate_with_references
from tests.conftest import PROJECT, Planner
from tests.graph import before

REVIEW_ROLE, PREVIEW_ROLE = "arn:aws:iam::123456789012:role/review", "arn:aws:iam::123456789012:role/preview"
DEPLOYMENT, INGRESS = "kubernetes:apps/v1:Deployment", "kubernetes:networking.k8s.io/v1:Ingress"


@cache
def planned_review(stack: str, **settings: str) -> Plan:
    given = {"platform": "reference", "platformStack": "dev", **settings}
    return evaluate_with_references(PROJECT, stack, {f"helloworld:{key}": value for key, value in given.items()})


@pytest.fixture(scope="module")
def review() -> Plan:
    return planned_review("pr-7", deployRole=REVIEW_ROLE, hostname="pr-7.dev.example.com", zone="example.com")


@pytest.fixture(scope="module")
def local(planned: Planner) -> Plan:
    return planned("local")


@pytest.fixture(scope="module")
def fenced(planned: Planner) -> Plan:
    # Without the autoscaler, which has roles of its own.
    return planned("dev", {"reviewRole": REVIEW_ROLE, "nodeAutoscaling": "false"})


@pytest.fixture(scope="module")
def previewed(planned: Planner) -> Plan:
    return planned("dev", {"reviewRole": REVIEW_ROLE, "previewRole": PREVIEW_ROLE, "nodeAutoscaling": "false"})


def kubernetes_objects(plan: Plan) -> list[Resource]:
    return [each for each in plan.resources if each.type.startswith("kubernetes:")]


class TestReference:
    def test_it_makes_no_network_no_cluster_and_no_role(self, review: Plan) -> None:
        assert review.of(DEPLOYMENT)
        made = {each.type.split(":")[1].split("/")[0] for each in review.resources if each.type.startswith("aws:")}
        assert made == {"ecr", "acm", "route53"}
        assert not [each for each in review.resources if each.type.startswith("eks:")]

    def test_all_its_objects_are_in_a_namespace_of_its_own(self, review: Plan, dev: Plan) -> None:
        objects = kubernetes_objects(review)
        assert len(objects) == 9
        for each in objects:
            metadata = each.inputs["metadata"]
            assert (metadata["name"] if each.short_type == "Namespace" else metadata["namespace"]) == "helloworld-pr-7"
        assert review.outputs["namespace"] != dev.outputs["namespace"]

    def test_it_shares_no_name_with_the_stack_it_stands_on(self, review: Plan, dev: Plan) -> None:
        def names(plan: Plan) -> set[tuple[str, str]]:
            return {(each.type, str(each.inputs["name"])) for each in plan.resources if "name" in each.inputs}

        assert names(review)
        assert not names(review) & names(dev)
        group = "alb.ingress.kubernetes.io/group.name"
        groups = [plan.of(INGRESS)[0].inputs["metadata"]["annotations"][group] for plan in (review, dev)]
        assert groups == ["helloworld-pr-7", "helloworld-dev"]

    def test_its_images_are_in_a_registry_that_goes_with_it(self, review: Plan) -> None:
        (repository,) = review.of("aws:ecr/repository:Repository")
        assert repository.inputs["name"] == "helloworld-pr-7"
        assert repository.inputs["forceDelete"] is True
        assert str(review.outputs["image"]).partition("@")[0].endswith("/helloworld-pr-7")

    def test_a_quota_bounds_it_and_leaves_room_for_a_roll_out(self, review: Plan) -> None:
        (quota,) = review.of("kubernetes:core/v1:ResourceQuota")
        hard = quota.inputs["spec"]["hard"]
        assert hard["services.loadbalancers"] == "0"
        (autoscaler,) = review.of("kubernetes:autoscaling/v2:HorizontalPodAutoscaler")
        (deployment,) = review.of(DEPLOYMENT)
        most = autoscaler.inputs["spec"]["maxReplicas"]
        (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
        surge = -(-most // 2)
        assert int(hard["pods"]) >= most + surge
        request = int(container["resources"]["requests"]["cpu"].removesuffix("m"))
        assert int(hard["requests.cpu"].removesuffix("m")) >= (most + surge) * request

    def test_a_stack_that_has_the_cluster_to_itself_has_no_quota(self, dev: Plan) -> None:
        assert dev.of(DEPLOYMENT)
        assert not dev.of("kubernetes:core/v1:ResourceQuota")

    def test_it_lets_in_what_comes_through_the_other_stack_s_balancer_subnets(self, review: Plan, dev: Plan) -> None:
        policies = [
            plan.of("kubernetes:networking.k8s.io/v1:NetworkPolicy")[0].inputs["spec"] for plan in (review, dev)
        ]
        assert policies[0]["ingress"] == policies[1]["ingress"]
        assert policies[0]["ingress"][0]["from"]

    def test_it_reaches_the_cluster_in_its_own_role_s_name(self, review: Plan, dev: Plan) -> None:
        (provider,) = review.of("pulumi:providers:kubernetes")
        config = json.loads(provider.inputs["kubeconfig"])
        assert config["users"][0]["user"]["exec"]["args"][-2:] == ["--role-arn", REVIEW_ROLE]
        assert config["clusters"] == json.loads(str(dev.outputs["kubeconfig"]))["clusters"]
        assert provider.inputs["clusterIdentifier"] == dev.outputs["clusterName"]

    def test_its_manifests_are_valid(self, review: Plan) -> None:
        for each in kubernetes_objects(review):
            assert kubernetes_validate.validate(dict(each.inputs), "1.35", strict=True)

    def test_the_other_stack_has_to_be_deployed(self) -> None:
        def program() -> None:
            pulumi.export("cluster", StackOutputs("dev").require("clusterName"))

        with pytest.raises(pulumi.RunError, match="stack dev has no output clusterName: deploy it first"):
            record(program, stack="pr-7", stack_outputs={"organization/helloworld/dev": {"url": "x"}})

    def test_an_output_that_the_other_stack_has_no_value_for_is_as_good_as_none(self) -> None:
        def program() -> None:
            pulumi.export("database", StackOutputs("dev").require("database", "set it"))

        with pytest.raises(pulumi.RunError, match="stack dev has no output database: set it"):
            record(program, stack="pr-7", stack_outputs={"organization/helloworld/dev": {"database": None}})

    def test_stacks_that_refer_to_each_other_are_told_that_it_is_not_known(self) -> None:
        plan = planned_review("dev", platformStack="dev")
        assert plan.unresolved == ("organization/helloworld/dev",)


HOST = "dev.example.us-west-2.rds.amazonaws.com"
DATABASE_ROLE = "arn:aws:iam::123456789012:role/helloworld-dev-review-database"
OFFER = {"host": HOST, "networks": ["10.0.240.0/22", "10.0.244.0/22"], "reviewRole": DATABASE_ROLE}


def planned_with_database(offer: dict[str, Any] | None, stack: str = "pr-7", **settings: str) -> Plan:
    config = {"platform": "reference", "platformStack": "dev", "database": "true", **settings}
    dev = evaluate_with_references(PROJECT, "dev", {"helloworld:publicAccessCidrs": "[]"})
    outputs = {**dev.outputs, **({"database": offer} if offer else {})}
    return evaluate(
        PROJECT,
        stack,
        {f"helloworld:{key}": value for key, value in config.items()},
        stack_outputs={"organization/helloworld/dev": outputs},
    )


@cache
def with_database() -> Plan:
    return planned_with_database(OFFER)


class TestReferenceWithDatabase:
    def test_it_makes_the_right_to_log_in_and_no_server_role_or_provisioner(self) -> None:
        plan = with_database()
        (association,) = [each for each in plan.resources if each.type.startswith("aws:eks/")]
        assert association.inputs == {
            "clusterName": "helloworld-dev",
            "namespace": "helloworld-pr-7",
            "serviceAccount": "helloworld",
            "roleArn": DATABASE_ROLE,
        }
        made = {each.type.split(":")[1].split("/")[0] for each in plan.resources if each.type.startswith("aws:")}
        assert made == {"ecr", "eks"}
        assert len(plan.of(DEPLOYMENT)) == 1

    def test_its_pods_start_with_that_right_and_are_gone_before_it(self) -> None:
        plan = with_database()
        (association,) = plan.of("aws:eks/podIdentityAssociation:PodIdentityAssociation")
        assert before(plan, association, plan.of(DEPLOYMENT)[0])

    def test_its_database_and_user_are_called_as_its_namespace(self) -> None:
        (deployment,) = with_database().of(DEPLOYMENT)
        (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
        variables = {each["name"]: each["value"] for each in container["env"]}
        assert variables["DATABASE_URL"] == f"postgresql://helloworld-pr-7@{HOST}:5432/helloworld-pr-7"
        assert variables["DATABASE_IAM"] == "true"
        assert variables["AWS_REGION"] == "us-west-2"
        assert not {"DATABASE_SEED", "CACHE_URL"} & set(variables)

    def test_it_is_filled_where_that_is_asked_for(self) -> None:
        (deployment,) = planned_with_database(OFFER, databaseSeed="true").of(DEPLOYMENT)
        (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
        assert {"name": "DATABASE_SEED", "value": "true"} in container["env"]

    def test_its_pods_reach_the_other_stack_s_data_subnets(self) -> None:
        (policy,) = with_database().of("kubernetes:networking.k8s.io/v1:NetworkPolicy")
        peers = [peer for rule in policy.inputs["spec"]["egress"] for peer in rule["to"] if "ipBlock" in peer]
        assert {peer["ipBlock"]["cidr"] for peer in peers} == {*OFFER["networks"], "169.254.170.23/32"}

    def test_a_reviewer_may_make_all_of_it_on_the_cluster(self, fenced: Plan, review: Plan) -> None:
        kinds = {each.short_type for each in kubernetes_objects(with_database())}
        assert kinds <= {each.short_type for each in kubernetes_objects(review)}
        assert fenced.of("kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy")

    def test_what_dev_offers_is_what_it_takes(self, planned: Planner) -> None:
        dev = planned("dev", {"database": "true", "reviewRole": REVIEW_ROLE})
        assert set(dev.outputs["database"]) == set(OFFER)
        assert dev.outputs["database"]["reviewRole"] == DATABASE_ROLE
        assert dev.outputs["database"]["networks"] == OFFER["networks"]

    def test_without_an_offer_it_says_which_setting_to_set_where(self) -> None:
        cure = r"dev has no output database: set helloworld:database and helloworld:reviewRole there"
        with pytest.raises(pulumi.RunError, match=cure):
            planned_with_database(None)

    def test_its_manifests_are_valid(self) -> None:
        for each in kubernetes_objects(with_database()):
            assert kubernetes_validate.validate(dict(each.inputs), "1.35", strict=True)


class TestLocal:
    def test_it_needs_no_aws(self, local: Plan) -> None:
        assert local.of(DEPLOYMENT)
        assert not [each for each in local.resources if "aws" in each.type or "eks" in each.type]

    def test_it_has_no_balancer_and_says_where_the_service_will_be(self, local: Plan) -> None:
        assert local.of("kubernetes:core/v1:Service")
        assert not local.of(INGRESS)
        assert local.outputs["url"] == "http://localhost:8080"

    def test_it_is_reached_from_everywhere_as_a_forwarded_port_comes_from_the_node(self, local: Plan) -> None:
        (policy,) = local.of("kubernetes:networking.k8s.io/v1:NetworkPolicy")
        (rule,) = policy.inputs["spec"]["ingress"]
        assert rule["from"] == [{"ipBlock": {"cidr": "0.0.0.0/0"}}]

    def test_nothing_of_this_machine_is_in_the_plan(self, local: Plan) -> None:
        (provider,) = local.of("pulumi:providers:kubernetes")
        assert {"kubeconfig", "context"}.isdisjoint(provider.inputs)
        (image,) = local.of("docker:index/image:Image")
        assert "platform" not in image.inputs["build"]

    def test_the_image_is_loaded_before_the_pods_want_it_and_never_pulled(self, local: Plan) -> None:
        (image,) = local.of("docker:index/image:Image")
        assert image.inputs["skipPush"] is True
        (deployment,) = local.of(DEPLOYMENT)
        (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
        assert container["image"] == image.inputs["imageName"]
        assert container["imagePullPolicy"] == "Never"
        for moment in ("before_create", "before_update"):
            assert deployment.hooks[moment] == ["helloworld-image-load"]

    def test_with_a_registry_the_image_is_pushed_there_and_pulled_by_digest(self, planned: Planner) -> None:
        plan = planned("local", {"localRegistry": "localhost:5001"})
        (image,) = plan.of("docker:index/image:Image")
        assert image.inputs["imageName"].startswith("localhost:5001/helloworld:")
        assert image.inputs["skipPush"] is False
        (deployment,) = plan.of(DEPLOYMENT)
        (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
        assert container["image"].startswith("localhost:5001/helloworld@sha256:")
        assert "imagePullPolicy" not in container
        assert "before_create" not in deployment.hooks

    def test_the_release_is_the_one_of_the_other_stacks(self, local: Plan, dev: Plan) -> None:
        def kinds(plan: Plan) -> set[str]:
            return {each.short_type for each in plan.resources if "helloworld-release-" in each.name}

        assert kinds(local) == kinds(dev) - {"Ingress"}

    def test_its_manifests_are_valid(self, local: Plan) -> None:
        assert kubernetes_objects(local)
        for each in kubernetes_objects(local):
            assert kubernetes_validate.validate(dict(each.inputs), "1.35", strict=True)


class TestReviewAccess:
    def test_the_role_is_let_in_by_a_group_and_not_by_a_policy(self, fenced: Plan) -> None:
        (entry,) = [
            each for each in fenced.of("aws:eks/accessEntry:AccessEntry") if each.inputs["principalArn"] == REVIEW_ROLE
        ]
        assert entry.inputs["kubernetesGroups"] == ["helloworld:review"]
        assert not fenced.of("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")

    def test_it_gets_rights_only_once_they_are_fenced_in(self, fenced: Plan) -> None:
        binding = fenced.one(
            "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "helloworld-access-fenced-review-role-binding"
        )
        fence = fenced.one(
            "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
            "helloworld-access-fenced-review-policy-binding",
        )
        assert before(fenced, fence, binding)
        assert fence.inputs["spec"]["validationActions"] == ["Deny"]

    def test_the_fence_is_around_the_namespaces_of_review_environments(self, fenced: Plan, review: Plan) -> None:
        (policy,) = fenced.of("kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy")
        expressions = [each["expression"] for each in policy.inputs["spec"]["validations"]]
        (prefix,) = [each.split("'")[1] for each in expressions if each.startswith("request.namespace.startsWith")]
        assert str(review.outputs["namespace"]).startswith(prefix)
        assert not str(fenced.outputs["namespace"]).startswith(prefix)
        assert policy.inputs["spec"]["failurePolicy"] == "Fail"

    def test_the_fence_is_around_those_who_have_the_rights_and_sees_every_change_of_theirs(self, fenced: Plan) -> None:
        (policy,) = fenced.of("kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy")
        (binding,) = fenced.of("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding")
        (subject,) = binding.inputs["subjects"]
        (condition,) = policy.inputs["spec"]["matchConditions"]
        assert condition["expression"] == f"'{subject['name']}' in request.userInfo.groups"
        (rule,) = policy.inputs["spec"]["matchConstraints"]["resourceRules"]
        assert rule == {
            "apiGroups": ["*"],
            "apiVersions": ["*"],
            "operations": ["CREATE", "UPDATE", "DELETE", "CONNECT"],
            "resources": ["*/*"],
        }

    def test_a_review_environment_of_this_program_keeps_to_the_fence(self, review: Plan) -> None:
        """What the fence asks of objects, asked of the plan; that it refuses others was seen on a real API server."""
        (namespace,) = review.of("kubernetes:core/v1:Namespace")
        assert namespace.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        (ingress,) = review.of(INGRESS)
        annotations = ingress.inputs["metadata"]["annotations"]
        assert annotations["alb.ingress.kubernetes.io/group.name"] == ingress.inputs["metadata"]["namespace"]
        assert not {"load-balancer-name", "security-groups"} & {key.rpartition("/")[2] for key in annotations}
        (service,) = review.of("kubernetes:core/v1:Service")
        assert service.inputs["spec"]["type"] == "ClusterIP"
        (deployment,) = review.of("kubernetes:apps/v1:Deployment")
        assert "priorityClassName" not in deployment.inputs["spec"]["template"]["spec"]

    @pytest.mark.parametrize(
        "what",
        [
            "'Namespace'",
            "'Ingress'",
            "'Service'",
            "'Deployment'",
            "enforce",
            "group.name",
            "externalIPs",
            "priorityClassName",
        ],
    )
    def test_the_fence_looks_at_what_reaches_beyond_a_namespace(self, fenced: Plan, what: str) -> None:
        (policy,) = fenced.of("kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy")
        assert any(what in each["expression"] for each in policy.inputs["spec"]["validations"])

    def test_it_grants_no_secrets_no_rights_and_no_wildcard(self, fenced: Plan) -> None:
        (role,) = fenced.of("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")
        words = [word for rule in role.inputs["rules"] for key in rule for word in rule[key]]
        assert "deployments" in words
        assert {"*", "secrets", "clusterroles", "rolebindings", "escalate", "bind", "impersonate"}.isdisjoint(words)

    def test_it_grants_every_kind_that_a_review_environment_is_made_of(self, fenced: Plan, review: Plan) -> None:
        (role,) = fenced.of("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")
        writable = {
            (group, kind)
            for rule in role.inputs["rules"]
            if "create" in rule["verbs"]
            for group in rule["apiGroups"]
            for kind in rule["resources"]
        }
        needed = set()
        for each in kubernetes_objects(review):
            version = each.inputs["apiVersion"]
            kind = each.short_type.lower()
            plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}es" if kind.endswith("ss") else f"{kind}s"
            needed.add((version.rpartition("/")[0], plural))
        assert needed
        assert needed <= writable

    def test_it_may_look_at_what_the_plugin_watches_of_a_roll_out(self, fenced: Plan) -> None:
        """Else the plugin waits for ever: https://github.com/pulumi/pulumi-kubernetes, `provider/pkg/await`."""
        (role,) = fenced.of("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")
        watched = {kind for rule in role.inputs["rules"] if "watch" in rule["verbs"] for kind in rule["resources"]}
        assert {"deployments", "replicasets", "pods", "persistentvolumeclaims", "services", "endpoints"} <= watched

    def test_without_a_role_there_is_nothing_of_it(self, dev: Plan) -> None:
        assert dev.of(DEPLOYMENT)
        assert not [each for each in dev.resources if "fenced" in each.name]

    def test_its_manifests_are_valid(self, previewed: Plan) -> None:
        objects = [each for each in kubernetes_objects(previewed) if "access-fenced" in each.name]
        assert len(objects) == 8
        for each in objects:
            assert kubernetes_validate.validate(dict(each.inputs), "1.35", strict=True)


class TestPreviewAccess:
    def test_it_may_read_every_kind_that_the_program_makes_and_change_none(self, previewed: Plan) -> None:
        roles = previewed.of("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole")
        (role,) = [each for each in roles if each.inputs["metadata"]["name"] == "helloworld-preview"]
        readable = {kind for rule in role.inputs["rules"] for kind in rule["resources"]}
        made = {each.short_type.lower() for each in kubernetes_objects(previewed) if "helm.sh" not in each.type}
        assert len(made) >= 10
        assert [kind for kind in made if not any(each.startswith(kind[:-1]) for each in readable)] == []
        assert "secrets" not in readable
        verbs = {verb for rule in role.inputs["rules"] for verb in rule["verbs"]}
        assert verbs == {"get", "list", "watch"}

    def test_of_secrets_it_reads_those_that_hold_helm_s_records_only(self, previewed: Plan) -> None:
        (role,) = previewed.of("kubernetes:rbac.authorization.k8s.io/v1:Role")
        (chart,) = previewed.of("kubernetes:helm.sh/v3:Release")
        assert role.inputs["metadata"]["namespace"] == chart.inputs["namespace"]
        assert role.inputs["rules"] == [
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}
        ]

    def test_the_role_is_let_in_by_a_group(self, previewed: Plan) -> None:
        entries = previewed.of("aws:eks/accessEntry:AccessEntry")
        groups = {each.inputs["principalArn"]: each.inputs["kubernetesGroups"] for each in entries}
        assert groups == {REVIEW_ROLE: ["helloworld:review"], PREVIEW_ROLE: ["helloworld:preview"]}


class TestBoundary:
    ARN = "arn:aws:iam::123456789012:policy/boundary"

    def transformed(self, type_: str, props: dict[str, Any]) -> Any:
        arguments = pulumi.ResourceTransformArgs(
            custom=True, type_=type_, name="x", props=props, opts=pulumi.ResourceOptions()
        )
        return bound_roles(self.ARN)(arguments)

    def test_every_role_gets_it(self) -> None:
        result = self.transformed("aws:iam/role:Role", {"path": "/"})
        assert result.props == {"path": "/", "permissionsBoundary": self.ARN}

    def test_nothing_else_is_touched(self) -> None:
        assert self.transformed("aws:iam/policy:Policy", {}) is None

    def test_it_reaches_the_roles_inside_remote_components_too(self, planned: Planner) -> None:
        """The deploy role may make no role without it."""
        roles = planned("prod", {"permissionsBoundary": self.ARN}).of("aws:iam/role:Role")
        assert any(role.modelled for role in roles)
        assert len(roles) >= 4
        assert {role.inputs["permissionsBoundary"] for role in roles} == {self.ARN}

    def test_without_one_no_role_has_any(self, prod: Plan) -> None:
        assert prod.of("aws:iam/role:Role")
        assert not [role for role in prod.of("aws:iam/role:Role") if "permissionsBoundary" in role.inputs]


@pytest.mark.parametrize("kind", ["dev", "review", "local"])
def test_objects_that_a_killed_up_has_left_or_a_person_has_changed_are_taken_over(
    request: pytest.FixtureRequest, kind: str
) -> None:
    (provider,) = [
        each
        for each in request.getfixturevalue(kind).of("pulumi:providers:kubernetes")
        if each.name == "helloworld-kubernetes"
    ]
    for option in ("enableServerSideApply", "upsertExistingObjects", "enablePatchForce"):
        assert provider.inputs[option] in (True, "true")


class TestPromotion:
    def test_a_stack_that_builds_what_it_should_be_given_says_so(self, prod: Plan) -> None:
        assert any("make promote STACK=prod" in message.text for message in prod.messages)

    def test_with_an_image_there_is_nothing_to_say(self, planned: Planner) -> None:
        image = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/helloworld-prod@sha256:{'0' * 64}"
        plan = planned("prod", {"image": image})
        assert plan.outputs["image"] == image
        assert not any("promote" in message.text for message in plan.messages)


def kubeconfig(*arguments: str) -> str:
    execution = {"command": "aws", "args": ["eks", "get-token", "--cluster-name", "dev", *arguments]}
    return json.dumps({"users": [{"name": "aws", "user": {"exec": execution}}]})


@pytest.mark.parametrize("option", ["--role", "--role-arn"])
@pytest.mark.parametrize(("role", "expected"), [("arn:b", ["--role-arn", "arn:b"]), (None, [])])
def test_a_kubeconfig_asks_in_one_role_s_name_only(option: str, role: str | None, expected: list[str]) -> None:
    result = json.loads(as_role(kubeconfig(option, "arn:a", "--output", "json"), role))
    arguments = result["users"][0]["user"]["exec"]["args"]
    assert arguments == ["eks", "get-token", "--cluster-name", "dev", "--output", "json", *expected]


@given(st.from_regex(STACK_NAME, fullmatch=True))
def test_a_kubeconfig_in_a_role_s_name_stays_so(role: str) -> None:
    once = as_role(kubeconfig(), role)
    assert as_role(once, role) == once
