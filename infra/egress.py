"""Where pods may open connections to: the rules of network policies. Pure."""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

Rule = k8s.networking.v1.NetworkPolicyEgressRuleArgs
# Where pods get their credentials, on each node:
# https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html#pod-id-considerations
POD_IDENTITY_AGENT, POD_IDENTITY_PORT = "169.254.170.23/32", 80
EVERYWHERE = "0.0.0.0/0"


def to_names() -> Rule:
    """The cluster's DNS."""
    network = k8s.networking.v1
    return network.NetworkPolicyEgressRuleArgs(
        to=[
            network.NetworkPolicyPeerArgs(
                namespace_selector=_labels("kubernetes.io/metadata.name", "kube-system"),
                pod_selector=_labels("k8s-app", "kube-dns"),
            )
        ],
        ports=[network.NetworkPolicyPortArgs(protocol=protocol, port=53) for protocol in ("UDP", "TCP")],
    )


def to_credentials() -> Rule:
    """The agent of EKS Pod Identity."""
    return to_networks([POD_IDENTITY_AGENT], [POD_IDENTITY_PORT])


def to_networks(cidrs: pulumi.Input[Sequence[str]], ports: Sequence[int]) -> Rule:
    """TCP ports in IPv4 networks; without ports all of them, of every protocol."""
    network = k8s.networking.v1
    return network.NetworkPolicyEgressRuleArgs(
        to=blocks(cidrs), ports=[network.NetworkPolicyPortArgs(protocol="TCP", port=port) for port in ports]
    )


def blocks(
    cidrs: pulumi.Input[Sequence[str]],
) -> pulumi.Output[list[k8s.networking.v1.NetworkPolicyPeerArgs]]:
    """IPv4 networks as the peers of a rule."""
    network = k8s.networking.v1
    return pulumi.Output.from_input(cidrs).apply(
        lambda known: [network.NetworkPolicyPeerArgs(ip_block=network.IPBlockArgs(cidr=cidr)) for cidr in known]
    )


def _labels(key: str, value: str) -> k8s.meta.v1.LabelSelectorArgs:
    return k8s.meta.v1.LabelSelectorArgs(match_labels={key: value})
