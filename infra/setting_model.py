"""Every setting of a stack: its form, its default, and what it takes, in words."""

from ipaddress import IPv4Network
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from infra import setting_types as types
from infra.access import Grant
from infra.cluster import LOG_TYPES
from infra.load_balancer import CHART_REPOSITORY
from infra.network import Nat
from infra.nodes import Architecture, Capacity
from infra.scaling.keda import KEDA_CHART_REPOSITORY

Kind = Literal["create", "reference", "local"]
Routing = Literal["simple", "latency", "primary", "secondary"]


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
    nat: Nat = Field("gateway", description="gateway or none; none takes a networkCidr of /21 or larger")
    nat_per_zone: bool = Field(False, description="true or false; false with nat none")
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
    control_plane_logs: types.LogTypes = Field(
        list(LOG_TYPES), description=f"different ones of {', '.join(LOG_TYPES)}; [] for none"
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
    node_autoscaling: bool = Field(False, description="true or false; with platform create only")
    requests_per_pod: int = Field(
        0, ge=0, le=100_000, description="a whole number of requests per second up to 100000; 0 for CPU alone"
    )
    keda_chart_repository: types.HelmRepository = Field(
        KEDA_CHART_REPOSITORY, description="the https address of a Helm repository that has the chart"
    )
    database: bool = Field(False, description="true or false; false with platform local")
    database_instance_type: types.DatabaseInstanceType = Field(
        "db.t4g.micro", description="an RDS instance type, e.g. db.t4g.micro"
    )
    database_storage_gib: int = Field(
        20, alias="databaseStorageGiB", ge=20, le=65_536, description="a whole number from 20 to 65536"
    )
    database_backup_days: int = Field(7, ge=1, le=35, description="a whole number from 1 to 35")
    database_multi_zone: bool = Field(False, description="true or false; with database only")
    database_seed: bool = Field(False, description="true or false; with database only")
    cache: bool = Field(False, description="true or false; with platform create only")
    cache_max_gib: int = Field(1, alias="cacheMaxGiB", ge=1, le=5_000, description="a whole number from 1 to 5000")
    cache_max_ecpu: int = Field(
        5_000, ge=1_000, le=15_000_000, description="a whole number of ECPUs per second from 1000 to 15000000"
    )
    observability: bool = Field(False, description="true or false; with platform create only")
    monitoring: bool = Field(False, description="true or false; with platform create only")
    alert_emails: types.Emails = Field(
        [], description='at most 20 different addresses, e.g. ["team@example.com"]; with monitoring only'
    )
    alert_slack_workspace: types.SlackWorkspace | None = Field(
        None, description="the id of a Slack workspace, e.g. T0123456789, with alertSlackChannel"
    )
    alert_slack_channel: types.SlackChannel | None = Field(
        None, description="the id of a Slack channel, e.g. C0123456789, with alertSlackWorkspace"
    )
    alert_pager_duty: types.PagerDutyAddress | None = Field(
        None,
        repr=False,
        description="a secret: the integration's https://events.pagerduty.com/integration/<key>/enqueue; set it with "
        "pulumi config set --secret alertPagerDuty",
    )
    alarm_error_percent: int = Field(1, ge=1, le=50, description="a whole number from 1 to 50")
    alarm_latency_milliseconds: int = Field(1_000, ge=10, le=60_000, description="a whole number from 10 to 60000")
    alarm_restarts: int = Field(3, ge=1, le=1_000, description="a whole number from 1 to 1000")
    alarm_pending_minutes: int = Field(10, ge=5, le=120, description="a whole number from 5 to 120")
    alarm_certificate_days: int = Field(21, ge=1, le=44, description="a whole number from 1 to 44")
    alarm_storage_percent: int = Field(20, ge=1, le=90, description="a whole number from 1 to 90")
    budget_dollars: int = Field(
        0, ge=0, le=1_000_000, description="a whole number of dollars up to 1000000; 0 for no budget"
    )
    routing: Routing = Field(
        "simple", description="simple, latency, primary or secondary; all but simple need a hostname"
    )
    peer_vpc: types.VpcId | None = Field(None, description="the id of a VPC, e.g. vpc-0123456789abcdef0, with peerCidr")
    peer_cidr: types.Network | None = Field(
        None, description="the private network of the VPC peerVpc, outside ours, e.g. 10.50.0.0/16"
    )
    peer_route_tables: types.RouteTableIds = Field(
        [], description="ids of route tables of peerVpc, e.g. [rtb-0123456789abcdef0]"
    )

    @property
    def grants(self) -> list[Grant]:
        """`access` as the components take it."""
        return [Grant(**entry.model_dump()) for entry in self.access]
