"""Who may open a connection to what keeps data: the members of one security group, and no address."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.ordering import after


@dataclass(frozen=True, kw_only=True)
class DataSecurityGroup:
    """A group by its `id`; `rules` are its rules' ids. A group without an egress rule opens no connection itself."""

    id: pulumi.Output[str]
    rules: Sequence[pulumi.Output[str]]

    def once_open(self, value: pulumi.Output[str]) -> pulumi.Output[str]:
        """`value`, once clients get through: who takes it comes after the rules, and goes before them."""
        return after(value, *self.rules)


def data_security_group(
    name: str,
    description: str,
    *,
    vpc_id: pulumi.Input[str],
    client_group_id: pulumi.Input[str],
    ports: Sequence[int],
    opts: pulumi.ResourceOptions,
) -> DataSecurityGroup:
    """Make the group of a server.

    The rules are resources of their own, so that the server is made while the clients' group, which comes with the
    cluster, is not there yet.

    Args:
        name: beginning of the logical names.
        description: what it is of, for people; it cannot change in place.
        vpc_id: where.
        client_group_id: the security group whose members get in.
        ports: TCP ports.
        opts: resource options, with the parent.
    """
    group = aws.ec2.SecurityGroup(f"{name}-security-group", vpc_id=vpc_id, description=description, opts=opts)
    rules = [
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-ingress-{port}",
            security_group_id=group.id,
            referenced_security_group_id=client_group_id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=opts,
        ).id
        for port in ports
    ]
    return DataSecurityGroup(id=group.id, rules=rules)
