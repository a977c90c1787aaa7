"""Where what runs comes from."""

import re
from collections.abc import Iterator
from typing import Any

from policy.model import Context, Planned, Rule, stack_of
from policy.values import at, is_unknown
from policy.workloads import CHARTS, containers, pod_specs

_DIGEST = re.compile(r"@sha256:([0-9a-f]{64}|\$\{.*\})$")
_VERSION = re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")
_ECR = r"(\d{12}|\$\{.*\})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/"
# Nobody changes on the way what a mirror on this machine sends to it.
_SAFE_WAY = re.compile(r"https://|http://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?(/|$)")
# A registry on this machine has what was built on it.
_HERE = re.compile(r"(localhost|127\.0\.0\.1)(:\d+)?/")


def _images(resource: Planned, context: Context) -> Iterator[tuple[str, Any]]:
    """Name and image of the containers that pull theirs; nobody loads images into the nodes of production."""
    for spec in pod_specs(resource):
        for name, container in containers(spec):
            loaded = container.get("imagePullPolicy") == "Never" and not context.production
            if not loaded and not is_unknown(container.get("image")):
                yield name, container.get("image")


def images_by_digest(resource: Planned, context: Context) -> Iterator[str]:
    for name, image in _images(resource, context):
        if not _DIGEST.search(str(image)):
            yield f"container {name} runs {image}, which another image may be tomorrow"


def images_ours(resource: Planned, context: Context) -> Iterator[str]:
    own = re.compile(_ECR + re.escape("-".join(stack_of(resource.urn))) + "[:@]")
    for name, image in _images(resource, context):
        text = str(image)
        here = not context.production and _HERE.match(text)
        if not here and not own.match(text) and not context.allows(resource, text):
            yield f"container {name} runs {image}, which is not from the stack's own registry"


def charts_pinned(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type not in CHARTS:
        return
    version, repository = resource.inputs.get("version"), at(resource.inputs, "repositoryOpts", "repo")
    if not is_unknown(version) and not _VERSION.fullmatch(str(version)):
        yield f"its chart is another one tomorrow (version {version})"
    chart = str(resource.inputs.get("chart"))
    if not is_unknown(repository) and not (_SAFE_WAY.match(str(repository)) or chart.startswith("oci://")):
        yield f"its chart comes by a way on which it can be changed ({repository})"


def charts_known(resource: Planned, context: Context) -> Iterator[str]:
    chart = resource.inputs.get("chart")
    if resource.type in CHARTS and not is_unknown(chart) and not context.allows(resource, str(chart)):
        yield f"the chart {chart} runs images of others, by tags"


RULES = (
    Rule(
        name="image-by-digest",
        check=images_by_digest,
        asks="containers name their image by its digest",
        why="what a tag means can change under a running release",
        cure="refer to the image as <repository>@sha256:<digest>",
    ),
    Rule(
        name="image-ours",
        check=images_ours,
        asks="containers run images of the stack's own registry",
        why="what is there was built or promoted here, is scanned, and is not gone tomorrow",
        cure="set helloworld:imageFrom, which copies the image by digest, or add a row with its reason to ALLOWED",
        level="advisory",
    ),
    Rule(
        name="chart-pinned",
        check=charts_pinned,
        asks="charts are named by an exact version, and fetched over HTTPS or from this machine",
        why="a range of versions installs what nobody has looked at",
        cure="set version, and repositoryOpts.repo to an https:// address",
    ),
    Rule(
        name="chart-known",
        check=charts_known,
        asks="each chart has a row that says why it is trusted",
        why="a chart brings pods and rights that the plan does not show",
        cure="add a row with its reason to ALLOWED",
    ),
)
