"""What a pod of the service is: its container, its limits, and how it starts and stops."""

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

PORT, PORT_NAME = 8080, "http"
SELECTOR = {"app.kubernetes.io/name": "helloworld"}
LABELS = {**SELECTOR, "app.kubernetes.io/part-of": "helloworld", "app.kubernetes.io/managed-by": "pulumi"}
USER = 10001

# How a pod goes without losing a request. From the moment it is told to stop it still takes requests for
# PRE_STOP + SHUTDOWN_DELAY seconds, while the balancer, which keeps a connection for up to DEREGISTRATION_DELAY, lets
# go of it; then what is under way may take SHUTDOWN_TIMEOUT. The grace period is all of it and a margin.
PRE_STOP_SECONDS = 5
SHUTDOWN_DELAY_SECONDS = 20
SHUTDOWN_TIMEOUT_SECONDS = 10
DEREGISTRATION_DELAY_SECONDS = 15
GRACE_SECONDS = PRE_STOP_SECONDS + SHUTDOWN_DELAY_SECONDS + SHUTDOWN_TIMEOUT_SECONDS + 10

# In thousandths of a CPU, and in MiB.
CPU_REQUEST_MILLI, MEMORY_REQUEST_MI, MEMORY_LIMIT_MI = 100, 96, 192

# The root file system is read-only.
WRITABLE = "/tmp"  # noqa: S108 - of a container, on a volume of its own
READINESS_PATH, LIVENESS_PATH = "/readyz", "/healthz"


def pod_template(
    *,
    image: pulumi.Input[str],
    pulled: bool,
    environment: str,
    message: str,
    variables: Mapping[str, pulumi.Input[str]],
    service_account: pulumi.Input[str],
) -> k8s.core.v1.PodTemplateSpecArgs:
    """The template of the service's pods.

    Args:
        image: reference by digest.
        pulled: whether nodes get it from a registry; else it is on them.
        environment: the stack's name, shown by the service.
        message: the greeting.
        variables: more of the container's environment.
        service_account: name of the pods' service account.
    """
    core = k8s.core.v1
    return core.PodTemplateSpecArgs(
        metadata=k8s.meta.v1.ObjectMetaArgs(labels=LABELS),
        spec=core.PodSpecArgs(
            service_account_name=service_account,
            automount_service_account_token=False,
            enable_service_links=False,
            termination_grace_period_seconds=GRACE_SECONDS,
            security_context=restricted_pod(),
            topology_spread_constraints=[_spread("topology.kubernetes.io/zone"), _spread("kubernetes.io/hostname")],
            containers=[_container(image, pulled, environment, message, variables)],
            volumes=[writable_volume()],
        ),
    )


def restricted_pod() -> k8s.core.v1.PodSecurityContextArgs:
    """The image's own user, as the pod security standard `restricted` wants it:
    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    return k8s.core.v1.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=USER,
        run_as_group=USER,
        fs_group=USER,
        seccomp_profile=k8s.core.v1.SeccompProfileArgs(type="RuntimeDefault"),
    )


def restricted_container() -> k8s.core.v1.SecurityContextArgs:
    """No rights, and nothing of the image can be written to."""
    return k8s.core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        privileged=False,
        read_only_root_filesystem=True,
        run_as_non_root=True,
        capabilities=k8s.core.v1.CapabilitiesArgs(drop=["ALL"]),
    )


def writable_volume() -> k8s.core.v1.VolumeArgs:
    """The volume of `writable_mount`, in memory."""
    return k8s.core.v1.VolumeArgs(
        name="tmp", empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs(medium="Memory", size_limit="16Mi")
    )


def writable_mount() -> k8s.core.v1.VolumeMountArgs:
    """All that a process may write to."""
    return k8s.core.v1.VolumeMountArgs(name="tmp", mount_path=WRITABLE)


def _spread(key: str) -> k8s.core.v1.TopologySpreadConstraintArgs:
    return k8s.core.v1.TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key=key,
        # A preference: with one node or zone left, all pods together are better than fewer pods.
        when_unsatisfiable="ScheduleAnyway",
        label_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=SELECTOR),
        # Only pods of the same revision, or the old ones skew where the new ones go.
        match_label_keys=["pod-template-hash"],
    )


def _container(
    image: pulumi.Input[str],
    pulled: bool,
    environment: str,
    message: str,
    variables: Mapping[str, pulumi.Input[str]],
) -> k8s.core.v1.ContainerArgs:
    core = k8s.core.v1
    settings: dict[str, pulumi.Input[str]] = {
        "PORT": str(PORT),
        "ENVIRONMENT": environment,
        # Kubernetes would put another variable in the place of $(NAME): https://kubernetes.io/docs/reference/kubernetes-api/
        "MESSAGE": message.replace("$", "$$"),
        "SHUTDOWN_DELAY_SECONDS": str(SHUTDOWN_DELAY_SECONDS),
        "SHUTDOWN_TIMEOUT_SECONDS": str(SHUTDOWN_TIMEOUT_SECONDS),
        **variables,
    }
    return core.ContainerArgs(
        name="helloworld",
        image=image,
        # Nothing is said of one that is pulled: a digest is pulled once, by itself.
        image_pull_policy=None if pulled else "Never",
        env=[core.EnvVarArgs(name=key, value=value) for key, value in settings.items()],
        ports=[core.ContainerPortArgs(name=PORT_NAME, container_port=PORT, protocol="TCP")],
        resources=core.ResourceRequirementsArgs(
            requests={"cpu": f"{CPU_REQUEST_MILLI}m", "memory": f"{MEMORY_REQUEST_MI}Mi"},
            limits={"cpu": "1", "memory": f"{MEMORY_LIMIT_MI}Mi"},
        ),
        security_context=restricted_container(),
        startup_probe=_probe(LIVENESS_PATH, period_seconds=1, failure_threshold=60),
        liveness_probe=_probe(LIVENESS_PATH, period_seconds=10, failure_threshold=3),
        readiness_probe=_probe(READINESS_PATH, period_seconds=5, failure_threshold=2),
        # Kubernetes itself sleeps, since 1.30: the service should not need a shell.
        lifecycle=core.LifecycleArgs(
            pre_stop=core.LifecycleHandlerArgs(sleep=core.SleepActionArgs(seconds=PRE_STOP_SECONDS))
        ),
        volume_mounts=[writable_mount()],
    )


def _probe(path: str, *, period_seconds: int, failure_threshold: int) -> k8s.core.v1.ProbeArgs:
    return k8s.core.v1.ProbeArgs(
        http_get=k8s.core.v1.HTTPGetActionArgs(path=path, port=PORT_NAME),
        period_seconds=period_seconds,
        failure_threshold=failure_threshold,
        timeout_seconds=2,
    )
