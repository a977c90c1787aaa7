"""The address of the service: a host name with HTTPS, or the balancer's own name."""

from dataclasses import dataclass

import pulumi

from infra.certificate import Certificate, CertificateArgs
from infra.dns import DnsRecord, DnsRecordArgs, zone_id
from infra.settings import PROJECT, Settings


@dataclass(frozen=True, kw_only=True)
class Address:
    """What the balancer answers to: `hostname` with `certificate_arn`, both or neither. Its record is made by
    `publish`.
    """

    hostname: str | None = None
    zone_id: pulumi.Output[str] | None = None
    certificate_arn: pulumi.Output[str] | None = None

    def publish(
        self, balancer_name: pulumi.Output[str], region: str, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """Point the host name, if there is one, at the balancer.

        Args:
            balancer_name: the balancer's own DNS name.
            region: the AWS region of the balancer.
            opts: options with the AWS provider.

        Returns:
            The URL of the service.
        """
        if self.hostname is None or self.zone_id is None:
            return pulumi.Output.format("http://{0}", balancer_name)
        args = DnsRecordArgs(hostname=self.hostname, zone_id=self.zone_id, balancer_name=balancer_name, region=region)
        DnsRecord(f"{PROJECT}-dns", args, opts)
        return pulumi.Output.from_input(f"https://{self.hostname}")


def create(settings: Settings, invoke_opts: pulumi.InvokeOutputOptions, opts: pulumi.ResourceOptions) -> Address:
    """The stack's address, with a certificate where there is a host name.

    Args:
        settings: the stack's.
        invoke_opts: options with the AWS provider, for looking the zone up.
        opts: options with the AWS provider, for what is made.
    """
    if settings.hostname is None or settings.zone is None:
        pulumi.log.warn("No hostname is set: the service will answer plain HTTP, on the balancer's own name.")
        return Address()
    zone = zone_id(settings.zone, invoke_opts)
    args = CertificateArgs(hostname=settings.hostname, zone_name=settings.zone, zone_id=zone)
    certificate = Certificate(f"{PROJECT}-certificate", args, opts)
    return Address(hostname=settings.hostname, zone_id=zone, certificate_arn=certificate.arn)
