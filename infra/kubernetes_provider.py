"""How this program writes to a cluster, whichever it is."""

from typing import Any

import pulumi_kubernetes as k8s

from infra.settings import PROJECT


def kubernetes_provider(**more: Any) -> k8s.Provider:
    """The provider of every Kubernetes object.

    Args:
        more: arguments of `pulumi_kubernetes.Provider`: which cluster it is.
    """
    return k8s.Provider(
        f"{PROJECT}-kubernetes",
        enable_server_side_apply=True,
        # A killed `up` leaves objects that the state does not know; the next one takes them over.
        upsert_existing_objects=True,
        # Fields that somebody has changed by hand, or that a roll-back has set, are the program's again with the next
        # `up`. It would be refused otherwise, and the preview that is to show the drift, too.
        enable_patch_force=True,
        **more,
    )
