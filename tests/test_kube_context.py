"""Which clusters a rehearsal may use."""

import pytest

from delivery.kube_context import refusal

REMOTE = "https://10.1.2.3:6443"


@pytest.mark.parametrize(
    ("context", "server"),
    [
        ("kind-kind", "https://127.0.0.1:41234"),
        ("kind-in-a-vm", REMOTE),
        ("k3d-test", REMOTE),
        ("minikube", "https://192.168.49.2:8443"),
        ("docker-desktop", "https://kubernetes.docker.internal:6443"),
        ("rancher-desktop", REMOTE),
        ("whatever", "https://127.0.0.1:6443"),
        ("whatever", "https://localhost:6443"),
        ("whatever", "https://[::1]:6443"),
    ],
)
def test_a_cluster_that_is_thrown_away_anyway_is_taken(context: str, server: str) -> None:
    assert refusal(context, context, server, throw_away=False) is None


@pytest.mark.parametrize(
    ("context", "server"),
    [
        ("team", REMOTE),
        ("team", "https://k8s.example.com"),
        ("kind", REMOTE),
        ("kind-", REMOTE),
        ("minikube-2", REMOTE),
        ("my-docker-desktop", REMOTE),
        ("team", "https://127.0.0.1.example.com"),
        ("team", "not a url"),
    ],
)
def test_an_unknown_cluster_is_taken_only_if_the_user_says_so(context: str, server: str) -> None:
    said = refusal(context, context, server, throw_away=False)
    assert said is not None
    assert context in said
    assert "THROW_AWAY=yes" in said
    assert "--context-is-throw-away" in said
    assert refusal(context, context, server, throw_away=True) is None


@pytest.mark.parametrize("throw_away", [False, True])
@pytest.mark.parametrize(
    ("context", "cluster", "server", "sign"),
    [
        ("arn:aws:eks:us-west-2:123456789012:cluster/x", "x", REMOTE, "EKS"),
        ("kind-x", "arn:aws:eks:us-west-2:123456789012:cluster/x", REMOTE, "EKS"),
        ("dev", "dev", "https://ABC.gr7.us-west-2.eks.amazonaws.com", "EKS"),
        ("me@dev.us-west-2.eksctl.io", "dev", "https://127.0.0.1:8443", "EKS"),
        ("gke_project_europe-west1_x", "x", REMOTE, "GKE"),
        ("x", "x", "https://gke-0123.europe-west1.gke.goog", "GKE"),
        ("x", "x", "https://x-dns-0123.hcp.westeurope.azmk8s.io:443", "AKS"),
        ("prod", "x", REMOTE, "prod"),
        ("kind-prod", "kind-prod", "https://127.0.0.1:6443", "prod"),
        ("x", "PRODUCTION", "https://127.0.0.1:6443", "prod"),
        ("x", "x", "https://api.prod.example.com", "prod"),
    ],
)
def test_a_managed_or_a_production_cluster_is_refused_whatever_the_user_says(
    context: str, cluster: str, server: str, sign: str, throw_away: bool
) -> None:
    said = refusal(context, cluster, server, throw_away=throw_away)
    assert said is not None
    assert sign in said
    assert "cure: " in said
    assert "--context-is-throw-away" not in said
