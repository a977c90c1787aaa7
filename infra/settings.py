"""The settings of a stack: the only reader of the Pulumi configuration.

Every setting is a flat key of the project's namespace, described in `Pulumi.yaml`. A stack file that is wrong is
refused as a whole, with every problem in it, before a resource is registered.
"""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from ipaddress import IPv4Network
from typing import Any, Literal

import pulumi
from pulumi.runtime import config as runtime
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from infra import setting_types as types
from infra.access import Grant
from infra.load_balancer import CHART_REPOSITORY
from infra.nodes import Architecture, Capacity
from infra.problems import REASON_CHARACTERS, SHOWN_CHARACTERS, Problem, SettingsError, shown
from infra.setting_rules import RULES

PROJECT = "helloworld"
STACK_NAME = re.compile(types.STACK_NAME)
STACK_REASON = "its name becomes part of names in AWS and Kubernetes, which do not take this"
STACK_CURE = "small letters, digits and hyphens, a letter first, at most 40: pulumi stack rename <name>"
Kind = Literal["create", "reference", "local"]
PLAIN_KEY = re.compile(r"[A-Za-z0-9_.:-]{1,80}")
# Namespaces that others read: the engine, and the Docker plugin, which has no provider of ours.
READ_BY_OTHERS = ("pulumi", "docker")
SHOWN_REASONS = 5


class Settings(BaseModel):
    """The validated settings of one stack. A field's description says what it takes; networks are IPv4, disks GiB."""

    model_config = types.STRICT | ConfigDict(alias_generator=to_camel)

    region: types.Region = Field("us-west-2", description="an AWS region of the standard partition, e.g. us-west-2")
    platform: Kind = Field("create", description="create, reference (with platformStack) or local")
    platform_stack: types.StackName | None = Field(
        None, description="the name of a stack that creates a platform, e.g. dev; with platform reference only"
    )
    local_registry: types.RegistryHost | None = Field(
        None, description="host and port of a registry, e.g. localhost:5001; with platform local only"
    )
    protect: bool = Field(False, description="true or false")
    deploy_role: types.RoleArn | None = Field(
        None, description="the ARN of an IAM role, e.g. arn:aws:iam::123456789012:role/deploy"
    )
    permissions_boundary: types.PolicyArn | None = Field(
        None, description="the ARN of an IAM policy, e.g. arn:aws:iam::123456789012:policy/boundary"
    )
    tags: types.Tags = Field(
        {}, description='a map of at most 40 tags, e.g. {"team": "web"}; keys must not begin with aws:'
    )
    hostname: types.Hostname | None = Field(
        None, description="a host name in lower case of at most 64 characters in the zone, e.g. hello.example.com"
    )
    zone: types.ZoneName | None = Field(
        None, description="the name of the Route 53 zone that the hostname is in, e.g. example.com"
    )
    image: types.ImageReference | None = Field(
        None, description="a reference by digest: <registry>/<repository>@sha256:<64 hexadecimal digits>"
    )
    image_from: types.ImageReference | None = Field(
        None, description="a reference by digest, and no image: <registry>/<repository>@sha256:<64 hexadecimal digits>"
    )
    promote_from: types.StackName | None = Field(
        None, description="the name of the stack that runs the image first, e.g. dev"
    )
    source_url: types.SourceUrl | None = Field(
        None, description="an https address, e.g. https://git.example.com/team/hello"
    )
    message: types.Message = Field("Hello, world!", description="printable text of 1 to 200 characters")
    replicas_min: int = Field(2, ge=1, le=100, description="a whole number from 1 to 100, not above replicasMax")
    replicas_max: int = Field(6, ge=1, le=1000, description="a whole number from replicasMin to 1000")
    cpu_target_percent: int = Field(70, ge=10, le=95, description="a whole number from 10 to 95")
    rollout_seconds: int = Field(180, ge=60, le=1800, description="a whole number from 60 to 1800")
    network_cidr: types.Network = Field(
        IPv4Network("10.0.0.0/16"), description="a private network from /16 to /23, e.g. 10.0.0.0/16"
    )
    zones: types.ZoneLetters = Field(
        ["a", "b"], description="two or three different letters of availability zones, e.g. [a, b]"
    )
    nat_per_zone: bool = Field(False, description="true or false")
    flow_logs: bool = Field(False, description="true or false")
    kubernetes_version: types.KubernetesVersion = Field(
        "1.35", description='a supported version in quotes, e.g. "1.35"'
    )
    service_cidr: types.Network = Field(
        IPv4Network("172.20.0.0/16"),
        description="a private network from /12 to /24 outside the VPC, e.g. 172.20.0.0/16",
    )
    public_access_cidrs: types.Networks = Field(
        [], description="at most 40 different public IPv4 networks, e.g. [198.51.100.0/24]; [] for no public endpoint"
    )
    authentication_mode: Literal["API", "API_AND_CONFIG_MAP"] = Field("API", description="API or API_AND_CONFIG_MAP")
    access: types.AccessList = Field(
        [],
        description="entries {principal: <ARN of a role or user>, policy: cluster-admin, admin, edit or view, "
        "namespaces: [...]} or {principal: <ARN>, groups: [...]}",
    )
    review_role: types.RoleArn | None = Field(
        None,
        description="the ARN of an IAM role of its own, e.g. arn:aws:iam::123456789012:role/review",
    )
    preview_role: types.RoleArn | None = Field(
        None, description="the ARN of an IAM role of its own, e.g. arn:aws:iam::123456789012:role/preview"
    )
    log_retention_days: types.RetentionDays = Field(
        30, description="a number of days that CloudWatch takes: 1, 3, 5, 7, 14, 30, 60, 90, 180, 365 …"
    )
    chart_repository: types.HelmRepository = Field(
        CHART_REPOSITORY, description="the https address of a Helm repository that has the chart"
    )
    node_architecture: Architecture = Field("arm64", description="arm64 or amd64")
    node_instance_types: types.InstanceTypes = Field(
        ["t4g.medium"], description="different EC2 instance types of the node architecture, e.g. [t4g.medium]"
    )
    node_capacity: Capacity = Field("on-demand", description="on-demand or spot")
    node_min: int = Field(2, ge=1, le=100, description="a whole number from 1 to 100, not above nodeDesired")
    node_desired: int = Field(2, ge=1, le=100, description="a whole number from nodeMin to nodeMax")
    node_max: int = Field(4, ge=1, le=100, description="a whole number from nodeDesired to 100")
    node_disk_gib: int = Field(20, alias="nodeDiskGiB", ge=20, le=1024, description="a whole number from 20 to 1024")

    @property
    def grants(self) -> list[Grant]:
        """`access` as the components take it."""
        return [Grant(**entry.model_dump()) for entry in self.access]


def load() -> Settings:
    """The settings of the stack that is being deployed.

    Raises:
        SettingsError: the configuration has problems; all of them are in it.
    """
    stack = pulumi.get_stack()
    wrong = [] if STACK_NAME.fullmatch(stack) else [Problem("stack", shown(stack), STACK_REASON, STACK_CURE)]
    return parse({**runtime.get_config_env(), **runtime.CONFIG.get()}, wrong)


def parse(configuration: Mapping[str, str], known_problems: Sequence[Problem] = ()) -> Settings:
    """Settings from a stack's whole configuration.

    Args:
        configuration: `namespace:key` to text, as the engine hands it over: structured values, numbers and booleans are
            JSON. An empty text stands for a setting that is not set.
        known_problems: what was found wrong before, to be refused together with what is found here.

    Raises:
        SettingsError: as `load`.
    """
    problems = list(known_problems)
    given = _own_keys(configuration, problems)
    decoded: dict[str, Any] = {}
    reasons: dict[str, list[str]] = {}
    for key, text in given.items():
        try:
            decoded[key] = _decoded(text, setting_types()[key])
        except ValueError as error:
            reasons[key] = [str(error)]
    try:
        Settings.model_validate(decoded)
    except ValidationError as error:
        for each in error.errors():
            reasons.setdefault(str(each["loc"][0]), []).append(_reason(each))
    settings = Settings.model_validate({key: value for key, value in decoded.items() if key not in reasons})
    valid = {key: getattr(settings, name) for key, name in _names().items() if key not in reasons}
    for rule in RULES:
        if all(key in valid for key in rule.needs) and (reason := rule.check(valid)):
            reasons.setdefault(rule.key, []).append(reason)
    problems += [
        Problem(
            f"{PROJECT}:{key}",
            shown(given.get(key, str(valid.get(key)))),
            "; ".join(what[:SHOWN_REASONS] + ["and more of the kind"] * (len(what) > SHOWN_REASONS)),
            str(Settings.model_fields[_names()[key]].description),
        )
        for key, what in reasons.items()
    ]
    if problems:
        raise SettingsError(problems)
    return settings


@cache
def setting_types() -> Mapping[str, str]:
    """The type of each setting as `Pulumi.yaml` names it: string, integer, boolean, array or object."""
    properties = Settings.model_json_schema()["properties"]
    return {
        key: next(str(each["type"]) for each in (schema, *schema.get("anyOf", ())) if "type" in each)
        for key, schema in properties.items()
    }


@cache
def _names() -> Mapping[str, str]:
    return {field.alias or name: name for name, field in Settings.model_fields.items()}


UNREADABLE = {
    "integer": "it is not a whole number",
    "boolean": "it is neither true nor false",
    "array": "it is not a list",
    "object": "it is not a map",
}


def _decoded(text: str, kind: str) -> Any:
    """What the engine's text for a setting stands for: itself, or the JSON in it."""
    if kind == "string":
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(UNREADABLE[kind]) from None


def _own_keys(configuration: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    """This project's settings that are set; `problems` gets the keys that nothing reads."""
    given: dict[str, str] = {}
    for full_key, text in configuration.items():
        namespace, _, key = full_key.partition(":")
        key_shown = full_key if PLAIN_KEY.fullmatch(full_key) else shown(full_key)
        if namespace == PROJECT and key in _names():
            if text != "":
                given[key] = text
        elif namespace == PROJECT:
            problems.append(Problem(key_shown, shown(text), "there is no such setting", _nearest(key)))
        elif namespace not in READ_BY_OTHERS:
            cure = f"set {PROJECT}:region" if full_key == "aws:region" else "remove it"
            problems.append(Problem(key_shown, shown(text), "nothing in this program reads it", cure))
    return given


def _nearest(key: str) -> str:
    close = difflib.get_close_matches(key[:SHOWN_CHARACTERS], list(_names()), n=1)
    return f"did you mean {PROJECT}:{close[0]}?" if close else "remove it; Pulumi.yaml describes every setting"


COUNTS = {"too_short": "it has too few entries", "too_long": "it has too many entries"}


def _reason(error: Any) -> str:
    where = "".join(f"[{shown(str(part))[1:-1]}]" for part in error["loc"][1:] if part != "[key]")
    what = error["msg"].removeprefix("Value error, ").replace("Input should be", "it should be")
    if error["type"] == "string_pattern_mismatch":
        what = "it has not the form that is needed"
    elif error["type"] in COUNTS:
        what = COUNTS[error["type"]]
    elif error["type"] == "value_error":
        # It may quote the value.
        what = shown(what, REASON_CHARACTERS)[1:-1]
    what = what[0].lower() + what[1:]
    return f"at {where}: {what}" if where else what
