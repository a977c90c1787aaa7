"""Which kubectl contexts are for trying things: not those that look like EKS, another cloud's, or production."""

import ipaddress
import re
from urllib.parse import urlsplit

# Names that the tools for clusters on one's own machine give.
LOCAL_NAMES = re.compile(r"(kind-|k3d-).+|minikube|docker-desktop|rancher-desktop")
PROD = re.compile(r"prod", re.IGNORECASE)
# How the managed clusters of the large clouds name their servers and contexts.
MANAGED = (
    ("EKS", re.compile(r"\.eks(\.|-)|^arn:aws[a-z-]*:eks:|\.eksctl\.io$", re.IGNORECASE)),
    ("GKE", re.compile(r"^gke_|\.gke\.goog$|\.googleapis\.com$", re.IGNORECASE)),
    ("AKS", re.compile(r"\.azmk8s\.(io|us|cn)$|^aks-|-aks$", re.IGNORECASE)),
)
CURE = "cure: kind create cluster, or kubectl config use-context <a throw-away cluster>"


def refusal(context: str, cluster: str, server: str, *, throw_away: bool) -> str | None:
    """Why a context must not be used for a local stack or a rehearsal, or None if it may.

    Args:
        context: the context's name.
        cluster: the name of its cluster in the kubeconfig.
        server: the URL of its API server.
        throw_away: the user says that the cluster is one to throw away; that excuses an unknown cluster, not one that
            looks like a managed or a production one.
    """
    host = _host(server)
    title, names = f'the current kubectl context "{context}" ({server})', (context, cluster, host)
    for kind, pattern in MANAGED:
        if any(pattern.search(name) for name in names):
            return f"{title} looks like {kind}, which nobody throws away; {CURE}"
    if any(PROD.search(name) for name in names):
        return f"{title} has prod in its name; {CURE}"
    if throw_away or LOCAL_NAMES.fullmatch(context) or is_loopback(host):
        return None
    return (
        f"{title} is not known to be a throw-away cluster: it is neither kind, k3d, minikube, Docker Desktop nor "
        f"Rancher Desktop, nor on this machine; {CURE}, or, if it is one, make rehearse THROW_AWAY=yes "
        "(--context-is-throw-away)"
    )


def _host(server: str) -> str:
    try:
        return urlsplit(server).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
