"""The plan of `bootstrap/`."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import pulumi
import pytest
import yaml

from bootstrap import address_policy, leftovers_policy, names, preflight_policy, reads, review_policy, settings, trust
from infra.problems import SettingsError
from offline.evaluate import evaluate
from offline.plan import Plan, Resource
from policy import rules
from policy.rules import Allowed
from tests.conftest import PROJECT

BUCKET = "aws:s3/bucket:Bucket"
ROLE, POLICY = "aws:iam/role:Role", "aws:iam/policy:Policy"
REPOSITORY = "octo@1/hello@2"


@cache
def _plan(changes: tuple[tuple[str, str], ...]) -> Plan:
    own = {f"{names.BOOTSTRAP_PROJECT}:{key}": value for key, value in dict(changes).items()}
    config = {f"{names.BOOTSTRAP_PROJECT}:repository": REPOSITORY, **own}
    return evaluate(PROJECT / "bootstrap", names.BOOTSTRAP_STACK, config)


def planned(changes: Mapping[str, str] | None = None) -> Plan:
    return _plan(tuple(sorted((changes or {}).items())))


@pytest.fixture
def plan() -> Plan:
    return planned()


def part(plan: Plan, kind: str, name: str) -> Mapping[str, Any]:
    return plan.one(f"aws:s3/{kind[0].lower()}{kind[1:]}:{kind}", f"helloworld-state-bucket-{name}").inputs


def role_of(plan: Plan, name: str) -> Resource:
    return next(each for each in plan.of(ROLE) if each.inputs["name"] == name)


def test_the_program_is_a_story_of_at_most_fifty_lines_without_apply() -> None:
    source = (PROJECT / "bootstrap" / "__main__.py").read_text("utf-8")
    assert len(source.splitlines()) <= 50
    assert ".apply(" not in source


def test_the_bucket_is_found_by_its_name(plan: Plan) -> None:
    name = plan.one(BUCKET, "helloworld-state-bucket").inputs["bucket"]
    assert name == names.state_bucket("123456789012", "us-west-2")
    assert plan.outputs["backendUrl"] == f"s3://{name}?region=us-west-2"


def test_the_bucket_is_versioned_encrypted_private_and_its_owners(plan: Plan) -> None:
    assert part(plan, "BucketVersioning", "versioning")["versioningConfiguration"] == {"status": "Enabled"}
    (rule,) = part(plan, "BucketServerSideEncryptionConfiguration", "encryption")["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    access = part(plan, "BucketPublicAccessBlock", "access")
    assert [
        access[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ] == [True] * 4
    assert part(plan, "BucketOwnershipControls", "ownership")["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_the_bucket_is_reached_over_tls_only(plan: Plan) -> None:
    (statement,) = json.loads(part(plan, "BucketPolicy", "policy")["policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2


def test_old_versions_and_stopped_uploads_go_and_the_newest_version_stays(plan: Plan) -> None:
    rules_ = part(plan, "BucketLifecycleConfiguration", "lifecycle")["rules"]
    old, stopped = rules_
    assert old["noncurrentVersionExpiration"] == {"noncurrentDays": 90}
    assert stopped["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert not [rule for rule in rules_ if "days" in rule.get("expiration", {})]


@pytest.mark.parametrize(
    ("kind", "name"),
    [(BUCKET, "bucket"), ("aws:kms/key:Key", "key"), ("aws:kms/alias:Alias", "key-alias")],
)
def test_what_holds_the_state_is_protected(plan: Plan, kind: str, name: str) -> None:
    assert plan.one(kind, f"helloworld-state-{name}").options["protect"] is True


def test_the_key_rotates_and_has_the_name_that_stack_files_say(plan: Plan) -> None:
    assert plan.one("aws:kms/key:Key", "helloworld-state-key").inputs["enableKeyRotation"] is True
    alias = plan.one("aws:kms/alias:Alias", "helloworld-state-key-alias").inputs["name"]
    assert plan.outputs["secretsProvider"] == f"awskms://{alias}?region=us-west-2"


def test_github_is_a_provider_for_aws_alone(plan: Plan) -> None:
    (provider,) = plan.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    assert provider.inputs == {
        "url": "https://token.actions.githubusercontent.com",
        "clientIdLists": ["sts.amazonaws.com"],
    }


def test_a_provider_that_the_account_has_is_used_and_not_made() -> None:
    there = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
    plan = planned({"githubOidcProvider": there})
    assert plan.of(ROLE)
    assert not plan.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    trusted = json.loads(role_of(plan, names.PREVIEW_ROLE).inputs["assumeRolePolicy"])["Statement"][0]
    assert trusted["Principal"] == {"Federated": there}


def test_there_is_a_deploy_role_for_each_environment(plan: Plan) -> None:
    made = {each.inputs["name"] for each in plan.of(ROLE)}
    assert made == {names.PREVIEW_ROLE, names.REVIEW_ROLE, names.deploy_role("dev"), names.deploy_role("prod")}
    more = planned({"environments": '["dev", "test", "prod"]'})
    assert names.deploy_role("test") in {each.inputs["name"] for each in more.of(ROLE)}


def test_the_deploy_role_of_an_environment_abroad_has_its_rights_there_and_its_state_here() -> None:
    plan = planned({"environments": '["dev", "prod", "prod-eu"]', "regions": '{"prod-eu": "eu-west-1"}'})

    def text(role: str, topic: str) -> str:
        return str(plan.one(POLICY, f"{role}-{topic}").inputs["policy"])

    abroad, home = names.deploy_role("prod-eu"), names.deploy_role("prod")
    assert "arn:aws:rds:eu-west-1:123456789012:db:helloworld-prod-eu" in text(abroad, "database")
    assert "us-west-2" not in text(abroad, "database") + text(abroad, "network")
    assert "eu-west-1" not in text(home, "database") + text(home, "network")
    assert "helloworld-state-123456789012-us-west-2" in text(abroad, "state")
    for stack in ("dev", "prod"):
        assert f"arn:aws:ecr:us-west-2:123456789012:repository/helloworld-{stack}" in text(abroad, "cluster")
    assert "arn:aws:eks:*:123456789012:cluster/helloworld-*" in text(names.PREVIEW_ROLE, "resources")


def test_every_role_is_under_a_boundary_of_its_own(plan: Plan) -> None:
    found = {each.inputs["name"]: each.inputs["permissionsBoundary"] for each in plan.of(ROLE)}
    assert len(found) == 4
    assert all(arn.endswith(f":policy/{names.boundary(role)}") for role, arn in found.items())


def test_every_role_is_trusted_as_its_kind_is(plan: Plan) -> None:
    provider = json.loads(role_of(plan, names.PREVIEW_ROLE).inputs["assumeRolePolicy"])["Statement"][0]["Principal"]
    known = ("123456789012", provider["Federated"], REPOSITORY)
    expected = {
        names.PREVIEW_ROLE: trust.preview_trust(*known, "main", []),
        names.REVIEW_ROLE: trust.review_trust(*known, []),
        names.deploy_role("dev"): trust.deploy_trust(*known, "dev", []),
        names.deploy_role("prod"): trust.deploy_trust(*known, "prod", []),
    }
    assert {each.inputs["name"]: each.inputs["assumeRolePolicy"] for each in plan.of(ROLE)} == expected


def test_every_policy_is_attached_to_its_role_and_nothing_else_is(plan: Plan) -> None:
    attached = plan.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    policies = [each for each in plan.of(POLICY) if not each.name.endswith("-boundary")]
    assert len(attached) == len(policies) == 25
    assert not [each for each in attached if not each.name.startswith(each.inputs["role"])]
    assert not plan.of("aws:iam/rolePolicy:RolePolicy")


def test_nothing_is_tagged_as_a_stacks_own(plan: Plan) -> None:
    """What carries a stack's tags may be changed by that stack's role."""
    given = plan.one("pulumi:providers:aws", "helloworld-aws").inputs["defaultTags"]
    tags = json.loads(given) if isinstance(given, str) else given
    assert tags["tags"]["project"] == names.BOOTSTRAP_PROJECT != names.PROJECT


def test_the_program_holds_no_secret(plan: Plan) -> None:
    """Its state begins under a passphrase that everyone knows."""
    assert plan.resources
    assert "[secret]" not in json.dumps(plan.to_json())


def test_everything_belongs_to_a_component(plan: Plan) -> None:
    orphans = [each.urn for each in plan.children(None) if each.custom and "pulumi:providers:" not in each.type]
    assert plan.children(None)
    assert orphans == []


def test_the_policy_pack_finds_nothing_but_the_rights_that_are_listed(plan: Plan) -> None:
    """What the lists mean is tested in test_bootstrap_policies.py."""
    allow_list = [
        *(Allowed("*", action, "AWS has no resource for it") for action in unscoped()),
        Allowed("*-boundary", "*", "a boundary grants nothing"),
    ]
    assert rules.check(plan.resources, "account", allowed=allow_list) == []
    assert rules.check(plan.resources, "account", allowed=())


def unscoped() -> list[str]:
    made = address_policy.MADE_WITHOUT_RESOURCE
    asked = [*reads.UNSCOPED, *review_policy.UNSCOPED, *preflight_policy.UNSCOPED, *leftovers_policy.UNSCOPED]
    return [*asked, *made]


def given(**values: str) -> dict[str, str]:
    config = {"repository": REPOSITORY, **values}
    return {f"{names.BOOTSTRAP_PROJECT}:{key}": value for key, value in config.items()}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("repository", ""),
        ("repository", "octo"),
        ("repository", "octo/*"),
        ("repository", "octo/hello@2"),
        ("repository", "octo@1/hello"),
        ("repository", "octo/hello:environment:prod"),
        ("repository", "octo/hello\n"),
        ("repository", "octo/.."),
        ("region", "cn-north-1"),
        ("environments", "[]"),
        ("environments", "dev"),
        ("environments", '["dev", "dev"]'),
        ("environments", '["dev", "review"]'),
        ("environments", '["dev", "pr-1"]'),
        ("environments", '["dev", "*"]'),
        ("operators", '["*"]'),
        ("operators", '["arn:aws:iam::123456789012:root"]'),
        ("defaultBranch", "*"),
        ("defaultBranch", "a b"),
        ("hostedZones", '["*"]'),
        ("environments", '["test"]'),
        ("regions", "eu-west-1"),
        ("regions", '["eu-west-1"]'),
        ("regions", '{"prod": "europe"}'),
        ("regions", '{"prod": "cn-north-1"}'),
        ("regions", '{"prod-eu": "eu-west-1"}'),
        ("regions", '{"review": "eu-west-1"}'),
        ("githubOidcProvider", "arn:aws:iam::123456789012:oidc-provider/example.com"),
        ("unknown", "x"),
    ],
)
def test_a_setting_that_would_let_others_in_or_nobody_is_refused(key: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.parse(given(**{key: value}))
    assert [problem.key for problem in refused.value.problems] == [f"{names.BOOTSTRAP_PROJECT}:{key}"]
    assert isinstance(refused.value, pulumi.RunError)


@pytest.mark.parametrize("repository", ["octo/hello", "octo@1/hello@2", "a/.github", "Octo-Org@12/My.Repo_1@34"])
def test_a_repository_is_named_as_tokens_name_it(repository: str) -> None:
    assert settings.parse(given(repository=repository)).repository == repository


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        settings.parse(given(repository="x", region="y", environments="z"))
    assert len(refused.value.problems) == 3


def test_operators_whose_trust_iam_would_not_take_are_refused() -> None:
    names_ = [f"arn:aws:iam::123456789012:role/{'x' * 60}{number}" for number in range(20)]
    with pytest.raises(SettingsError, match="IAM takes 2048"):
        settings.parse(given(operators=json.dumps(names_)))
    assert len(settings.parse(given(operators=json.dumps(names_[:10]))).operators) == 10


def test_the_settings_are_those_that_the_project_describes() -> None:
    described = yaml.safe_load((PROJECT / "bootstrap" / "Pulumi.yaml").read_text("utf-8"))["config"]
    assert set(described) == {field.alias for field in settings.Settings.model_fields.values()}
    least = {f"{names.BOOTSTRAP_PROJECT}:repository": REPOSITORY}
    parsed = settings.parse(least).model_dump(by_alias=True)
    parsed |= {"repository": "", "githubOidcProvider": ""}
    assert {key: row["default"] for key, row in described.items()} == parsed
