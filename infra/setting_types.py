"""The forms that single settings take, as pydantic types."""

from ipaddress import IPv4Network
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from infra import subnets
from infra.access import Policy
from infra.addons import VERSIONS
from infra.cluster import LogType

# `\Z`, not `$`: that also matches before a line break at the end.
STRICT = ConfigDict(frozen=True, extra="forbid", strict=True, regex_engine="python-re")

# What CloudWatch Logs takes: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
RETENTION_DAYS = frozenset(
    (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
)


def _network(text: object) -> IPv4Network:
    if not isinstance(text, str) or "/" not in text:
        raise ValueError("it is not a network in CIDR notation")
    try:
        return IPv4Network(text)
    except ValueError as error:
        raise ValueError(f"it is not an IPv4 network: {error}") from None


def _distinct(items: list[Any]) -> list[Any]:
    if len({str(item) for item in items}) != len(items):
        raise ValueError("the same entry is there twice")
    return items


def _supported(version: str) -> str:
    if version not in VERSIONS:
        raise ValueError(f"it is not a supported Kubernetes version, which are {', '.join(VERSIONS)}")
    return version


def _retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        raise ValueError(f"it is not one of {', '.join(map(str, sorted(RETENTION_DAYS)))}")
    return days


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("it has a character that cannot be printed")
    return text


def _pattern(pattern: str, max_length: int | None = None) -> StringConstraints:
    # ASCII only: `\d` takes the digits of every script otherwise.
    return StringConstraints(pattern=rf"(?a)^{pattern}\Z", max_length=max_length)


# It becomes part of names in AWS and Kubernetes. ECR and RDS take no hyphen last, nor two in a row:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
STACK_NAME = r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,39}"
_DNS_NAME = r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])"
# The name, with a path before it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_IAM_NAME = r"([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}"
_REPOSITORY = r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+"

# The standard partition: China, GovCloud and the isolated regions have other ARNs.
Region = Annotated[str, _pattern(r"(?!cn-|us-gov-|[a-z]{2}-iso)[a-z]{2}(-[a-z]+)+-[1-9]", max_length=30)]
StackName = Annotated[str, _pattern(STACK_NAME)]
Message = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
# ACM takes no longer name as a certificate's first: https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
Hostname = Annotated[str, _pattern(_DNS_NAME, max_length=64)]
ZoneName = Annotated[str, _pattern(_DNS_NAME)]
Network = Annotated[IPv4Network, BeforeValidator(_network)]
Networks = Annotated[list[Network], Field(max_length=40), AfterValidator(_distinct)]
RoleArn = Annotated[str, _pattern(rf"arn:aws:iam::\d{{12}}:role/{_IAM_NAME}", max_length=606)]
PrincipalArn = Annotated[str, _pattern(rf"arn:aws:iam::\d{{12}}:(role|user)/{_IAM_NAME}", max_length=606)]
PolicyArn = Annotated[str, _pattern(rf"arn:aws:iam::(\d{{12}}|aws):policy/{_IAM_NAME}", max_length=606)]
RegistryHost = Annotated[str, _pattern(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?", max_length=253)]
# Without encryption only where nobody listens: on this machine.
HelmRepository = Annotated[
    str,
    _pattern(
        r"(https://[A-Za-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?", max_length=200
    ),
]
ImageReference = Annotated[str, _pattern(rf"{_REPOSITORY}@sha256:[0-9a-f]{{64}}", max_length=400)]
SourceUrl = Annotated[str, _pattern(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?", max_length=200)]
KubernetesName = Annotated[str, _pattern(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")]
# These prefixes are taken: https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
GroupName = Annotated[str, _pattern(r"(?!system:|eks:|aws:|amazon:|iam:)[A-Za-z0-9][A-Za-z0-9:._/@-]{0,126}")]
# What AWS takes, less what the controller's chart would misread: it writes them as `key=value` into unquoted YAML.
TagKey = Annotated[str, _pattern(r"(?![aA][wW][sS]:)(?!.*:( |\Z))[A-Za-z0-9 _.:/+@-]{1,128}")]
TagValue = Annotated[str, _pattern(r"(?!.*:( |\Z))[A-Za-z0-9 _.:/=+@-]{0,256}")]
# AWS takes 50 tags a resource, of which the program and the controllers need some.
Tags = Annotated[dict[TagKey, TagValue], Field(max_length=40)]
ZoneLetters = Annotated[
    list[Annotated[str, _pattern("[a-f]")]],
    Field(min_length=2, max_length=subnets.MOST_ZONES),
    AfterValidator(_distinct),
]
LogTypes = Annotated[list[LogType], AfterValidator(_distinct)]
KubernetesVersion = Annotated[str, AfterValidator(_supported)]
_INSTANCE_TYPE = r"[a-z][a-z0-9-]{1,20}\.(nano|micro|small|medium|large|\d{0,3}xlarge|metal(-\d{1,3}xl)?)"
InstanceTypes = Annotated[
    list[Annotated[str, _pattern(_INSTANCE_TYPE)]],
    Field(min_length=1, max_length=20),
    AfterValidator(_distinct),
]
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Types.html
DatabaseInstanceType = Annotated[str, _pattern(r"db\.[a-z][a-z0-9-]{1,20}\.(micro|small|medium|large|\d{0,2}xlarge)")]
Email = Annotated[
    str, _pattern(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,63}", max_length=254)
]
Emails = Annotated[list[Email], Field(max_length=20), AfterValidator(_distinct)]
# As AWS checks them: https://docs.aws.amazon.com/chatbot/latest/APIReference/API_CreateSlackChannelConfiguration.html
SlackWorkspace = Annotated[str, _pattern(r"[0-9A-Z]{1,255}")]
SlackChannel = Annotated[str, _pattern(r"[A-Za-z0-9]{1,255}")]
# The second form stands for a secret in an offline preview, which cannot read it.
PagerDutyAddress = Annotated[
    str, _pattern(r"(https://events(\.eu)?\.pagerduty\.com/integration/[A-Za-z0-9]{32}/enqueue|\[secret\])")
]
VpcId = Annotated[str, _pattern(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})")]
RouteTableIds = Annotated[
    list[Annotated[str, _pattern(r"rtb-([0-9a-f]{8}|[0-9a-f]{17})")]], Field(max_length=20), AfterValidator(_distinct)
]
# Not a `Literal`: that takes `true` for 1 and 30.0 for 30.
RetentionDays = Annotated[int, AfterValidator(_retention)]


class GrantSetting(BaseModel):
    """One entry of `access`: a principal with a policy, on namespaces or everywhere, or with Kubernetes groups."""

    model_config = STRICT

    principal: PrincipalArn
    policy: Policy | None = None
    groups: Annotated[list[GroupName], Field(max_length=20)] = []
    namespaces: Annotated[list[KubernetesName], Field(max_length=100)] = []


def _one_kind_of_right(grant: GrantSetting) -> GrantSetting:
    if (grant.policy is None) == (not grant.groups):
        raise ValueError("an entry has either a policy or groups")
    if grant.namespaces and grant.policy in (None, "cluster-admin"):
        raise ValueError("namespaces go with the policies admin, edit and view")
    return grant


def _one_entry_each(grants: list[GrantSetting]) -> list[GrantSetting]:
    if len({grant.principal for grant in grants}) != len(grants):
        raise ValueError("a principal is there twice, and a cluster takes one access entry for each")
    return grants


AccessList = Annotated[
    list[Annotated[GrantSetting, AfterValidator(_one_kind_of_right)]],
    Field(max_length=100),
    AfterValidator(_one_entry_each),
]
