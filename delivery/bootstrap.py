"""Once per account: make what `bootstrap/` describes, move its state into the bucket, and tell the stacks' files.

Where the state is, is asked anew by every run, so that a run goes on wherever the last one was stopped:

1. The bucket holds a state with resources: that is the state. One in the folder was moved and is dropped.
2. Else the folder's is the state: it is brought up to date, written to the bucket, read back, and dropped.
3. There is none: it begins in the folder, since the bucket is not there yet.
"""

import argparse
import contextlib
import fcntl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bootstrap import names
from delivery import aws, bootstrap_export, bootstrap_files, bootstrap_state
from delivery.bootstrap_report import report, repository_settings
from delivery.bootstrap_state import Backend, StateHome
from delivery.context import Context
from delivery.engine import Engine, pulumi_command
from delivery.problems import DeliveryError

# They name another key or state than the one that is meant.
OTHERS = ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_STACK")
TargetOf = Callable[[Context, str, str], Backend]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--region", default="", help="AWS region of the state and the stacks, where the file has none")
    parser.add_argument("--repository", default="", help="owner@1/name@2 or owner/name, where the file has none")
    parser.add_argument("--unlock", action="store_true", help="first remove the lock that a killed run has left")


def run(context: Context, options: argparse.Namespace) -> int:
    """Bring the account to what `bootstrap/` says. Run again it changes nothing.

    Raises:
        DeliveryError: it cannot go on; everything that it has made is kept, and the next run goes on from there.
    """
    return bootstrap(context, options, state_bucket)


def bootstrap(context: Context, options: argparse.Namespace, target_of: TargetOf) -> int:
    """`run`, with the place that the state is moved to.

    Args:
        context: as of `run`.
        options: as of `run`.
        target_of: the place, from the context, the account's number and the region.
    """
    folder = context.project / "bootstrap"
    bootstrap_files.settle(folder, {"region": options.region, "repository": options.repository})
    settings = bootstrap_files.checked(folder)
    # Profiles may name another region than the one that is meant.
    region = {"AWS_REGION": settings.region, "AWS_DEFAULT_REGION": settings.region}
    environ = {key: value for key, value in context.environ.items() if key not in OTHERS} | region
    context = replace(context, environ=environ)
    who = aws.call(context, settings.region, "sts", "get-caller-identity")
    account = str(who["Account"])
    context.console.say(f"Account {account}, region {settings.region}, as {who['Arn']}.")
    with _alone(folder):
        target = target_of(context, account, settings.region)
        engine = pulumi_command(context.project, context.console.say, context.environ)
        outputs = _converge(context, engine, account, settings.region, target, unlock=options.unlock)
        bootstrap_files.tell_stacks(context, engine, target, settings, outputs)
    for line in ("", *report(repository_settings(settings, outputs))):
        context.console.say(line)
    return 0


def state_bucket(context: Context, account: str, region: str) -> Backend:
    """The bucket that `bootstrap/` makes, found by its name alone."""
    bucket = names.state_bucket(account, region)

    def exists() -> bool:
        try:
            aws.call(context, region, "s3api", "head-bucket", "--bucket", bucket, "--expected-bucket-owner", account)
        except aws.AwsError as error:
            if error.code in ("404", "NoSuchBucket", "NotFound"):
                return False
            if error.code in ("403", "AccessDenied"):
                raise DeliveryError(
                    f"the bucket {bucket} is there, and closed to you: it is another account's, or your rights do not "
                    "reach it.\n  cure: log in as an administrator of the account"
                ) from None
            raise
        return True

    provider = names.secrets_provider(region)
    return Backend(url=names.backend_url(account, region), secrets_provider=provider, exists=exists)


def _converge(
    context: Context, engine: Engine, account: str, region: str, target: Backend, *, unlock: bool
) -> dict[str, Any]:
    """One state, in the bucket, and the account as the program says; the program's outputs."""
    folder, say = context.project / "bootstrap", context.console.say
    local = StateHome(context, engine, bootstrap_state.local_backend(folder))
    remote = StateHome(context, engine, target)
    there = remote.deployment()
    if not bootstrap_export.resources(there):
        _begin(local, account, names.state_bucket(account, region), target, folder)
        bootstrap_files.rekey(folder, engine, target)
        # Nothing is in that state yet, so a lock is what a run that was killed at this very point has left.
        remote.unlock()
        say(f"Moving the state of bootstrap into {target.url} ...")
        remote.put(bootstrap_export.portable(local.deployment()))
    elif unlock:
        remote.unlock()
    bootstrap_state.forget_local(folder)
    bootstrap_files.rekey(folder, engine, target)
    outputs, changes = _up(remote, remote.deployment(), account)
    say("Nothing to change: the account is as bootstrap/ says." if not changes else f"Changed: {changes} resources.")
    return outputs


def _begin(local: StateHome, account: str, bucket: str, target: Backend, folder: Path) -> None:
    """Make everything, with the state in the folder."""
    here = local.deployment()
    known = bootstrap_export.resources(here) or bootstrap_export.pending(here)
    of = bootstrap_export.bucket_of(here)
    if of and of != bucket:
        raise DeliveryError(
            f"{folder / bootstrap_state.LOCAL_FOLDER} holds the state of another account or region: it was begun for "
            f"{of}, and this is {bucket}.\n  cure: finish that one first, logged in there, or move the folder away"
        )
    if not known and target.exists():
        raise DeliveryError(
            f"{target.url} is there, and neither it nor this checkout has the state of what was made.\n"
            "  cure: run it where it was begun; or bring back the newest version of "
            f".pulumi/stacks/{names.BOOTSTRAP_PROJECT}/{names.BOOTSTRAP_STACK}.json in the bucket"
        )
    bootstrap_state.make_local(folder)
    # Nobody else can be at it: this process has the folder to itself.
    local.unlock()
    _up(local, here, account)


def _up(home: StateHome, there: dict[str, Any], account: str) -> tuple[dict[str, Any], int]:
    """As `StateHome.up`, from the state that is there; what a killed engine had begun is looked for first."""
    waiting = bool(bootstrap_export.pending(there))
    if waiting:
        home.put(bootstrap_export.adopted(there, account))
    return home.up(refresh=waiting)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One run at a time on this machine, so that a lock in the local state is known to be a dead one's."""
    with (folder / "Pulumi.yaml").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DeliveryError("another `make bootstrap` runs in this checkout; wait for its end") from None
        yield
