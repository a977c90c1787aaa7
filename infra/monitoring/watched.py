"""What monitoring looks at, by the names that CloudWatch has for it."""

from dataclasses import dataclass, fields

import pulumi


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The parts of a stack. One that the stack has not is None.

    `load_balancer` is as in `balancer.metrics_name`; `workload` is the name of the service's Deployment, in
    `namespace`; `containers` is whether the cluster sends its containers' metrics.
    """

    region: str
    cluster_name: pulumi.Input[str]
    namespace: str
    workload: str
    load_balancer: pulumi.Input[str]
    containers: bool
    certificate_arn: pulumi.Input[str] | None = None
    database_identifier: pulumi.Input[str] | None = None
    cache_name: pulumi.Input[str] | None = None

    def known(self) -> "pulumi.Output[Watched]":
        """The same with every name a plain text, once all are known."""
        names = {field.name: getattr(self, field.name) for field in fields(self)}
        return pulumi.Output.all(**names).apply(lambda values: Watched(**values))
