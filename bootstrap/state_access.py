"""What a role may do in the state bucket, and with the key of Pulumi's secrets. Pure.

The layout is the engine's: https://github.com/pulumi/pulumi/tree/master/pkg/backend/diy (store.go, lock.go, state.go).
A preview takes no lock and writes nothing: https://github.com/pulumi/pulumi/pull/8642. Every command opens the stack's
secrets provider, so it decrypts the data key even where no secret is.
"""

from collections.abc import Sequence

from bootstrap.names import PROJECT
from bootstrap.policy_document import Account, Statement, allow

STACKS, HISTORY = f".pulumi/stacks/{PROJECT}", f".pulumi/history/{PROJECT}"


def may_read(account: Account, stacks: Sequence[str]) -> list[Statement]:
    """Read the state of these stacks (names or patterns), and what ran on them: what a preview and a promotion ask."""
    states = [f"{account.bucket}/{STACKS}/{stack}.*" for stack in stacks]
    histories = [f"{account.bucket}/{HISTORY}/{stack}/*" for stack in stacks]
    return [
        # Stacks are found, and a lock is noticed, by listing; the names are all that a list gives away.
        allow("ListState", ["s3:ListBucket"], [account.bucket]),
        allow("ReadState", ["s3:GetObject"], [f"{account.bucket}/.pulumi/meta.yaml", *states, *histories]),
        allow("OpenSecrets", ["kms:Decrypt"], [account.key_arn]),
    ]


def may_write(account: Account, stack: str) -> list[Statement]:
    """Write the state of one stack (a name or a pattern): checkpoint, history, backups and locks.

    History and backups are written under the stack's name.
    """
    own = [
        f"{STACKS}/{stack}.*",
        *(f".pulumi/{kind}/{PROJECT}/{stack}/*" for kind in ("history", "backups")),
        f".pulumi/locks/organization/{PROJECT}/{stack}/*",
    ]
    return [
        allow(
            "WriteState", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [f"{account.bucket}/{p}" for p in own]
        ),
        allow("KeepSecrets", ["kms:Encrypt"], [account.key_arn]),
    ]
