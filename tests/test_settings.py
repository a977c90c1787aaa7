"""The settings: what is taken, what is refused, and how a refusal reads."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.addons import VERSIONS
from infra.problems import SHOWN_CHARACTERS, Problem, SettingsError
from infra.problems import shown as show
from infra.settings import Settings, load, parse, setting_types
from offline.evaluate import record

PULUMI_YAML = Path(__file__).parent.parent / "Pulumi.yaml"
KEYS = sorted(setting_types())
ACCOUNT = "arn:aws:iam::123456789012"
DIGEST = "sha256:" + "0123456789abcdef" * 4
IMAGE = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/helloworld@{DIGEST}"
# Cyrillic and Greek letters and full-width digits that look like those of ASCII.
LOOK_ALIKE_A, LOOK_ALIKE_O, FULL_WIDTH_ONE = "\u0430", "\u03bf", "\uff11"
ARABIC_DIGITS = "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660\u0661\u0662"


def parsed(**values: str) -> Settings:
    return parse({f"helloworld:{key}": value for key, value in values.items()})


def refused(configuration: Mapping[str, str]) -> Sequence[Problem]:
    with pytest.raises(SettingsError) as error:
        parse(configuration)
    return error.value.problems


def keys(problems: Sequence[Problem]) -> list[str]:
    return sorted(problem.key.removeprefix("helloworld:") for problem in problems)


def access(*entries: Any) -> str:
    return json.dumps(entries)


# The defaults


def test_the_defaults_are_valid() -> None:
    assert parse({}) == Settings.model_validate({})


def test_an_empty_text_stands_for_a_setting_that_is_not_set() -> None:
    assert parsed(**dict.fromkeys(KEYS, "")) == parse({})


def test_a_default_of_one_stack_is_not_the_same_object_in_another() -> None:
    assert parse({}).tags is not parse({}).tags
    assert parse({}).zones is not parse({}).zones


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        parse({}).region = "eu-west-1"
    with pytest.raises(ValidationError, match="frozen"):
        parsed(access=access({"principal": f"{ACCOUNT}:role/a", "policy": "view"})).access[0].policy = "admin"


def described() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(PULUMI_YAML.read_text(encoding="utf-8"))["config"])


def test_pulumi_yaml_describes_exactly_the_settings_there_are() -> None:
    assert sorted(described()) == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_pulumi_yaml_gives_a_setting_its_type_its_default_and_a_description(key: str) -> None:
    entry = described()[key]
    default = Settings.model_validate({}).model_dump(mode="json", by_alias=True)[key]
    assert entry["type"] == setting_types()[key]
    assert entry["default"] == ("" if default is None else default)
    assert type(entry["default"]) is type("" if default is None else default)
    assert entry["description"].strip()


@pytest.mark.parametrize("key", KEYS)
def test_the_default_in_pulumi_yaml_is_what_the_program_reads_without_it(key: str) -> None:
    default = described()[key]["default"]
    assert parsed(**{key: default if isinstance(default, str) else json.dumps(default)}) == parse({})


@pytest.mark.parametrize("key", KEYS)
def test_a_setting_says_what_it_takes(key: str) -> None:
    fields = {field.alias: field for field in Settings.model_fields.values()}
    assert fields[key].description


def test_the_settings_are_read_from_the_stack_s_configuration() -> None:
    messages: list[str] = []
    record(lambda: messages.append(load().message), config={"helloworld:message": "Moin"})
    assert messages == ["Moin"]


# What is taken

GOOD = [
    ("region", "eu-central-1", "eu-central-1"),
    ("region", "ap-southeast-4", "ap-southeast-4"),
    ("platform", "local", "local"),
    ("promoteFrom", "dev", "dev"),
    ("imageFrom", IMAGE, IMAGE),
    ("permissionsBoundary", f"{ACCOUNT}:policy/helloworld/boundary", f"{ACCOUNT}:policy/helloworld/boundary"),
    ("permissionsBoundary", "arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::aws:policy/PowerUserAccess"),
    ("chartRepository", "https://charts.example.com/eks", "https://charts.example.com/eks"),
    ("chartRepository", "http://127.0.0.1:8879", "http://127.0.0.1:8879"),
    ("reviewRole", f"{ACCOUNT}:role/review", f"{ACCOUNT}:role/review"),
    ("protect", "true", True),
    ("deployRole", f"{ACCOUNT}:role/deploy", f"{ACCOUNT}:role/deploy"),
    ("deployRole", f"{ACCOUNT}:role/ci/github/deploy", f"{ACCOUNT}:role/ci/github/deploy"),
    ("deployRole", f"{ACCOUNT}:role/{'p' * 500}/{'n' * 64}", f"{ACCOUNT}:role/{'p' * 500}/{'n' * 64}"),
    ("tags", "{}", {}),
    ("tags", '{"team": "web", "cost center": "a/b=c"}', {"team": "web", "cost center": "a/b=c"}),
    ("tags", json.dumps({"k" * 128: "v" * 256}), {"k" * 128: "v" * 256}),
    ("image", IMAGE, IMAGE),
    ("image", f"localhost:5000/a/b/c@{DIGEST}", f"localhost:5000/a/b/c@{DIGEST}"),
    ("message", "Grüße, 世界!", "Grüße, 世界!"),
    ("message", "x" * 200, "x" * 200),
    ("message", "[1]", "[1]"),
    ("replicasMin", "6", 6),
    ("replicasMax", "1000", 1000),
    ("cpuTargetPercent", "95", 95),
    ("rolloutSeconds", "1800", 1800),
    ("networkCidr", "10.1.0.0/16", "10.1.0.0/16"),
    ("networkCidr", "192.168.2.0/23", "192.168.2.0/23"),
    ("zones", '["c", "a"]', ["c", "a"]),
    ("zones", '["a", "b", "d"]', ["a", "b", "d"]),
    ("kubernetesVersion", "1.35", "1.35"),
    ("serviceCidr", "10.96.0.0/12", "10.96.0.0/12"),
    ("publicAccessCidrs", '["0.0.0.0/0"]', ["0.0.0.0/0"]),
    ("publicAccessCidrs", '["198.51.100.7/32", "203.0.113.0/24"]', ["198.51.100.7/32", "203.0.113.0/24"]),
    ("authenticationMode", "API_AND_CONFIG_MAP", "API_AND_CONFIG_MAP"),
    ("nat", "none", "none"),
    ("controlPlaneLogs", "[]", []),
    ("controlPlaneLogs", '["audit", "api"]', ["audit", "api"]),
    ("logRetentionDays", "1", 1),
    ("logRetentionDays", "3653", 3653),
    ("nodeInstanceTypes", '["m7g.large", "c8gn.metal-24xl", "x2gd.16xlarge"]', None),
    ("nodeCapacity", "spot", "spot"),
    ("nodeMin", "1", 1),
    ("nodeMax", "100", 100),
    ("nodeDiskGiB", "1024", 1024),
    ("nodeAutoscaling", "true", True),
    ("requestsPerPod", "100", 100),
    ("kedaChartRepository", "https://charts.example.com/keda", "https://charts.example.com/keda"),
    ("database", "true", True),
    ("databaseInstanceType", "db.m7g.2xlarge", "db.m7g.2xlarge"),
    ("databaseStorageGiB", "65536", 65_536),
    ("databaseBackupDays", "35", 35),
    ("cache", "true", True),
    ("cacheMaxGiB", "5000", 5_000),
    ("cacheMaxEcpu", "15000000", 15_000_000),
    ("observability", "true", True),
    ("monitoring", "true", True),
    ("alarmErrorPercent", "50", 50),
    ("alarmLatencyMilliseconds", "250", 250),
    ("alarmPendingMinutes", "5", 5),
]


@pytest.mark.parametrize(("key", "text", "value"), GOOD, ids=lambda each: str(each)[:40])
def test_a_good_value_is_taken(key: str, text: str, value: Any) -> None:
    taken = parsed(**{key: text}).model_dump(mode="json", by_alias=True)[key]
    assert taken == (json.loads(text) if value is None else value)
    assert type(taken) is type(json.loads(text) if value is None else value)


@pytest.mark.parametrize(
    ("hostname", "zone"),
    [("hello.example.com", "example.com"), ("example.com", "example.com"), ("a.b.example.com", "example.com")],
)
def test_a_hostname_in_its_zone_is_taken_and_the_zone_s_own_name_too(hostname: str, zone: str) -> None:
    taken = parsed(hostname=hostname, zone=zone)
    assert (taken.hostname, taken.zone) == (hostname, zone)


def test_grants_become_what_the_components_take() -> None:
    taken = parsed(
        access=access(
            {"principal": f"{ACCOUNT}:role/team/web", "policy": "edit", "namespaces": ["helloworld"]},
            {"principal": f"{ACCOUNT}:user/jo", "groups": ["viewers"]},
        )
    )
    first, second = taken.grants
    assert (first.principal, first.policy, first.groups, first.namespaces) == (
        f"{ACCOUNT}:role/team/web",
        "edit",
        [],
        ["helloworld"],
    )
    assert (second.policy, second.groups) == (None, ["viewers"])


def test_amd64_nodes_are_taken_with_types_of_their_own() -> None:
    types = '["m7i.large", "g4dn.xlarge", "t3.medium"]'
    assert parsed(nodeArchitecture="amd64", nodeInstanceTypes=types).node_instance_types[0] == "m7i.large"


def test_configuration_of_others_is_left_to_them() -> None:
    assert parse({"pulumi:tags": "{", "docker:host": "x"}) == parse({})


@pytest.mark.parametrize("key", ["kubernetes:context", "helloword:region", "alone", "", ":", "a:b:c"])
def test_a_key_that_nothing_reads_is_refused(key: str) -> None:
    (problem,) = refused({key: "x"})
    assert problem.reason == "nothing in this program reads it"


@pytest.mark.parametrize("stack", ["Dev", "my.env", "1st", "a" * 41, "dev_1", "-a", "a-", "a--b"])
def test_a_stack_whose_name_cannot_be_part_of_names_is_refused_with_all_else(stack: str) -> None:
    with pytest.raises(SettingsError) as error:
        record(load, stack=stack, config={"helloworld:nodeMin": "x"})
    assert [problem.key for problem in error.value.problems] == ["stack", "helloworld:nodeMin"]


@pytest.mark.parametrize("stack", ["dev", "prod", "prod-eu-1", "pr-123", "a" * 40])
def test_stacks_are_named_as_names_in_aws_and_kubernetes_are(stack: str) -> None:
    assert record(load, stack=stack).stack == stack


# What is refused

BAD = [
    ("platform", "eks", "'create', 'reference' or 'local'"),
    ("platform", "reference", "not said to which stack"),
    ("platformStack", "dev", "platform is create"),
    ("platformStack", "Dev", "form"),
    ("localRegistry", "localhost:5001", "platform is not local"),
    ("localRegistry", "https://localhost:5001", "form"),
    ("promoteFrom", "dev/prod", "form"),
    ("imageFrom", "registry.example.com/app:latest", "form"),
    ("permissionsBoundary", f"{ACCOUNT}:role/boundary", "form"),
    ("chartRepository", "http://charts.example.com", "form"),
    ("chartRepository", "oci://charts.example.com", "form"),
    ("reviewRole", f"{ACCOUNT}:user/review", "form"),
    ("previewRole", "preview", "form"),
    ("tags", '{"project": "mine"}', "project is set by the program"),
    ("sourceUrl", "git@git.example.com:team/hello", "form"),
    ("sourceUrl", "https://git.example.com/a b", "form"),
    ("region", "us-gov-west-1", "form"),
    ("region", "cn-north-1", "form"),
    ("region", "us-isob-east-1", "form"),
    ("region", "eu-isoe-west-1", "form"),
    ("region", "us-west", "form"),
    ("region", "US-WEST-2", "form"),
    ("region", "us-west-2a", "form"),
    ("region", "us-west-2\n", "form"),
    ("region", f"us-e{LOOK_ALIKE_A}st-1", "form"),
    ("region", f"us-east-{FULL_WIDTH_ONE}", "form"),
    ("region", "[1]", "form"),
    ("region", "x" * 100_000, "30 characters"),
    ("protect", "yes", "neither true nor false"),
    ("protect", "True", "neither true nor false"),
    ("protect", "1", "boolean"),
    ("protect", '"true"', "boolean"),
    ("protect", "null", "boolean"),
    ("protect", "[true]", "boolean"),
    ("deployRole", "deploy", "form"),
    ("deployRole", "arn:aws:iam::12345678901:role/deploy", "form"),
    ("deployRole", "arn:aws-cn:iam::123456789012:role/deploy", "form"),
    ("deployRole", f"{ACCOUNT}:user/deploy", "form"),
    ("deployRole", f"{ACCOUNT}:role/", "form"),
    ("deployRole", f"{ACCOUNT}:role/path/", "form"),
    ("deployRole", f"{ACCOUNT}:role//deploy", "form"),
    ("deployRole", f"{ACCOUNT}:role/{'n' * 65}", "form"),
    ("deployRole", f"{ACCOUNT}:role/deploy\n", "form"),
    ("deployRole", f"{ACCOUNT}:role/{'a/' * 50_000}b", "606 characters"),
    ("deployRole", f"arn:aws:iam::{ARABIC_DIGITS}:role/deploy", "form"),
    ("deployRole", "arn:aws:sts::123456789012:assumed-role/deploy/session", "form"),
    ("tags", "[]", "dictionary"),
    ("tags", "team=web", "not a map"),
    ("tags", '{"team": 1}', "at [team]"),
    ("tags", '{"team": null}', "at [team]"),
    ("tags", '{"team": "a\\n"}', "at [team]"),
    ("tags", '{"aws:team": "web"}', "at [aws:team]"),
    ("tags", '{"AWS:team": "web"}', "at [AWS:team]"),
    ("tags", '{"": "web"}', "at []"),
    ("tags", '{"t\\u0435am": "web"}', "at [t\\u0435am]"),
    ("tags", json.dumps({"k" * 129: "v"}), "form"),
    ("tags", json.dumps({"k": "v" * 257}), "form"),
    ("tags", json.dumps({str(number): "" for number in range(41)}), "too many"),
    ("hostname", "hello.example.com", "no zone"),
    ("hostname", "Hello.example.com", "form"),
    ("hostname", "localhost", "form"),
    ("hostname", "hello.example.com.", "form"),
    ("hostname", "hello.example.com\n", "form"),
    ("hostname", "-hello.example.com", "form"),
    ("hostname", "a..example.com", "form"),
    ("hostname", "*.example.com", "form"),
    ("hostname", "10.0.0.1", "form"),
    ("hostname", "https://hello.example.com", "form"),
    ("hostname", f"hell{LOOK_ALIKE_O}.example.com", "form"),
    ("hostname", "[1]", "form"),
    ("hostname", "a" * 64 + ".example.com", "64 characters"),
    ("zone", "example.com", "no hostname"),
    ("zone", "com", "form"),
    ("zone", "Z0123456789ABC", "form"),
    ("zone", ".".join(["a" * 50] * 6), "form"),
    ("image", "registry.example.com/app:latest", "form"),
    ("image", "registry.example.com/app", "form"),
    ("image", f"app@{DIGEST}", "form"),
    ("image", f"registry.example.com/app@{DIGEST[:-1]}", "form"),
    ("image", f"registry.example.com/app@{DIGEST.upper()}", "form"),
    ("image", f"registry.example.com/App@{DIGEST}", "form"),
    ("image", f"https://registry.example.com/app@{DIGEST}", "form"),
    ("image", f"localhost:{FULL_WIDTH_ONE}/app@{DIGEST}", "form"),
    ("image", f"{IMAGE}\n", "form"),
    ("message", "x" * 201, "200 characters"),
    ("message", "two\nlines", "cannot be printed"),
    ("message", "Hello!\n", "cannot be printed"),
    ("message", "\x1b[31m", "cannot be printed"),
    ("message", "right\u202eleft", "cannot be printed"),
    ("message", "\ud800", "unicode"),
    ("replicasMin", "0", "greater than or equal to 1"),
    ("replicasMin", "101", "less than or equal to 100"),
    ("replicasMin", "7", "above replicasMax, 6"),
    ("replicasMin", "2.0", "integer"),
    ("replicasMin", "true", "integer"),
    ("replicasMin", '"2"', "integer"),
    ("replicasMin", "two", "not a whole number"),
    ("replicasMin", "NaN", "integer"),
    ("replicasMin", "Infinity", "integer"),
    ("replicasMin", "1e400", "integer"),
    ("replicasMin", "9" * 5000, "not a whole number"),
    ("replicasMin", FULL_WIDTH_ONE, "not a whole number"),
    ("replicasMax", "1001", "less than or equal to 1000"),
    ("cpuTargetPercent", "9", "greater than or equal to 10"),
    ("cpuTargetPercent", "96", "less than or equal to 95"),
    ("cpuTargetPercent", "-70", "greater than or equal to 10"),
    ("rolloutSeconds", "59", "greater than or equal to 60"),
    ("rolloutSeconds", "1801", "less than or equal to 1800"),
    ("rolloutSeconds", "3m", "not a whole number"),
    ("networkCidr", "10.0.0.0", "CIDR notation"),
    ("networkCidr", "10.0.0.1/16", "host bits set"),
    ("networkCidr", "10.0.0.0/33", "not an IPv4 network"),
    ("networkCidr", "10.0.0.0/16\n", "not an IPv4 network"),
    ("networkCidr", f"{FULL_WIDTH_ONE}0.0.0.0/16", "not an IPv4 network"),
    ("networkCidr", "fd00::/16", "not an IPv4 network"),
    ("networkCidr", "x" * 100_000 + "/16", "not an IPv4 network"),
    ("networkCidr", "10.0.0.0/24", "too small"),
    ("networkCidr", "10.0.0.0/15", "larger than a VPC may be"),
    ("networkCidr", "8.8.0.0/16", "not a private network"),
    ("networkCidr", "172.32.0.0/16", "not a private network"),
    ("zones", '["a"]', "too few"),
    ("zones", '["a", "b", "c", "d"]', "too many"),
    ("zones", '["a", "a"]', "twice"),
    ("zones", '["a", "us-west-2b"]', "at [1]"),
    ("zones", '["a", "B"]', "at [1]"),
    ("zones", '["a", "b\\n"]', "at [1]"),
    ("zones", '["a", 2]', "at [1]"),
    ("zones", f'["b", "{LOOK_ALIKE_A}"]', "at [1]"),
    ("zones", '"ab"', "list"),
    ("zones", "ab", "not a list"),
    ("nat", "instance", "'gateway'"),
    ("natPerZone", "per zone", "neither true nor false"),
    ("flowLogs", "{}", "boolean"),
    ("kubernetesVersion", "1.34", "not a supported Kubernetes version"),
    ("kubernetesVersion", "1.35.1", "not a supported Kubernetes version"),
    ("kubernetesVersion", "v1.35", "not a supported Kubernetes version"),
    ("kubernetesVersion", "1.35\n", "not a supported Kubernetes version"),
    ("serviceCidr", "10.0.128.0/20", "overlaps networkCidr, 10.0.0.0/16"),
    ("serviceCidr", "10.0.0.0/11", "not from /12 to /24"),
    ("serviceCidr", "172.20.0.0/25", "not from /12 to /24"),
    ("serviceCidr", "100.64.0.0/16", "not a private network"),
    ("publicAccessCidrs", '["10.1.0.0/16"]', "10.1.0.0/16 cannot come from the internet"),
    ("publicAccessCidrs", '["198.51.100.0"]', "at [0]"),
    ("publicAccessCidrs", '["198.51.100.0/24", "198.51.100.0/24"]', "twice"),
    ("publicAccessCidrs", '["198.51.100.0/24", "198.51.100.0/255.255.255.0"]', "twice"),
    ("publicAccessCidrs", "[1]", "at [0]"),
    ("publicAccessCidrs", '"0.0.0.0/0"', "list"),
    ("publicAccessCidrs", json.dumps([f"198.51.100.{number}/32" for number in range(41)]), "too many"),
    ("authenticationMode", "CONFIG_MAP", "'API'"),
    ("authenticationMode", "api", "'API'"),
    ("access", "{}", "list"),
    ("access", access("role"), "at [0]"),
    ("access", access({}), "at [0][principal]"),
    ("access", access({"principal": f"{ACCOUNT}:role/a"}), "either a policy or groups"),
    ("access", access({"principal": f"{ACCOUNT}:role/a", "policy": "view", "groups": ["g"]}), "either"),
    ("access", access({"principal": f"{ACCOUNT}:role/a", "policy": "root"}), "at [0][policy]"),
    ("access", access({"principal": f"{ACCOUNT}:group/a", "policy": "view"}), "at [0][principal]"),
    ("access", access({"principal": f"{ACCOUNT}:root", "policy": "view"}), "at [0][principal]"),
    ("access", access({"principal": f"{ACCOUNT}:role/a", "policy": "view", "polcy": "x"}), "at [0][polcy]"),
    ("access", access({"principal": f"{ACCOUNT}:role/a", "groups": ["system:masters"]}), "at [0][groups][0]"),
    ("access", access({"principal": f"{ACCOUNT}:role/a", "policy": "edit", "namespaces": ["A"]}), "[namespaces][0]"),
    (
        "access",
        access({"principal": f"{ACCOUNT}:role/a", "policy": "cluster-admin", "namespaces": ["a"]}),
        "namespaces go with",
    ),
    ("access", access({"principal": f"{ACCOUNT}:role/a", "groups": ["g"], "namespaces": ["a"]}), "namespaces go with"),
    ("access", access(*[{"principal": f"{ACCOUNT}:role/a", "policy": "view"}] * 2), "twice"),
    ("controlPlaneLogs", '["kubelet"]', "'audit'"),
    ("controlPlaneLogs", '["audit", "audit"]', "twice"),
    ("controlPlaneLogs", "audit", "not a list"),
    ("logRetentionDays", "31", "not one of 1, 3, 5"),
    ("logRetentionDays", "0", "not one of"),
    ("logRetentionDays", "true", "integer"),
    ("logRetentionDays", "30.0", "integer"),
    ("nodeArchitecture", "x86_64", "'arm64'"),
    ("nodeArchitecture", "amd64", "t4g.medium is not amd64"),
    ("nodeInstanceTypes", "[]", "too few"),
    ("nodeInstanceTypes", '["t4g"]', "at [0]"),
    ("nodeInstanceTypes", '["t4g.medium", "t4g.medium"]', "twice"),
    ("nodeInstanceTypes", '["t4g.medium", "t3.medium"]', "t3.medium is not arm64"),
    ("nodeInstanceTypes", '["g4dn.xlarge"]', "g4dn.xlarge is not arm64"),
    ("nodeInstanceTypes", '["m7g.\\u0661xlarge"]', "at [0]"),
    ("nodeInstanceTypes", "t4g.medium", "not a list"),
    ("nodeCapacity", "SPOT", "'on-demand'"),
    ("nodeMin", "3", "above nodeDesired, 2"),
    ("nodeDesired", "5", "above nodeMax, 4"),
    ("nodeDesired", "1", "above nodeDesired, 1"),
    ("nodeMax", "1", "above nodeMax, 1"),
    ("nodeDiskGiB", "19", "greater than or equal to 20"),
    ("nodeDiskGiB", "20GiB", "not a whole number"),
    ("nodeAutoscaling", "on", "neither true nor false"),
    ("requestsPerPod", "-1", "greater than or equal to 0"),
    ("requestsPerPod", "1.5", "integer"),
    ("kedaChartRepository", "http://charts.example.com", "form"),
    ("database", "postgres", "neither true nor false"),
    ("databaseInstanceType", "t4g.micro", "form"),
    ("databaseInstanceType", "db.t4g.nano", "form"),
    ("databaseStorageGiB", "19", "greater than or equal to 20"),
    ("databaseBackupDays", "0", "greater than or equal to 1"),
    ("databaseBackupDays", "36", "less than or equal to 35"),
    ("databaseMultiZone", "true", "database is false"),
    ("databaseSeed", "true", "database is false"),
    ("cache", "{}", "boolean"),
    ("cacheMaxGiB", "0", "greater than or equal to 1"),
    ("cacheMaxEcpu", "999", "greater than or equal to 1000"),
    ("observability", "1", "boolean"),
    ("monitoring", "yes", "neither true nor false"),
    ("alertEmails", '["team@example.com"]', "monitoring is false"),
    ("alertEmails", '["team"]', "at [0]"),
    ("alertEmails", '["a@example.com", "a@example.com"]', "twice"),
    ("alertEmails", '["a@example.com\\n"]', "at [0]"),
    ("alertSlackWorkspace", "my team", "form"),
    ("alertSlackChannel", "#general", "form"),
    ("alertPagerDuty", "https://events.example.com/integration/0123456789abcdef0123456789abcdef/enqueue", "form"),
    ("alarmErrorPercent", "0", "greater than or equal to 1"),
    ("alarmErrorPercent", "0.5", "integer"),
    ("alarmLatencyMilliseconds", "1s", "not a whole number"),
    ("alarmRestarts", "0", "greater than or equal to 1"),
    ("alarmPendingMinutes", "4", "greater than or equal to 5"),
    ("alarmCertificateDays", "45", "less than or equal to 44"),
    ("alarmStoragePercent", "91", "less than or equal to 90"),
    ("budgetDollars", "100", "monitoring is false"),
    ("budgetDollars", "-1", "greater than or equal to 0"),
    ("routing", "weighted", "'simple'"),
    ("routing", "latency", "no hostname"),
    ("peerVpc", "vpc-1", "form"),
    ("peerVpc", "vpc-0123456789abcdef0", "peerCidr is not set"),
    ("peerCidr", "10.50.0.0", "CIDR notation"),
    ("peerCidr", "10.50.0.0/16", "no peerVpc"),
    ("peerRouteTables", '["rtb-0123456789abcdef0"]', "no peerVpc"),
    ("peerRouteTables", '["rtb-x"]', "at [0]"),
]
# A rule between two settings tells about one of them, which may be the one that was not set.
TOLD_ABOUT = {
    ("platform", "reference"): "platformStack",
    ("nodeArchitecture", "amd64"): "nodeInstanceTypes",
    ("nodeDesired", "1"): "nodeMin",
    ("nodeMax", "1"): "nodeDesired",
}


@pytest.mark.parametrize(("key", "text", "reason"), BAD, ids=lambda each: ascii(each)[1:40])
def test_a_bad_value_is_refused_and_told_alone(key: str, text: str, reason: str) -> None:
    (problem,) = refused({f"helloworld:{key}": text})
    assert problem.key == f"helloworld:{TOLD_ABOUT.get((key, text), key)}"
    assert reason in problem.reason
    assert problem.value
    assert problem.cure


def test_every_setting_is_in_the_table_of_bad_values() -> None:
    assert {key for key, _, _ in BAD} == set(KEYS)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_refusal_of_a_version_names_those_that_are_supported(version: str) -> None:
    (problem,) = refused({"helloworld:kubernetesVersion": "1.2"})
    assert version in problem.reason


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("replicaMin", "replicasMin"),
        ("nodemax", "nodeMax"),
        ("cpuTarget", "cpuTargetPercent"),
        ("node_disk_gib", "nodeDiskGiB"),
        ("hostName", "hostname"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_name(key: str, nearest: str) -> None:
    (problem,) = refused({f"helloworld:{key}": "1"})
    assert (problem.key, problem.value) == (f"helloworld:{key}", '"1"')
    assert problem.cure == f"did you mean helloworld:{nearest}?"


@pytest.mark.parametrize("key", ["qqq", "", "x" * 100_000, "\ud800", "m\u0435ss\u0430g\u0435:"])
def test_an_unknown_key_that_is_near_to_none_is_refused_too(key: str) -> None:
    (problem,) = refused({f"helloworld:{key}": "1"})
    assert problem.reason == "there is no such setting"
    assert "Pulumi.yaml" in problem.cure or "did you mean" in problem.cure


@pytest.mark.parametrize("key", ["replicas_min", "node_disk_gib", "nodeDiskGib"])
def test_a_setting_has_one_name_only(key: str) -> None:
    assert keys(refused({f"helloworld:{key}": "20"})) == [key]


def test_an_unknown_key_is_refused_even_if_its_value_is_empty() -> None:
    assert keys(refused({"helloworld:nope": ""})) == ["nope"]


def test_the_region_of_the_default_provider_is_refused_with_what_to_set_instead() -> None:
    (problem,) = refused({"aws:region": "us-west-2"})
    assert (problem.key, problem.cure) == ("aws:region", "set helloworld:region")
    (problem,) = refused({"aws:profile": "me"})
    assert problem.key == "aws:profile"


# Several problems


def test_every_problem_is_told_at_once() -> None:
    configuration = {
        "aws:region": "us-west-2",
        "helloworld:replicaMin": "3",
        "helloworld:region": "mars",
        "helloworld:networkCidr": "10.0.0.0/24",
        "helloworld:serviceCidr": "10.0.0.0/24",
        "helloworld:hostname": "hello.example.org",
        "helloworld:zone": "example.com",
        "helloworld:image": "app:latest",
        "helloworld:replicasMin": "9",
        "helloworld:nodeMin": "many",
        "helloworld:nodeDesired": "50",
        "helloworld:tags": "{",
        "helloworld:kubernetesVersion": "1.1",
        "helloworld:message": "fine",
    }
    problems = refused(configuration)
    assert sorted(problem.key for problem in problems) == sorted(
        set(configuration) - {"helloworld:zone", "helloworld:message"}
    )
    assert all(problem.value and problem.reason and problem.cure for problem in problems)


def test_several_problems_of_one_setting_are_told_together() -> None:
    (problem,) = refused({"helloworld:zones": '["A", "b", "C"]'})
    assert "at [0]" in problem.reason
    assert "at [2]" in problem.reason


def test_both_rules_that_one_setting_breaks_are_told() -> None:
    (problem,) = refused({"helloworld:serviceCidr": "10.0.0.0/8"})
    assert "not from /12 to /24" in problem.reason
    assert "overlaps networkCidr" in problem.reason


def test_many_problems_of_one_setting_do_not_fill_the_screen() -> None:
    (problem,) = refused({"helloworld:access": access(*range(100))})
    assert problem.reason.count("at [") == 5
    assert problem.reason.endswith("and more of the kind")


BETWEEN = [
    ({"hostname": "a.example.org", "zone": "example.com"}, "hostname", "outside the zone example.com"),
    ({"hostname": "badexample.com", "zone": "example.com"}, "hostname", "outside the zone example.com"),
    ({"hostname": "example.com", "zone": "hello.example.com"}, "hostname", "outside the zone"),
    ({"networkCidr": "10.0.0.0/16", "serviceCidr": "10.0.4.0/24"}, "serviceCidr", "overlaps"),
    ({"networkCidr": "172.20.0.0/16"}, "serviceCidr", "overlaps networkCidr, 172.20.0.0/16"),
    ({"nat": "none", "natPerZone": "true"}, "natPerZone", "nat is none"),
    ({"nat": "none", "networkCidr": "10.0.0.0/22"}, "nat", "10.0.0.0/22, has no room"),
    ({"replicasMin": "4", "replicasMax": "3"}, "replicasMin", "above replicasMax, 3"),
    ({"nodeMin": "3", "nodeDesired": "2"}, "nodeMin", "above nodeDesired, 2"),
    ({"nodeDesired": "4", "nodeMax": "3"}, "nodeDesired", "above nodeMax, 3"),
    ({"nodeAutoscaling": "true", "nodeMax": "2"}, "nodeAutoscaling", "nodeMin and nodeMax are both 2"),
    ({"requestsPerPod": "9", "replicasMax": "2"}, "requestsPerPod", "replicasMin and replicasMax are both 2"),
    ({"nodeArchitecture": "amd64", "nodeInstanceTypes": '["m7g.large"]'}, "nodeInstanceTypes", "not amd64"),
    (
        {
            "deployRole": f"{ACCOUNT}:role/deploy",
            "access": access({"principal": f"{ACCOUNT}:role/deploy", "policy": "cluster-admin"}),
        },
        "access",
        "is the deploy role",
    ),
]


@pytest.mark.parametrize(("values", "key", "reason"), BETWEEN, ids=lambda each: str(each)[:50])
@pytest.mark.parametrize("unrelated", [{}, {"message": "a\nb"}, {"rolloutSeconds": "x"}, {"nope": "1"}], ids=str)
def test_a_rule_between_settings_is_not_hidden_by_an_unrelated_problem(
    values: dict[str, str], key: str, reason: str, unrelated: dict[str, str]
) -> None:
    problems = refused({f"helloworld:{each}": text for each, text in {**values, **unrelated}.items()})
    assert keys(problems) == sorted([key, *unrelated])
    (told,) = [problem.reason for problem in problems if problem.key == f"helloworld:{key}"]
    assert reason in told


def test_a_rule_is_not_asked_about_a_setting_that_is_invalid_by_itself() -> None:
    assert keys(refused({"helloworld:hostname": "A.example.org", "helloworld:zone": "example.com"})) == ["hostname"]


# How a refusal reads


def test_the_message_lists_key_value_reason_and_cure_of_every_problem() -> None:
    with pytest.raises(SettingsError) as error:
        parsed(nodeMin="0", message="a\tb")
    assert str(error.value) == (
        "the settings have 2 problems:\n"
        '  helloworld:message = "a\\tb"\n'
        "    reason: it has a character that cannot be printed\n"
        "    cure:   printable text of 1 to 200 characters\n"
        '  helloworld:nodeMin = "0"\n'
        "    reason: it should be greater than or equal to 1\n"
        "    cure:   a whole number from 1 to 100, not above nodeDesired"
    )
    assert isinstance(error.value, pulumi.RunError), "the engine shows its text without a traceback"


def test_a_long_value_is_shortened() -> None:
    (problem,) = refused({"helloworld:region": "y" * 1000})
    assert problem.value == '"' + "y" * SHOWN_CHARACTERS + '…"'


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", '""'), ("it's", '"it\'s"'), ("a\nb", '"a\\nb"'), ("\u0430\u202e", '"\\u0430\\u202e"'), ("\x1b", '"\\x1b"')],
)
def test_a_value_is_shown_on_one_line_of_ascii(text: str, shown: str) -> None:
    assert show(text) == shown


# Anything at all

ANY_TEXT = st.text(st.characters(codec=None), max_size=60)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
NEARLY_GRANTS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "principal": st.sampled_from([f"{ACCOUNT}:role/a", f"{ACCOUNT}:user/b", ""]) | JSON_VALUES,
            "policy": st.sampled_from(["view", "cluster-admin"]) | JSON_VALUES,
            "groups": st.lists(st.sampled_from(["g", "system:x"]) | ANY_TEXT, max_size=3) | JSON_VALUES,
            "namespaces": st.lists(ANY_TEXT, max_size=3) | JSON_VALUES,
        },
    ),
    max_size=3,
)
NETWORKS = st.from_regex(r"\A\d{1,3}(\.\d{1,3}){3}/\d{1,2}\Z")
VALUES = (
    ANY_TEXT
    | JSON_VALUES.map(json.dumps)
    | NEARLY_GRANTS.map(json.dumps)
    | NETWORKS
    | st.lists(NETWORKS, max_size=3).map(json.dumps)
    | st.sampled_from([text for _, text, _ in (*GOOD, *BAD) if len(text) < 1000])
)
ANY_KEY = st.sampled_from([f"helloworld:{key}" for key in KEYS]) | ANY_TEXT.map("helloworld:{}".format) | ANY_TEXT
SHOWABLE = re.compile(r"[ -~…]+")
LINES = re.compile(r"(  \S.* = \".*\"|    reason: .+|    cure:   .+)")


def refusal(configuration: Mapping[str, str]) -> SettingsError | None:
    try:
        parse(configuration)
    except SettingsError as error:
        return error
    return None


@effort(deadline=None)
@given(st.dictionaries(ANY_KEY, VALUES, max_size=6))
@example({"helloworld:tags": "[" * 100_000})
@example({"helloworld:tags": '{"a":' * 5_000 + "1" + "}" * 5_000})
@example({"helloworld:access": "[" * 500 + "]" * 500})
@example({"helloworld:nodeMin": "1" * 4_000, "helloworld:nodeMax": "-" + "1" * 5_000})
@example({"helloworld:nodeMin": "NaN", "helloworld:nodeMax": "-Infinity", "helloworld:nodeDesired": "1e400"})
@example({"helloworld:tags": '{"\\ud800": "\\udfff"}', "helloworld:zones": '["\\ud800", "\\ud800"]'})
@example({"helloworld:access": '[{"\\ud800": 1, "principal": "\\ud800"}]'})
@example({"helloworld:message": "\ud800", "helloworld:\ud800": "\ud800", "aws:\ud800": "\ud800"})
@example({"helloworld:" + "k" * 100_000: "v" * 100_000, "helloworld:networkCidr": "1." * 50_000 + "/8"})
@example({"helloworld:networkCidr": "10.0.0.0/" + "0" * 5_000 + "16"})
@example({"helloworld:networkCidr": "\uff11\n'\"\\/\uff11"})
@example({"helloworld:publicAccessCidrs": '["\u0661/8", "\\u0000/8", "\'\\"/8"]'})
@example({"helloworld:image": "a" * 200 + "/" + "a-" * 50_000})
@example({"helloworld:hostname": "a." * 100_000, "helloworld:zone": "a-" * 100_000})
def test_any_text_for_any_key_is_taken_or_refused_with_key_reason_and_cure(configuration: dict[str, str]) -> None:
    error = refusal(configuration)
    if error is None:
        return
    assert error.problems
    for problem in error.problems:
        for part in (problem.key, problem.value, problem.reason, problem.cure):
            assert SHOWABLE.fullmatch(part)
        assert len(problem.key) <= 100
        assert len(problem.value) <= SHOWN_CHARACTERS + 3
        assert len(problem.reason) <= 2_000
    headline, *lines = str(error).splitlines()
    assert headline.startswith("the settings have ")
    assert len(lines) == 3 * len(error.problems)
    assert all(LINES.fullmatch(line) for line in lines)


@effort(deadline=None)
@given(key=st.sampled_from([key for key in KEYS if "Cidr" not in key and key != "access"]), text=VALUES)
def test_what_is_taken_is_what_was_given(key: str, text: str) -> None:
    try:
        taken = parsed(**{key: text}).model_dump(by_alias=True)[key]
    except SettingsError:
        return
    given_value = text if setting_types()[key] == "string" else json.loads(text or "null")
    assert (taken, type(taken)) == (given_value, type(given_value)) or text == ""


# Rules between settings, which need more than one of them


ROLE = f"{ACCOUNT}:role/one"


@pytest.mark.parametrize(
    ("values", "key", "reason"),
    [
        ({"platform": "reference", "platformStack": "dev", "reviewRole": ROLE}, "reviewRole", "platform is reference"),
        ({"platform": "local", "previewRole": ROLE}, "previewRole", "platform is local"),
        ({"reviewRole": ROLE, "deployRole": ROLE}, "reviewRole", "one access entry for each"),
        ({"previewRole": ROLE, "access": access({"principal": ROLE, "policy": "view"})}, "previewRole", "one access"),
        ({"platform": "local", "promoteFrom": "dev"}, "promoteFrom", "builds its image"),
        ({"platform": "local", "imageFrom": IMAGE}, "imageFrom", "no registry to copy to"),
        ({"image": IMAGE, "imageFrom": IMAGE}, "imageFrom", "image is set as well"),
        (
            {"platform": "local", "hostname": "hello.example.com", "zone": "example.com"},
            "hostname",
            "a forwarded port",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(values: dict[str, str], key: str, reason: str) -> None:
    (problem,) = refused({f"helloworld:{each}": text for each, text in values.items()})
    assert problem.key == f"helloworld:{key}"
    assert reason in problem.reason


def test_two_roles_of_one_stack_are_not_the_same() -> None:
    problems = refused({"helloworld:reviewRole": ROLE, "helloworld:previewRole": ROLE})
    assert keys(problems) == ["previewRole", "reviewRole"]


def test_roles_of_their_own_are_taken() -> None:
    taken = parsed(reviewRole=ROLE, previewRole=f"{ACCOUNT}:role/two", deployRole=f"{ACCOUNT}:role/three")
    assert taken.review_role == ROLE


PEER = {
    "peerVpc": "vpc-0123456789abcdef0",
    "peerCidr": "10.50.0.0/16",
    "peerRouteTables": '["rtb-0123456789abcdef0"]',
}
PAGER_DUTY = f"https://events.pagerduty.com/integration/{'0123456789abcdef' * 2}/enqueue"


def test_a_neighbour_is_taken_with_ways_there_and_back() -> None:
    taken = parsed(**PEER)
    assert (taken.peer_vpc, str(taken.peer_cidr)) == ("vpc-0123456789abcdef0", "10.50.0.0/16")


@pytest.mark.parametrize(
    ("cidr", "reason"),
    [
        ("10.0.128.0/20", "overlaps networkCidr, 10.0.0.0/16"),
        ("10.0.0.0/8", "overlaps networkCidr"),
        ("172.20.7.0/24", "overlaps serviceCidr, 172.20.0.0/16"),
        ("8.8.8.0/24", "not a private network"),
    ],
)
def test_a_neighbour_whose_addresses_cannot_be_told_from_ours_is_refused(cidr: str, reason: str) -> None:
    (problem,) = refused({f"helloworld:{key}": text for key, text in {**PEER, "peerCidr": cidr}.items()})
    assert problem.key == "helloworld:peerCidr"
    assert reason in problem.reason


def test_a_neighbour_without_a_way_back_is_refused() -> None:
    (problem,) = refused({f"helloworld:{key}": text for key, text in {**PEER, "peerRouteTables": "[]"}.items()})
    assert "no way back" in problem.reason


@pytest.mark.parametrize("key", ["cache", "observability", "monitoring", "nodeAutoscaling"])
@pytest.mark.parametrize("platform", [{"platform": "local"}, {"platform": "reference", "platformStack": "dev"}])
def test_parts_of_a_platform_are_refused_where_the_stack_has_none_of_its_own(
    key: str, platform: dict[str, str]
) -> None:
    (problem,) = refused({f"helloworld:{each}": text for each, text in {**platform, key: "true"}.items()})
    assert problem.key == f"helloworld:{key}"
    assert "part of a platform" in problem.reason


def test_a_reference_may_have_a_database_of_its_own_and_a_local_stack_none() -> None:
    assert parsed(platform="reference", platformStack="dev", database="true", databaseSeed="true").database
    (problem,) = refused({"helloworld:platform": "local", "helloworld:database": "true"})
    assert "counted in memory" in problem.reason


@pytest.mark.parametrize("key", ["database", "cache"])
def test_a_network_without_room_for_data_is_told(key: str) -> None:
    (problem,) = refused({"helloworld:networkCidr": "10.0.0.0/22", f"helloworld:{key}": "true"})
    assert "has no room for its subnets, which takes a /21" in problem.reason
    assert parsed(networkCidr="10.0.0.0/21", **{key: "true"})


def test_slack_takes_a_workspace_and_a_channel() -> None:
    (problem,) = refused({"helloworld:monitoring": "true", "helloworld:alertSlackChannel": "C0123456789"})
    assert problem.reason == "alertSlackWorkspace is not set"


def test_several_regions_need_platforms_of_their_own() -> None:
    named = {"hostname": "hello.example.com", "zone": "example.com", "routing": "primary"}
    assert parsed(**named).routing == "primary"
    (problem,) = refused(
        {f"helloworld:{key}": text for key, text in {**named, "platform": "reference", "platformStack": "dev"}.items()}
    )
    assert "of one region" in problem.reason
    tags = {f"tag-{number}": "x" for number in range(7)}
    (problem,) = refused({f"helloworld:{key}": text for key, text in {**named, "tags": json.dumps(tags)}.items()})
    assert "a health check takes 10" in problem.reason
    del tags["tag-6"]
    assert parsed(**named, tags=json.dumps(tags)).tags == tags


def test_a_secret_is_never_shown() -> None:
    wrong = PAGER_DUTY.replace("https", "http")
    with pytest.raises(SettingsError) as error:
        parsed(monitoring="true", alertPagerDuty=wrong)
    assert "0123456789abcdef" not in str(error.value)
    taken = parsed(monitoring="true", alertPagerDuty=PAGER_DUTY)
    assert taken.alert_pager_duty == PAGER_DUTY
    assert "0123456789abcdef" not in repr(taken)


def test_a_secret_in_plain_text_is_refused() -> None:
    with pytest.raises(SettingsError) as error:
        record(load, stack="dev", config={"helloworld:monitoring": "true", "helloworld:alertPagerDuty": PAGER_DUTY})
    (problem,) = error.value.problems
    assert problem.reason == "it is in plain text"
    assert "0123456789abcdef" not in str(error.value)
