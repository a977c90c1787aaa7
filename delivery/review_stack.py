"""The stack file of a review environment, derived from that of the stack whose cluster it uses."""

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml

from bootstrap.names import REVIEW_PREFIX
from delivery.problems import DeliveryError
from infra import settings
from infra.problems import SettingsError
from infra.settings import PROJECT, Settings

LONGEST_HOSTNAME = 64
REVIEW_STACK = re.compile(rf"{REVIEW_PREFIX}([1-9][0-9]{{0,8}})")


def review_stack(pull_request: int) -> str:
    """The name of a pull request's stack."""
    return f"{REVIEW_PREFIX}{pull_request}"


def pull_request_of(stack: str) -> int | None:
    """The pull request that a stack is of; None for any other stack."""
    found = REVIEW_STACK.fullmatch(stack)
    return int(found[1]) if found else None


def review_stack_file(pull_request: int, platform_stack: str, platform: Settings, secrets_provider: str | None) -> str:
    """The text of `Pulumi.pr-N.yaml`.

    Nothing that protects, opens or encrypts the other stack goes with it: no `protect`, no `access`, no key.

    Args:
        pull_request: its number.
        platform_stack: the stack whose cluster is used, e.g. dev.
        platform: that stack's settings.
        secrets_provider: who encrypts that stack's secrets; the key itself does not go along.

    Raises:
        DeliveryError: no review environment can stand on that stack, or the settings would be refused.
    """
    if platform.platform != "create":
        raise DeliveryError(
            f"{PROJECT}:platform = {platform.platform} in {platform_stack}: a review environment needs a stack that "
            "creates its platform"
        )
    config = {
        "platform": "reference",
        "platformStack": platform_stack,
        "region": platform.region,
        # The image is built for one; the types must fit it.
        "nodeArchitecture": platform.node_architecture,
        "nodeInstanceTypes": platform.node_instance_types,
        "replicasMin": 1,
        "replicasMax": 2,
        "message": f"Pull request {pull_request}",
        **({"deployRole": platform.review_role} if platform.review_role else {}),
        **({"sourceUrl": platform.source_url} if platform.source_url else {}),
        **({"tags": platform.tags} if platform.tags else {}),
        **_database(platform),
        **_address(pull_request, platform_stack, platform),
    }
    named = {f"{PROJECT}:{key}": value for key, value in config.items()}
    _check(pull_request, named)
    return _text(
        named, secrets_provider, f"# Made from Pulumi.{platform_stack}.yaml by `make review`, anew each time.\n"
    )


def least_review_stack_file(platform_stack: str, secrets_provider: str | None) -> str:
    """A file that is enough to destroy a review environment, whatever has become of the other stack's settings."""
    return _text({f"{PROJECT}:platform": "reference", f"{PROJECT}:platformStack": platform_stack}, secrets_provider)


def _text(config: Mapping[str, Any], secrets_provider: str | None, comment: str = "") -> str:
    document = {**({"secretsprovider": secrets_provider} if secrets_provider else {}), "config": dict(config)}
    return comment + yaml.safe_dump(document, sort_keys=False, width=10_000)


def _database(platform: Settings) -> dict[str, bool]:
    # Without a role for reviews their pods would have nothing to log in with.
    if not platform.database or not platform.review_role:
        return {}
    return {"database": True, **({"databaseSeed": True} if platform.database_seed else {})}


def _address(pull_request: int, platform_stack: str, platform: Settings) -> dict[str, str]:
    if not platform.hostname or not platform.zone:
        return {}
    hostname = f"{review_stack(pull_request)}.{platform.hostname}"
    if len(hostname) > LONGEST_HOSTNAME:
        most = LONGEST_HOSTNAME - len(hostname) + len(platform.hostname)
        raise DeliveryError(
            f"{hostname} has {len(hostname)} characters, and a certificate's name has at most {LONGEST_HOSTNAME}\n"
            f"  cure: give {platform_stack} a {PROJECT}:hostname of at most {most} characters"
        )
    return {"hostname": hostname, "zone": platform.zone}


def _check(pull_request: int, config: Mapping[str, Any]) -> None:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    try:
        settings.parse(texts)
    except SettingsError as error:
        raise DeliveryError(f"{review_stack(pull_request)} cannot be derived: {error}") from None
