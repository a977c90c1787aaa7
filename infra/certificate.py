"""The TLS certificate of the service's host names."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

VALIDATION_TIMEOUT = "15m"


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a certificate takes: the host name, and the Route 53 zone that proves it is ours.

    Where other stacks have a certificate for the same host name, `direct_hostname` is a second name, which only this
    one has, and `set_identifier` tells this stack's proofs from theirs.
    """

    hostname: str
    zone_name: str
    zone_id: pulumi.Input[str]
    direct_hostname: str | None = None
    set_identifier: str | None = None


class Certificate(pulumi.ComponentResource):
    """An ACM certificate, proven by records in our zone. Outputs: `arn` (once it is valid).

    For one name in one account ACM asks for the same CNAME in every region, and for it again at each renewal:
    https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html. As a weighted record it can be there once for
    each stack, each with the same answer, so that a stack that goes takes no other's proof along.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:certificate:Certificate", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            f"{name}-certificate",
            domain_name=args.hostname,
            subject_alternative_names=[args.direct_hostname] if args.direct_hostname else None,
            validation_method="DNS",
            opts=self._child,
        )
        proofs = [self._prove(f"{name}-proof", certificate, args.hostname)]
        if args.direct_hostname:
            proofs.append(self._prove(f"{name}-direct-proof", certificate, args.direct_hostname))
        validation = aws.acm.CertificateValidation(
            f"{name}-validation",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[proof.fqdn for proof in proofs],
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(create=VALIDATION_TIMEOUT),
                hooks=pulumi.ResourceHookBinding(on_error=[explain_validation(name, args)]),
            ),
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})

    def _prove(self, name: str, certificate: aws.acm.Certificate, hostname: str) -> aws.route53.Record:
        proof = certificate.domain_validation_options.apply(lambda options: _option(options, hostname))
        identifier = self._args.set_identifier
        return aws.route53.Record(
            name,
            zone_id=self._args.zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=60,
            set_identifier=identifier,
            weighted_routing_policies=[aws.route53.RecordWeightedRoutingPolicyArgs(weight=1)] if identifier else None,
            # A certificate of the same name that came before has left the same proof.
            allow_overwrite=True,
            opts=self._child,
        )


def _option(options: Sequence[Any], hostname: str) -> Any:
    """The option of a name: the provider hands them out in an order of its own."""
    return next((each for each in options if each.domain_name == hostname), options[0])


def explain_validation(name: str, args: CertificateArgs) -> pulumi.ErrorHook:
    """Says the usual cause of a validation that does not end; the error stands."""

    def hook(_failure: pulumi.ErrorHookArgs) -> bool:
        pulumi.log.error(
            f"The certificate of {args.hostname} was not validated within {VALIDATION_TIMEOUT}. The usual cause: the "
            f"registrar of {args.zone_name} names other name servers than its Route 53 zone. Compare `dig NS "
            f"{args.zone_name}` with the zone's NS record, correct them at the registrar, and run `pulumi up` again."
        )
        return False

    return pulumi.ErrorHook(f"{name}-explain-validation", hook)
