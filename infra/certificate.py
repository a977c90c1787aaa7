"""The TLS certificate of the service's host name."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

VALIDATION_TIMEOUT = "15m"


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a certificate takes: the host name, and the Route 53 zone that proves it is ours."""

    hostname: str
    zone_name: str
    zone_id: pulumi.Input[str]


class Certificate(pulumi.ComponentResource):
    """An ACM certificate, proven by a record in our zone. Outputs: `arn` (once it is valid)."""

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:certificate:Certificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            f"{name}-certificate", domain_name=args.hostname, validation_method="DNS", opts=child
        )
        # One name, so one proof.
        proof = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            f"{name}-proof",
            zone_id=args.zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=60,
            # The same name in two stacks has the same proof.
            allow_overwrite=True,
            opts=child,
        )
        validation = aws.acm.CertificateValidation(
            f"{name}-validation",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(create=VALIDATION_TIMEOUT),
                hooks=pulumi.ResourceHookBinding(on_error=[explain_validation(name, args)]),
            ),
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})


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
