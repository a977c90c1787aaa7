"""The address of the service in DNS."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


def zone_id(zone_name: str, opts: pulumi.InvokeOutputOptions) -> pulumi.Output[str]:
    """The id of the public Route 53 zone of that name, which must exist: it is the account's, not the stack's."""
    return aws.route53.get_zone_output(name=zone_name, private_zone=False, opts=opts).zone_id


@dataclass(frozen=True, kw_only=True)
class DnsRecordArgs:
    """What the record takes: host name, Route 53 zone, and the balancer's DNS name and region."""

    hostname: str
    zone_id: pulumi.Input[str]
    balancer_name: pulumi.Input[str]
    region: str


class DnsRecord(pulumi.ComponentResource):
    """An alias from the host name to the balancer; an alias, unlike a CNAME, may stand at a zone's apex. No outputs."""

    def __init__(self, name: str, args: DnsRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:dns:DnsRecord", name, None, opts)
        balancer_zone = aws.lb.get_hosted_zone_id_output(
            region=args.region, load_balancer_type="application", opts=pulumi.InvokeOutputOptions(parent=self)
        )
        aws.route53.Record(
            f"{name}-address",
            zone_id=args.zone_id,
            name=args.hostname,
            type="A",
            aliases=[
                aws.route53.RecordAliasArgs(
                    name=args.balancer_name, zone_id=balancer_zone.id, evaluate_target_health=True
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
