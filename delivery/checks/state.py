"""Where the stack's state is kept, and the key of its secrets."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from delivery import configuration
from delivery.aws_refusals import RefusedError
from delivery.checks.result import Result, fail, ok, warn
from delivery.checks.site import Site

BACKEND, KEY = "state", "secrets key"
LOG_IN = "pulumi login to the project's backend; make bootstrap says its address"


def backend(site: Site) -> Iterable[Result]:
    """Whether the bucket that Pulumi is logged in to can be reached; a backend elsewhere is only named."""
    address = backend_address(site.context.environ)
    url = urlsplit(address)
    if not address:
        yield fail(BACKEND, "Pulumi is logged in to no backend", LOG_IN)
    elif url.scheme != "s3":
        yield ok(BACKEND, f"{url.scheme}://{url.hostname or ''}, which is not in AWS and not asked")
    else:
        region = parse_qs(url.query).get("region", [site.region])[0]
        yield from _bucket(site, url.netloc, region)


def secrets_key(site: Site) -> Iterable[Result]:
    """Whether the key of KMS that encrypts the stack's secrets is there and enabled."""
    provider = configuration.secrets_provider(site.context.project, site.stack)
    url = urlsplit(provider or "")
    if url.scheme != "awskms":
        return
    name = f"{url.netloc}{url.path}".strip("/")
    region = parse_qs(url.query).get("region", [site.region])[0]
    found = site.aws.find("kms", "describe_key", where=region, KeyId=name)
    if found is None:
        yield fail(KEY, f"there is no {name} in {region}", f"make bootstrap, or correct Pulumi.{site.stack}.yaml")
    elif (status := found["KeyMetadata"]["KeyState"]) == "Enabled":
        yield ok(KEY, f"{name} in {region}")
    else:
        yield fail(KEY, f"{name} is {status}", "enable the key, or cancel its deletion")


def backend_address(environ: Mapping[str, str]) -> str:
    """The address of the backend that Pulumi uses; empty if there is none.

    https://www.pulumi.com/docs/iac/concepts/state-and-backends/
    """
    if given := environ.get("PULUMI_BACKEND_URL"):
        return given
    home = environ.get("PULUMI_HOME") or (f"{environ['HOME']}/.pulumi" if environ.get("HOME") else "")
    try:
        known = json.loads((Path(home) / "credentials.json").read_text("utf-8")) if home else {}
        return str(known.get("current") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _bucket(site: Site, bucket: str, region: str) -> Iterable[Result]:
    try:
        answer = site.aws.call("s3", "head_bucket", where=region, Bucket=bucket)
    except RefusedError as error:
        # Of a HEAD there is no body: its code is the status.
        if error.code in ("404", "NoSuchBucket"):
            yield fail(BACKEND, f"there is no bucket {bucket}", f"make bootstrap, or {LOG_IN}")
        elif error.code in ("301", "PermanentRedirect"):
            yield fail(BACKEND, f"{bucket} is not in {region}", f"name its region in the address; {LOG_IN}")
        elif error.code in ("403", "AccessDenied"):
            cure = "let the deploy role read it (make bootstrap), or ask as somebody who may; is it your bucket?"
            yield fail(BACKEND, f"{bucket} may not be read (s3:ListBucket)", cure)
        else:
            raise
        return
    there = answer.get("BucketRegion") or region
    if there != region:
        yield warn(BACKEND, f"{bucket} is in {there}, not in {region}", f"name its region in the address; {LOG_IN}")
    else:
        yield ok(BACKEND, f"s3://{bucket} in {region}")
