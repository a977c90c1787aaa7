"""The pod that makes databases and their users on the stack's server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from infra import egress, pods
from infra.data import database
from infra.ordering import after

NAME = "helloworld-provisioner"
LABELS = {**pods.LABELS, "app.kubernetes.io/name": NAME}
SELECTOR = {"app.kubernetes.io/name": NAME}
HTTPS = 443
# Its first round takes seconds; credentials of a new association may take some more.
READY_SECONDS = 180


@dataclass(frozen=True, kw_only=True)
class ProvisionerArgs:
    """What a provisioner takes.

    `image` is the service's, by digest; `service_account` its own, once its pods may read the secret, and
    `before_rollout` the hook that waits until they can. `host` is the
    server, in `networks` (IPv4); `secret_arn` has the master's password. `databases` always have one each;
    `review_prefix` is how the names of namespaces begin that get one as long as they exist, None for none.
    """

    image: pulumi.Input[str]
    namespace: pulumi.Input[str]
    service_account: pulumi.Input[str]
    before_rollout: pulumi.ResourceHook
    region: str
    host: pulumi.Input[str]
    secret_arn: pulumi.Input[str]
    networks: Sequence[str]
    databases: Sequence[str]
    review_prefix: str | None


class Provisioner(pulumi.ComponentResource):
    """One pod that makes what is missing, again and again, so that nothing outside the cluster needs a way to the
    server.

    It is ready once a round has succeeded, and an `up` waits for that: one that succeeds leaves a database that the
    service can log in to. One that meets a server out of reach fails after three minutes, when the service is rolled
    out already, and the pod's log says why.

    No outputs.
    """

    def __init__(self, name: str, args: ProvisionerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:provisioner:Provisioner", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        account = k8s.core.v1.ServiceAccount(
            f"{name}-service-account",
            metadata=self._metadata(args.service_account),
            automount_service_account_token=False,
            opts=self._child,
        )
        k8s.networking.v1.NetworkPolicy(
            f"{name}-network-policy", metadata=self._metadata(), spec=_network_policy(args), opts=self._child
        )
        rights = [self._grant_namespaces()] if args.review_prefix is not None else []
        self._create_deployment(after(NAME, account.id, *rights))
        self.register_outputs({})

    def _metadata(
        self, name: pulumi.Input[str] = NAME, annotations: Mapping[str, str] | None = None
    ) -> k8s.meta.v1.ObjectMetaArgs:
        # EKS knows the service account by this name, and people the rest.
        return k8s.meta.v1.ObjectMetaArgs(
            name=name, namespace=self._args.namespace, labels=LABELS, annotations=annotations
        )

    def _grant_namespaces(self) -> pulumi.Output[str]:
        rbac, metadata = k8s.rbac.v1, k8s.meta.v1.ObjectMetaArgs(name=NAME, labels=LABELS)
        role = rbac.ClusterRole(
            f"{self._name}-namespaces-role",
            metadata=metadata,
            rules=[rbac.PolicyRuleArgs(api_groups=[""], resources=["namespaces"], verbs=["list"])],
            opts=self._child,
        )
        return rbac.ClusterRoleBinding(
            f"{self._name}-namespaces-role-binding",
            metadata=metadata,
            role_ref=rbac.RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=role.metadata.name
            ),
            subjects=[rbac.SubjectArgs(kind="ServiceAccount", name=NAME, namespace=self._args.namespace)],
            opts=self._child,
        ).id

    def _create_deployment(self, service_account: pulumi.Output[str]) -> None:
        meta, apps = k8s.meta.v1, k8s.apps.v1
        apps.Deployment(
            f"{self._name}-deployment",
            metadata=self._metadata(annotations={"pulumi.com/timeoutSeconds": str(READY_SECONDS + 10)}),
            spec=apps.DeploymentSpecArgs(
                replicas=1,
                selector=meta.LabelSelectorArgs(match_labels=SELECTOR),
                # Two of them do no harm, but one is enough.
                strategy=apps.DeploymentStrategyArgs(type="Recreate"),
                progress_deadline_seconds=READY_SECONDS,
                revision_history_limit=2,
                template=k8s.core.v1.PodTemplateSpecArgs(
                    metadata=meta.ObjectMetaArgs(labels=LABELS), spec=_pod_spec(self._args, service_account)
                ),
            ),
            opts=pulumi.ResourceOptions(
                parent=self, hooks=pulumi.ResourceHookBinding(before_create=[self._args.before_rollout])
            ),
        )


def _pod_spec(args: ProvisionerArgs, service_account: pulumi.Output[str]) -> k8s.core.v1.PodSpecArgs:
    core = k8s.core.v1
    return core.PodSpecArgs(
        service_account_name=service_account,
        # Without reviews it asks the Kubernetes API for nothing.
        automount_service_account_token=args.review_prefix is not None,
        enable_service_links=False,
        security_context=pods.restricted_pod(),
        containers=[
            core.ContainerArgs(
                name="provisioner",
                image=args.image,
                command=["python", "-m", "helloworld.provision"],
                env=[core.EnvVarArgs(name=key, value=value) for key, value in _variables(args).items()],
                resources=core.ResourceRequirementsArgs(
                    requests={"cpu": "10m", "memory": "96Mi"}, limits={"cpu": "500m", "memory": "192Mi"}
                ),
                security_context=pods.restricted_container(),
                # It listens while its rounds succeed. No liveness probe: a new pod reaches the server no better.
                readiness_probe=core.ProbeArgs(
                    tcp_socket=core.TCPSocketActionArgs(port=pods.PORT), period_seconds=5, timeout_seconds=2
                ),
                volume_mounts=[pods.writable_mount()],
            )
        ],
        volumes=[pods.writable_volume()],
    )


def _variables(args: ProvisionerArgs) -> dict[str, pulumi.Input[str]]:
    url = pulumi.Output.format("postgresql://{0}@{1}:{2}/postgres", database.MASTER, args.host, database.PORT)
    return {
        "DATABASE_ADMIN_URL": url,
        "DATABASE_ADMIN_SECRET": args.secret_arn,
        "PROVISION_DATABASES": ",".join(args.databases),
        **({"PROVISION_REVIEWS": args.review_prefix} if args.review_prefix is not None else {}),
        "AWS_REGION": args.region,
    }


def _network_policy(args: ProvisionerArgs) -> k8s.networking.v1.NetworkPolicySpecArgs:
    return k8s.networking.v1.NetworkPolicySpecArgs(
        pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=SELECTOR),
        # No ingress rule: the kubelet of its node probes it all the same.
        policy_types=["Ingress", "Egress"],
        egress=[
            egress.to_names(),
            egress.to_credentials(),
            egress.to_networks(list(args.networks), [database.PORT]),
            # Secrets Manager has no fixed addresses, nor has the Kubernetes API.
            egress.to_networks([egress.EVERYWHERE], [HTTPS]),
        ],
    )
