"""The Kubernetes objects of the service at one image digest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from infra import egress, guards, pods
from infra.data.state import State
from infra.exposure import ExposureArgs, ingress_annotations
from infra.ordering import after
from infra.rollback import roll_back_on_error

NAME = "helloworld"


@dataclass(frozen=True, kw_only=True)
class ReleaseArgs:
    """What a release takes.

    `image` is a reference by digest; one that is not `pulled` is on the nodes, where `before_rollout` puts it.
    `namespace` is the release's, and `shared` bounds what it may use of a cluster that others live on. Replicas are
    numbers of pods, scaled to `cpu_target_percent` of their CPU request, unless `autoscaled_elsewhere`;
    `rollout_seconds` is how long a roll-out may take; `exposure` how the service is reached from outside, None if it is
    not; `client_cidrs` where its requests come from; `state` what its pods keep state with, None for their memory;
    `peer_cidr` a neighbour's network that they may reach; `kubeconfig` is what a roll-back uses to reach the cluster.
    """

    image: pulumi.Input[str]
    pulled: bool = True
    before_rollout: Sequence[pulumi.ResourceHook] = ()
    namespace: str
    shared: bool = False
    environment: str
    message: str
    min_replicas: int
    max_replicas: int
    cpu_target_percent: int
    autoscaled_elsewhere: bool = False
    rollout_seconds: int
    exposure: ExposureArgs | None
    client_cidrs: pulumi.Input[Sequence[str]]
    state: State | None = None
    peer_cidr: str | None = None
    kubeconfig: pulumi.Input[str]


class Release(pulumi.ComponentResource):
    """The service, deployed so that a roll-out loses no request and one that fails is rolled back.

    Outputs: `image` (the digest that runs, known only once it runs healthily); `namespace`; `balancer_name` (the DNS
    name of the balancer, None without one).
    """

    image: pulumi.Output[str]
    namespace: pulumi.Output[str]
    balancer_name: pulumi.Output[str] | None

    def __init__(self, name: str, args: ReleaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:release:Release", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.namespace = self._create_namespace()
        service = self._create_service()
        deployment = self._create_deployment(self._create_service_account())
        self._create_guards()
        self.balancer_name = self._create_ingress(service, args.exposure) if args.exposure is not None else None
        self.image = deployment.spec.apply(_deployed_image)
        self.register_outputs({"image": self.image})

    def _metadata(self, annotations: Mapping[str, pulumi.Input[str]] | None = None) -> k8s.meta.v1.ObjectMetaArgs:
        # People, dashboards and the roll-back know the objects by this name, so it is not left to autonaming.
        return k8s.meta.v1.ObjectMetaArgs(
            name=NAME, namespace=self.namespace, labels=pods.LABELS, annotations=annotations
        )

    def _create_namespace(self) -> pulumi.Output[str]:
        namespace = k8s.core.v1.Namespace(
            f"{self._name}-namespace",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=self._args.namespace,
                labels={
                    **pods.LABELS,
                    "pod-security.kubernetes.io/enforce": "restricted",
                    "pod-security.kubernetes.io/audit": "restricted",
                    "pod-security.kubernetes.io/warn": "restricted",
                    # A new pod counts as ready only once the balancer sends it requests, else a roll-out answers 502.
                    "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
                },
            ),
            opts=self._child,
        )
        return after(self._args.namespace, namespace.id)

    def _create_service_account(self) -> pulumi.Output[str]:
        account = k8s.core.v1.ServiceAccount(
            f"{self._name}-service-account",
            metadata=self._metadata(),
            automount_service_account_token=False,
            opts=self._child,
        )
        return after(NAME, account.id)

    def _create_service(self) -> pulumi.Output[str]:
        service = k8s.core.v1.Service(
            f"{self._name}-service",
            # The await would settle for ten seconds, and the Ingress with it, for endpoints that nothing here needs.
            metadata=self._metadata({"pulumi.com/skipAwait": "true"}),
            spec=k8s.core.v1.ServiceSpecArgs(
                type="ClusterIP",
                selector=pods.SELECTOR,
                ports=[k8s.core.v1.ServicePortArgs(name="http", port=80, target_port=pods.PORT_NAME)],
            ),
            opts=self._child,
        )
        return after(NAME, service.id)

    def _create_deployment(self, service_account: pulumi.Output[str]) -> k8s.apps.v1.Deployment:
        args = self._args
        # Not before the controller serves the class: its webhook sees every pod of this namespace, and while it is
        # installed but not up yet, pods are refused. Nor before they may log in to what they keep state with.
        first = [args.exposure.ingress_class] if args.exposure else []
        first += [args.state.service_account] if args.state else []
        template = pods.pod_template(
            image=args.image,
            pulled=args.pulled,
            environment=args.environment,
            message=args.message,
            variables=args.state.variables if args.state else {},
            service_account=after(service_account, *first),
        )
        before_rollout = [*args.before_rollout, *([args.state.before_rollout] if args.state else [])]
        return k8s.apps.v1.Deployment(
            f"{self._name}-deployment",
            metadata=self._metadata(
                {
                    # A little after the progress deadline, so that the failure that is seen is the roll-out's own,
                    # and at once.
                    "pulumi.com/timeoutSeconds": str(args.rollout_seconds + 10),
                }
            ),
            # No replicas: they are the autoscaler's, and a number here would reset its choice at every update.
            spec=k8s.apps.v1.DeploymentSpecArgs(
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=pods.SELECTOR),
                strategy=k8s.apps.v1.DeploymentStrategyArgs(
                    type="RollingUpdate",
                    rolling_update=k8s.apps.v1.RollingUpdateDeploymentArgs(max_surge="50%", max_unavailable=0),
                ),
                progress_deadline_seconds=args.rollout_seconds,
                revision_history_limit=5,
                template=template,
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                hooks=pulumi.ResourceHookBinding(
                    before_create=[*before_rollout],
                    before_update=[*before_rollout],
                    on_error=[roll_back_on_error(f"{self._name}-roll-back", args.kubeconfig, args.rollout_seconds)],
                ),
            ),
        )

    def _create_guards(self) -> None:
        args = self._args
        if not args.autoscaled_elsewhere:
            k8s.autoscaling.v2.HorizontalPodAutoscaler(
                f"{self._name}-autoscaler",
                metadata=self._metadata(),
                spec=guards.autoscaler_spec(NAME, args.min_replicas, args.max_replicas, args.cpu_target_percent),
                opts=self._child,
            )
        k8s.policy.v1.PodDisruptionBudget(
            f"{self._name}-disruption-budget",
            metadata=self._metadata(),
            spec=guards.disruption_budget_spec(),
            opts=self._child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{self._name}-network-policy",
            metadata=self._metadata(),
            spec=guards.network_policy_spec(args.client_cidrs, _ways_out(args.state, args.peer_cidr)),
            opts=self._child,
        )
        if args.shared:
            k8s.core.v1.ResourceQuota(
                f"{self._name}-quota",
                metadata=self._metadata(),
                spec=guards.quota_spec(args.max_replicas),
                opts=self._child,
            )

    def _create_ingress(self, service: pulumi.Output[str], args: ExposureArgs) -> pulumi.Output[str]:
        network = k8s.networking.v1
        backend = network.IngressBackendArgs(
            service=network.IngressServiceBackendArgs(name=service, port=network.ServiceBackendPortArgs(name="http"))
        )
        ingress = network.Ingress(
            f"{self._name}-ingress",
            metadata=self._metadata(ingress_annotations(args)),
            spec=network.IngressSpecArgs(
                ingress_class_name=args.ingress_class,
                rules=[
                    network.IngressRuleArgs(
                        host=host,
                        http=network.HTTPIngressRuleValueArgs(
                            paths=[network.HTTPIngressPathArgs(path="/", path_type="Prefix", backend=backend)]
                        ),
                    )
                    for host in args.hostnames or (None,)
                ],
            ),
            opts=self._child,
        )
        return ingress.status.apply(_balancer_name)


def _ways_out(state: State | None, peer_cidr: str | None) -> list[egress.Rule]:
    ways = [egress.to_credentials(), egress.to_networks(state.networks, state.ports)] if state else []
    if peer_cidr:
        ways.append(egress.to_networks([peer_cidr], ()))
    return [egress.to_names(), *ways] if ways else []


def _deployed_image(spec: Any) -> str:
    return str(spec.template.spec.containers[0].image)


def _balancer_name(status: Any) -> str:
    return str(status.load_balancer.ingress[0].hostname)
