"""kubernetes-validate: each manifest against the schema of the Kubernetes version that its cluster runs, strictly.

https://github.com/willthames/kubernetes-validate
"""

from collections.abc import Mapping, Sequence

from kubernetes_validate import utils

from scan.finding import Finding
from scan.planted import MISSPELT_MANIFEST, MISSPELT_POD
from scan.stage import Manifest

NAME, RULE = "kubernetes-validate", "schema"


def findings(manifests: Sequence[Manifest]) -> list[Finding]:
    """What is wrong with manifests and with the planted one.

    Args:
        manifests: those of all stacks.
    """
    newest = manifests[0].kubernetes
    every = [*manifests, Manifest(MISSPELT_MANIFEST, MISSPELT_POD, newest)]
    return [Finding(NAME, RULE, each.where, problem) for each in every if (problem := _problem(each))]


def _problem(manifest: Manifest) -> str:
    body: Mapping[str, object] = manifest.body
    try:
        utils.validate(dict(body), manifest.kubernetes, strict=True)
    except utils.ValidationError as error:
        place = ".".join(str(each) for each in error.path)
        return f"{place or 'the manifest'}: {error.message} (Kubernetes {manifest.kubernetes})"
    except (utils.SchemaNotFoundError, utils.VersionNotSupportedError, utils.InvalidSchemaError) as error:
        return f"{body['apiVersion']} {body['kind']}: {error.message} (Kubernetes {manifest.kubernetes})"
    return ""
