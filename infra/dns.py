"""The address of the service in DNS."""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.ordering import after
from infra.pods import READINESS_PATH

Policy = Literal["latency", "primary", "secondary"]

# Every 30 seconds, three times: a region that is gone is found out after a minute and a half. Every 10 would cost a
# dollar a month more: https://aws.amazon.com/route53/pricing/
CHECK_SECONDS, CHECK_FAILURES = 30, 3


def zone_id(zone_name: str, opts: pulumi.InvokeOutputOptions) -> pulumi.Output[str]:
    """The id of the public Route 53 zone of that name, which must exist: it is the account's, not the stack's."""
    return aws.route53.get_zone_output(name=zone_name, private_zone=False, opts=opts).zone_id


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A host name that several regions answer to: this one's `policy`, its `identifier` among them, and the name that
    only this one answers to.
    """

    policy: Policy
    identifier: str
    direct_hostname: str


@dataclass(frozen=True, kw_only=True)
class DnsRecordArgs:
    """What the record takes: host name, Route 53 zone, and the balancer's DNS name and region. `shared` is None where
    this region alone answers to the host name.
    """

    hostname: str
    zone_id: pulumi.Input[str]
    balancer_name: pulumi.Input[str]
    region: str
    shared: Shared | None = None


class DnsRecord(pulumi.ComponentResource):
    """An alias from the host name to the balancer; an alias, unlike a CNAME, may stand at a zone's apex.

    Where several regions answer, Route 53 chooses among their records, and leaves out those whose health check fails.
    The check asks under the name that is this region's alone: under the common one the other region could answer. From
    simple to shared and back, the record is deleted and created in one batch, so the name is never without an answer:
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html. No outputs.
    """

    def __init__(self, name: str, args: DnsRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:dns:DnsRecord", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        balancer_zone = aws.lb.get_hosted_zone_id_output(
            region=args.region, load_balancer_type="application", opts=pulumi.InvokeOutputOptions(parent=self)
        )
        self._targets = [
            aws.route53.RecordAliasArgs(name=args.balancer_name, zone_id=balancer_zone.id, evaluate_target_health=True)
        ]
        if args.shared is None:
            aws.route53.Record(
                f"{name}-address",
                zone_id=args.zone_id,
                name=args.hostname,
                type="A",
                aliases=self._targets,
                opts=self._child,
            )
        else:
            self._share(args.shared)
        self.register_outputs({})

    def _share(self, shared: Shared) -> None:
        args, failover = self._args, shared.policy != "latency"
        health = self._check(shared.direct_hostname)
        route53 = aws.route53
        route53.Record(
            f"{self._name}-address",
            zone_id=args.zone_id,
            name=args.hostname,
            type="A",
            aliases=self._targets,
            # With the policy in it, another policy is a deletion and a creation in one batch, like the first one. That
            # Route 53 gives another policy to a record that stays, it nowhere says.
            set_identifier=f"{shared.identifier}-{shared.policy}",
            latency_routing_policies=(
                None if failover else [route53.RecordLatencyRoutingPolicyArgs(region=args.region)]
            ),
            failover_routing_policies=(
                [route53.RecordFailoverRoutingPolicyArgs(type=shared.policy.upper())] if failover else None
            ),
            health_check_id=health.id,
            opts=self._child,
        )

    def _check(self, direct_hostname: str) -> aws.route53.HealthCheck:
        direct = aws.route53.Record(
            f"{self._name}-direct-address",
            zone_id=self._args.zone_id,
            name=direct_hostname,
            type="A",
            aliases=self._targets,
            opts=self._child,
        )
        return aws.route53.HealthCheck(
            f"{self._name}-health",
            # The certificate is not looked at: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-types.html
            type="HTTPS",
            fqdn=after(direct_hostname, direct.id),
            port=443,
            resource_path=READINESS_PATH,
            request_interval=CHECK_SECONDS,
            failure_threshold=CHECK_FAILURES,
            enable_sni=True,
            # Health checks are the account's, of no region, and have no other name.
            tags={"Name": direct_hostname},
            opts=self._child,
        )
