"""The address of the service: a host name with HTTPS, the balancer's own name, or a port of this machine."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.certificate import Certificate, CertificateArgs
from infra.dns import DnsRecord, DnsRecordArgs, Shared, zone_id
from infra.settings import PROJECT, Settings

# Where `kubectl port-forward` puts the service of a local cluster.
FORWARDED_PORT = 8080


@dataclass(frozen=True, kw_only=True)
class Address:
    """What the balancer answers to: `hostname` with `certificate_arn`, both or neither. `shared` says how where other
    regions answer to that name, too. Its records are made by `publish`.
    """

    hostname: str | None = None
    zone_id: pulumi.Output[str] | None = None
    certificate_arn: pulumi.Output[str] | None = None
    shared: Shared | None = None

    @property
    def hostnames(self) -> tuple[str, ...]:
        """The names that the balancer answers to; none means any."""
        direct = self.shared.direct_hostname if self.shared else None
        return tuple(name for name in (self.hostname, direct) if name)

    def publish(
        self, balancer_name: pulumi.Output[str] | None, region: str, aws_provider: aws.Provider | None
    ) -> dict[str, pulumi.Output[str]]:
        """Point the host names, if there are any, at the balancer.

        Args:
            balancer_name: the balancer's own DNS name; None where there is no balancer.
            region: the AWS region of the balancer.
            aws_provider: makes the record.

        Returns:
            The addresses of the service by the stack's output: `url`, and `directUrl`, which no other region answers,
            where several have the one.
        """
        if balancer_name is None:
            return {"url": pulumi.Output.from_input(f"http://localhost:{FORWARDED_PORT}")}
        if self.hostname is None or self.zone_id is None:
            return {"url": pulumi.Output.format("http://{0}", balancer_name)}
        args = DnsRecordArgs(
            hostname=self.hostname,
            zone_id=self.zone_id,
            balancer_name=balancer_name,
            region=region,
            shared=self.shared,
        )
        DnsRecord(f"{PROJECT}-dns", args, pulumi.ResourceOptions(providers=[aws_provider] if aws_provider else None))
        urls = [pulumi.Output.from_input(f"https://{hostname}") for hostname in self.hostnames]
        return dict(zip(("url", "directUrl"), urls, strict=False))


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
    shared = _shared(settings, settings.hostname)
    args = CertificateArgs(
        hostname=settings.hostname,
        zone_name=settings.zone,
        zone_id=zone,
        direct_hostname=shared.direct_hostname if shared else None,
        set_identifier=shared.identifier if shared else None,
    )
    certificate = Certificate(f"{PROJECT}-certificate", args, pulumi.ResourceOptions(providers=[aws_provider]))
    return Address(hostname=settings.hostname, zone_id=zone, certificate_arn=certificate.arn, shared=shared)


def _shared(settings: Settings, hostname: str) -> Shared | None:
    if settings.routing == "simple":
        return None
    stack = pulumi.get_stack()
    # The identifier is a contract with Route 53: a record is found again by it.
    return Shared(policy=settings.routing, identifier=stack, direct_hostname=f"{stack}.{hostname}")
