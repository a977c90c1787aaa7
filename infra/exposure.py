"""How the service is reached from outside: the load balancer controller's annotations. Pure, no resources."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra import pods

# TLS 1.3, and 1.2 with forward secrecy for those without:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@dataclass(frozen=True, kw_only=True)
class ExposureArgs:
    """What an Ingress takes: its class, the group whose balancer it shares, and host names with their certificate, or
    neither; without, it answers to every name.
    """

    ingress_class: pulumi.Output[str]
    group: str
    hostnames: Sequence[str]
    certificate_arn: pulumi.Input[str] | None


def of(
    ingress_class: pulumi.Output[str] | None,
    group: str,
    hostnames: Sequence[str],
    certificate_arn: pulumi.Input[str] | None,
) -> ExposureArgs | None:
    """What an Ingress takes, where a controller serves its class; None where none does."""
    if ingress_class is None:
        return None
    return ExposureArgs(ingress_class=ingress_class, group=group, hostnames=hostnames, certificate_arn=certificate_arn)


def ingress_annotations(args: ExposureArgs) -> dict[str, pulumi.Input[str]]:
    """The annotations that make the controller build the balancer:
    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
    """
    annotations: dict[str, pulumi.Input[str]] = {
        "scheme": "internet-facing",
        "target-type": "ip",
        "group.name": args.group,
        "healthcheck-path": pods.READINESS_PATH,
        "healthcheck-interval-seconds": "5",
        "healthcheck-timeout-seconds": "2",
        "healthy-threshold-count": "2",
        "unhealthy-threshold-count": "2",
        "success-codes": "200",
        "target-group-attributes": f"deregistration_delay.timeout_seconds={pods.DEREGISTRATION_DELAY_SECONDS}",
        "load-balancer-attributes": "routing.http.drop_invalid_header_fields.enabled=true",
        "listen-ports": json.dumps([{"HTTP": 80}]),
    }
    if args.certificate_arn is not None:
        annotations |= {
            "listen-ports": json.dumps([{"HTTP": 80}, {"HTTPS": 443}]),
            "ssl-redirect": "443",
            "ssl-policy": TLS_POLICY,
            "certificate-arn": args.certificate_arn,
        }
    return {f"alb.ingress.kubernetes.io/{key}": value for key, value in annotations.items()}
