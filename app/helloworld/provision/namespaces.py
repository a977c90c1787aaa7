"""The namespaces of the cluster, asked of Kubernetes's API with the pod's own service account."""

import asyncio
import json
import ssl
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from helloworld.reasons import reason

# https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/#directly-accessing-the-rest-api
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_SECONDS = 5.0
_PAGE = 500

# Names are all that is needed: https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches
_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


class NamespacesError(Exception):
    """It is not known which namespaces exist."""


class Namespaces:
    """Knows which namespaces exist.

    Args:
        environ: for the API's address, which Kubernetes sets in every pod.
        account: the directory with the service account's token, authority and namespace.
    """

    def __init__(self, environ: Mapping[str, str], account: Path = SERVICE_ACCOUNT) -> None:
        host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
        self._url = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
        self._account = account

    async def names(self) -> set[str]:
        """The names of all namespaces, those included that are being deleted.

        Raises:
            NamespacesError: the API did not answer in full, or so that it cannot be believed.
        """
        try:
            names = await asyncio.to_thread(self._names)
            own = (self._account / "namespace").read_text().strip()
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NamespacesError(f"Kubernetes did not list its namespaces ({reason(error)})") from error
        # An answer that forgets the namespace that this runs in would have databases dropped that are in use.
        if own not in names:
            raise NamespacesError(f"the answer lacks {own}, where this runs")
        return names

    def _names(self) -> set[str]:
        context = ssl.create_default_context(cafile=str(self._account / "ca.crt"))
        opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
        names: set[str] = set()
        onward = ""
        while True:
            query = urlencode({"limit": _PAGE, **({"continue": onward} if onward else {})})
            request = Request(f"{self._url}/api/v1/namespaces?{query}", headers=self._headers())  # noqa: S310 - https
            try:
                with opener.open(request, timeout=_SECONDS) as answer:
                    page: dict[str, Any] = json.load(answer)
            except HTTPError as error:
                # It is the answer as well, with its connection.
                error.close()
                raise
            names.update(item["metadata"]["name"] for item in page["items"])
            onward = page["metadata"].get("continue", "")
            if not onward:
                return names

    def _headers(self) -> dict[str, str]:
        # Read each time: the kubelet renews it.
        token = (self._account / "token").read_text().strip()
        return {"Authorization": f"Bearer {token}", "Accept": f"{_NAMES_ONLY}, application/json"}
