"""AWS as a tear-down asks it: its clients, and whose things they look for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from delivery.aws import AwsError
from delivery.aws_clients import Clients, clients
from delivery.aws_refusals import RefusedError
from delivery.context import Context
from delivery.problems import DeliveryError
from delivery.teardown.leftovers import Patience, clear
from delivery.teardown.look import look
from delivery.teardown.look_balancers import look_at_balancers, look_at_target_groups
from delivery.teardown.scope import Scope, scope_of
from delivery.teardown.things import Looked
from infra.settings import Settings

DELETING = "deleting"


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Clients that ask as whoever changes the stack, its scope, and how long to wait for what goes late."""

    clients: Clients
    scope: Scope
    patience: Patience

    def cluster(self) -> dict[str, Any] | None:
        """The cluster as EKS tells of it; None only where EKS itself says that there is none.

        Raises:
            AwsError: EKS does not say.
        """
        try:
            found = self.clients.call("eks", "describe_cluster", name=self.scope.cluster)
        except RefusedError as error:
            if error.code != "ResourceNotFoundException":
                raise
            return None
        # An answer that does not speak of it, a proxy's maybe, does not say that it is gone.
        return dict(found.get("cluster") or {})

    def cluster_is_gone(self) -> bool:
        """Whether EKS says that there is none. Anything else, such as no answer, is no."""
        try:
            return self.cluster() is None
        except AwsError:
            return False

    def living_databases(self, name: str) -> list[dict[str, Any]]:
        """The database of that name, as RDS tells of it; none if there is none, or it is being deleted.

        Raises:
            AwsError: RDS cannot be asked.
        """
        found = self.clients.find("rds", "describe_db_instances", DBInstanceIdentifier=name)
        return [each for each in found["DBInstances"] if each["DBInstanceStatus"] != DELETING] if found else []

    def has_snapshot(self, name: str) -> bool:
        """Whether RDS has a database's snapshot of that name.

        Raises:
            AwsError: RDS cannot be asked.
        """
        found = self.clients.find("rds", "describe_db_snapshots", DBSnapshotIdentifier=name)
        return bool(found and found["DBSnapshots"])

    def look(self) -> Looked:
        """Everything that AWS has of the stack."""
        return look(self.clients, self.scope)

    def look_at_review(self, stack: str) -> Looked:
        """Everything that AWS has of a review environment that stood on the stack."""
        return look(self.clients, self.scope.of_review(stack))

    def clear(self, say: Callable[[str], None], *, of_cluster_only: bool) -> tuple[Looked, int]:
        """Delete what is left behind, and wait for what AWS deletes late.

        Nothing goes while there is a cluster of that name: then it is not left behind, but may be in use, maybe by a
        stack of that name in another backend, and nothing is waited for. Where EKS does not say, nothing goes either,
        but what AWS is deleting is waited for. A review environment has no cluster; the name of its group proves its
        balancer.

        Args:
            say: told what happens.
            of_cluster_only: leave what has the stack's own tags: the engine knows it, and deletes it. Nor wait for it,
                since it may stand until the engine goes on.

        Returns:
            What is still there, and how many things were deleted.
        """
        orphaned = not self.scope.creates or self.cluster_is_gone()

        def looked() -> Looked:
            found = self.look()
            return found.of_cluster if of_cluster_only else found

        if not orphaned and _has_cluster(found := looked()):
            # What is attached to it stays so.
            return found, 0
        return clear(self.clients, looked, lambda thing: orphaned and thing.proof != "none", say, self.patience)

    def delete_balancers(self, say: Callable[[str], None]) -> None:
        """Delete balancers and target groups of the stack's own group of Ingresses, and wait until they are gone.

        Raises:
            DeliveryError: some are still there.
        """
        group = self.scope.of_own_group()

        def looked() -> Looked:
            found = [*look_at_balancers(self.clients, group), *look_at_target_groups(self.clients, group)]
            return Looked(things=found).of_cluster

        left = clear(self.clients, looked, lambda _: True, say, self.patience)[0].things
        if left:
            raise DeliveryError(f"{', '.join(each.name for each in left)} could not be deleted, or not in time")


def _has_cluster(found: Looked) -> bool:
    return any(each.kind == "cluster" and not each.late for each in found.things)


def open_cloud(context: Context, stack: str, settings: Settings) -> Cloud:
    """AWS, asked as the context's environment says.

    Args:
        context: acts as the stack's deploy role.
        stack: its name.
        settings: its settings; it is no local one.

    Raises:
        AwsError: nobody is logged in, or AWS does not answer.
    """
    made = clients(context, settings.region)
    account = str(made.call("sts", "get_caller_identity")["Account"])
    return Cloud(clients=made, scope=scope_of(stack, settings, account), patience=Patience())
