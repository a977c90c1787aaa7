"""What the pod of the Cluster Autoscaler is: its flags, its limits, and where it runs. Pure."""

import pulumi
import pulumi_kubernetes as k8s

from infra.scaling.node_autoscaler_rights import CLUSTER_TAG, ENABLED_TAG, NAME

SELECTOR = {"app.kubernetes.io/name": NAME}
LABELS = {**SELECTOR, "app.kubernetes.io/part-of": "helloworld", "app.kubernetes.io/managed-by": "pulumi"}
PORT = 8085
# The user `nobody`, as the published manifest has it.
USER = 65534
# How long it stays on a node that does not answer; Kubernetes's own five minutes are long when a node is missing.
LOST_NODE_SECONDS = 60


def flags(cluster_name: str) -> list[str]:
    """The command line, as far as it differs from the defaults:
    https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/FAQ.md

    Left as they are: a node goes when less than half of it has been asked for during ten minutes, and none within ten
    minutes of a new one. That is longer than the five in which pods come back down, so a short lull moves no node.
    """
    return [
        "--cloud-provider=aws",
        f"--node-group-auto-discovery=asg:tag={ENABLED_TAG},{CLUSTER_TAG}/{cluster_name}",
        "--expander=least-waste",
        "--balance-similar-node-groups",
        # metrics-server keeps a certificate in an emptyDir; a node would be kept for it.
        "--skip-nodes-with-local-storage=false",
        # What runs on every node goes with its node. Counted, it fills almost half of a small one.
        "--ignore-daemonsets-utilization",
        # The least that tells each decision.
        "--v=1",
    ]


def pod_template(
    *, image: str, region: str, cluster_name: pulumi.Input[str], service_account: pulumi.Input[str]
) -> k8s.core.v1.PodTemplateSpecArgs:
    """The template of the autoscaler's pod.

    Args:
        image: reference by digest, of the cluster's Kubernetes version.
        region: the AWS region.
        cluster_name: the EKS cluster's.
        service_account: name of the pod's service account.
    """
    core = k8s.core.v1
    return core.PodTemplateSpecArgs(
        metadata=k8s.meta.v1.ObjectMetaArgs(labels=LABELS),
        spec=core.PodSpecArgs(
            service_account_name=service_account,
            enable_service_links=False,
            priority_class_name="system-cluster-critical",
            tolerations=[
                core.TolerationArgs(
                    key=f"node.kubernetes.io/{state}",
                    operator="Exists",
                    effect="NoExecute",
                    toleration_seconds=LOST_NODE_SECONDS,
                )
                for state in ("not-ready", "unreachable")
            ],
            security_context=core.PodSecurityContextArgs(
                run_as_non_root=True,
                run_as_user=USER,
                run_as_group=USER,
                fs_group=USER,
                seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
            ),
            containers=[
                core.ContainerArgs(
                    name=NAME,
                    image=image,
                    command=["/cluster-autoscaler"],
                    args=pulumi.Output.from_input(cluster_name).apply(flags),
                    # It would ask the instance metadata service, which pods cannot reach.
                    env=[core.EnvVarArgs(name="AWS_REGION", value=region)],
                    ports=[core.ContainerPortArgs(name="http", container_port=PORT, protocol="TCP")],
                    resources=core.ResourceRequirementsArgs(
                        requests={"cpu": "50m", "memory": "128Mi"}, limits={"memory": "600Mi"}
                    ),
                    security_context=core.SecurityContextArgs(
                        allow_privilege_escalation=False,
                        privileged=False,
                        read_only_root_filesystem=True,
                        run_as_non_root=True,
                        capabilities=core.CapabilitiesArgs(drop=["ALL"]),
                    ),
                    readiness_probe=_health(period_seconds=10),
                    liveness_probe=_health(period_seconds=30),
                )
            ],
        ),
    )


def _health(*, period_seconds: int) -> k8s.core.v1.ProbeArgs:
    """It fails once the main loop has stood still for ten minutes, or failed for fifteen."""
    return k8s.core.v1.ProbeArgs(
        http_get=k8s.core.v1.HTTPGetActionArgs(path="/health-check", port=PORT),
        period_seconds=period_seconds,
        timeout_seconds=5,
    )
