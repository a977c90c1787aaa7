"""The address of the service: a host name with HTTPS, the balancer's own name, or a port of this machine."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.certificate import Certificate, CertificateArgs
from infra.dns import DnsRecord, DnsRecordArgs, zone_id
from infra.settings import PROJECT, Settings

# Where `kubectl port-forward` puts the service of a local cluster.
FORWARDED_PORT = 8080


@dataclass(frozen=True, kw_only=True)
class Address:
    """What the balancer answers to: `hostname` with `certificate_arn`, both or neither. Its record is made by
    `publish`.
    """

    hostname: str | None = None
    zone_id: pulumi.Output[str] | None = None
    certificate_arn: pulumi.Output[str] | None = None

    def publish(
        self, balancer_name: pulumi.Output[str] | None, region: str, aws_provider: aws.Provider | None
    ) -> pulumi.Output[str]:
        """Point the host name, if there is one, at the balancer.

        Args:
            balancer_name: the balancer's own DNS name; None where there is no balancer.
            region: the AWS region of the balancer.
            aws_provider: makes the record.

        Returns:
            The URL of the service.
        """
        if balancer_name is None:
            return pulumi.Output.from_input(f"http://localhost:{FORWARDED_PORT}")
        if self.hostname is None or self.zone_id is None:
            return pulumi.Output.format("http://{0}", balancer_name)
        args = DnsRecordArgs(hostname=self.hostname, zone_id=self.zone_id, balancer_name=balancer_name, region=region)
        DnsRecord(f"{PROJECT}-dns", args, pulumi.ResourceOptions(providers=[aws_provider] if aws_provider else None))
        return pulumi.Output.from_input(f"https://{self.hostname}")


def create(settings: Settings, aws_provider: aws.Provider | None) -> Address:
    """The stack's address, with a certificate where there is a host name.

    Args:
        settings: the stack's.
        aws_provider: looks the zone up and makes the certificate; None where there is no AWS, and so no balancer.
    """
    if aws_provider is None:
        return Address()
    if settings.hostname is None or settings.zone is None:
        pulumi.log.warn("No hostname is set: the service will answer plain HTTP, on the balancer's own name.")
        return Address()
    zone = zone_id(settings.zone, pulumi.InvokeOutputOptions(provider=aws_provider))
    args = CertificateArgs(hostname=settings.hostname, zone_name=settings.zone, zone_id=zone)
    certificate = Certificate(f"{PROJECT}-certificate", args, pulumi.ResourceOptions(providers=[aws_provider]))
    return Address(hostname=settings.hostname, zone_id=zone, certificate_arn=certificate.arn)
