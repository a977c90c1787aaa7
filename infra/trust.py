"""Trust policies: which AWS service may take a role."""

import json


def service_trust(service: str, *, pods: bool = False) -> str:
    """The trust policy document, as JSON, that lets `service` assume a role.

    Args:
        service: the service principal, e.g. `ec2.amazonaws.com`.
        pods: also allow tagging the session, as EKS Pod Identity needs:
            https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
    """
    actions = ["sts:AssumeRole", "sts:TagSession"] if pods else ["sts:AssumeRole"]
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": actions}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
