"""What `make bootstrap` reads from, and writes into, the files of the account and of the stacks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bootstrap import names
from bootstrap import settings as account_settings
from delivery import bootstrap_state, stack_edits
from delivery.bootstrap_state import Backend
from delivery.context import Context
from delivery.engine import Engine
from delivery.problems import DeliveryError
from delivery.whole_file import write_whole
from infra.problems import SettingsError
from infra.settings import PROJECT
from offline import stackfile
from offline.projectfile import NoProjectError


def settle(folder: Path, given: Mapping[str, str]) -> None:
    """Write the arguments into the account's file, which is what counts, where it says nothing."""
    values = {f"{names.BOOTSTRAP_PROJECT}:{key}": value for key, value in given.items() if value}
    checked(folder, values)
    file = folder / f"Pulumi.{names.BOOTSTRAP_STACK}.yaml"
    text = file.read_text("utf-8-sig")
    edited = stack_edits.edit(text, {}, values)
    if edited.other:
        reasons = [f"  {key}: given {values[key]}, the file says {other}" for key, other in edited.other.items()]
        cure = f"  cure: leave the argument out, or change bootstrap/{file.name}"
        raise DeliveryError("\n".join(["an argument contradicts the account's file:", *reasons, cure]))
    if edited.text != text:
        write_whole(file, edited.text)


def checked(folder: Path, more: Mapping[str, str] | None = None) -> account_settings.Settings:
    """The account's settings.

    Raises:
        DeliveryError: they have problems; all of them are in it.
    """
    try:
        config = stackfile.load(folder, names.BOOTSTRAP_STACK).config
        return account_settings.parse({**config, **(more or {})})
    except (stackfile.UnknownStackError, NoProjectError, stackfile.StackFileError, SettingsError) as error:
        raise DeliveryError(f"bootstrap/Pulumi.{names.BOOTSTRAP_STACK}.yaml: {error}") from None


def rekey(folder: Path, engine: Engine, target: Backend) -> None:
    """Let the account's own file name the key that the program has made; until then it was a passphrase."""
    file = folder / f"Pulumi.{names.BOOTSTRAP_STACK}.yaml"
    text = file.read_text("utf-8-sig")
    if _provider(text) != target.secrets_provider:
        secrets = bootstrap_state.new_data_key(engine, target.secrets_provider, names.BOOTSTRAP_PROJECT)
        bare = stack_edits.without(text, stack_edits.SECRETS_KEYS)
        write_whole(file, stack_edits.edit(bare, secrets, {}).text)


def tell_stacks(
    context: Context, engine: Engine, target: Backend, settings: account_settings.Settings, outputs: Mapping[str, Any]
) -> None:
    """Write into the stacks' files what they have to know, and say what was written."""
    console = context.console
    for environment in settings.environments:
        file = context.project / f"Pulumi.{environment}.yaml"
        if not file.exists():
            console.warn(f"there is no {file.name}: make it, and run this again, and it is told its roles")
            continue
        values = {
            f"{PROJECT}:deployRole": str(outputs["deployRoles"][environment]),
            f"{PROJECT}:permissionsBoundary": str(outputs["boundaries"][environment]),
            f"{PROJECT}:previewRole": str(outputs["previewRole"]),
        }
        if environment == names.REVIEW_PLATFORM:
            values[f"{PROJECT}:reviewRole"] = str(outputs["reviewRole"])
        try:
            text = file.read_text("utf-8-sig")
            secrets, flaw = _secrets(text, engine, target)
        except (yaml.YAMLError, OSError, UnicodeError) as error:
            console.warn(f"{file.name} is no YAML, and is left as it is: mend it, and run this again\n{error}")
            continue
        if flaw:
            console.warn(f"{file.name}: {flaw}")
        edited = stack_edits.edit(text, secrets, values)
        if edited.written:
            write_whole(file, edited.text)
            console.say(f"{file.name}: wrote {', '.join(edited.written)}.")
        else:
            console.say(f"{file.name}: nothing to write.")
        for key, other in edited.other.items():
            wanted = {**secrets, **values}[key]
            console.warn(f"{file.name}: {key} = {other}: left as it is; what was made here is {wanted}")
        region = _region(context, environment)
        open_region = settings.region_of(environment)
        if region not in (None, open_region):
            console.warn(
                f"{file.name}: {PROJECT}:region = {region}: its deploy role has rights in {open_region} only\n"
                f"  cure: say {environment}: {region} in the setting regions of the account, and run this again"
            )


def _secrets(text: str, engine: Engine, target: Backend) -> tuple[dict[str, str], str]:
    """What a stack's file has to say of its secrets and does not; and what is wrong with what it says."""
    own, wanted, there = stack_edits.top(text), target.secrets_provider, _provider(text)
    if there not in ("", wanted):
        # Secrets may be under it already, which only Pulumi can take along.
        return {}, (
            f"its secrets are under {there}, and the key that was made for them is {wanted}; it is left as it is.\n"
            f"  cure: pulumi stack change-secrets-provider '{wanted}' --stack <stack>"
        )
    if own.get("encryptedkey") or own.get("encryptionsalt"):
        return {}, ""
    return bootstrap_state.new_data_key(engine, wanted, PROJECT), ""


def _provider(text: str) -> str:
    """Who encrypts the secrets of a stack, as its file says; empty if it does not."""
    own = stack_edits.top(text)
    return own.get("secretsprovider") or ("passphrase" if own.get("encryptionsalt") else "")


def _region(context: Context, stack: str) -> str | None:
    try:
        return stackfile.load(context.project, stack).config.get(f"{PROJECT}:region")
    except (stackfile.StackFileError, NoProjectError):
        # Whoever deploys it is told.
        return None
