"""A chart of the load balancer controller's name, served on this machine: the real controller would need AWS.

It has what the program and the engine can see of a controller: a Deployment that Helm waits for, and an ingress class.
"""

import contextlib
import io
import tarfile
import textwrap
import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from infra.load_balancer import CHART, CHART_VERSION, INGRESS_CLASS

# Its pods do nothing, as small as pods get.
POD_IMAGE = "registry.k8s.io/pause:3.10"
# How soon the server sees that it shall end.
POLL_SECONDS = 0.05

_TEMPLATE = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: {{ .Values.serviceAccount.name }}}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: CHART
  # It can serve no cluster that it is not told the name of; nor could the real one.
  annotations: {cluster: {{ required "clusterName" .Values.clusterName | quote }}}
spec:
  replicas: {{ .Values.replicaCount }}
  selector: {matchLabels: {app.kubernetes.io/name: CHART}}
  template:
    metadata: {labels: {app.kubernetes.io/name: CHART}}
    spec:
      serviceAccountName: {{ .Values.serviceAccount.name }}
      containers: [{name: controller, image: "POD_IMAGE"}]
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: {{ .Values.ingressClass }}}
spec: {controller: ingress.k8s.aws/alb}
"""


def files() -> dict[str, bytes]:
    """The Helm repository: what is served, by path."""
    archive = f"{CHART}-{CHART_VERSION}.tgz"
    index = f"""\
        apiVersion: v1
        entries:
          {CHART}:
          - {{apiVersion: v2, name: {CHART}, version: {CHART_VERSION}, urls: [{archive}]}}
        """
    return {"/index.yaml": textwrap.dedent(index).encode(), f"/{archive}": _archive()}


def _archive() -> bytes:
    chart = {
        "Chart.yaml": f"apiVersion: v2\nname: {CHART}\nversion: {CHART_VERSION}\n",
        "values.yaml": f"replicaCount: 2\ningressClass: {INGRESS_CLASS}\nserviceAccount: {{name: {CHART}}}\n",
        "templates/controller.yaml": _TEMPLATE.replace("CHART", CHART).replace("POD_IMAGE", POD_IMAGE),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in chart.items():
            entry = tarfile.TarInfo(f"{CHART}/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


@contextlib.contextmanager
def served() -> Iterator[str]:
    """Serve the Helm repository; the URL of it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(files()))
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), name="chart", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(content: Mapping[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = content.get(self.path)
            self.send_response(HTTPStatus.NOT_FOUND if found is None else HTTPStatus.OK)
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing: the rehearsal's output is its own."""

    return Handler
