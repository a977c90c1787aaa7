"""What a resource must have beside it in the same stack."""

from collections.abc import Iterator

from policy.model import Context, Planned


def missing(resource: Planned, context: Context, type_: str, companion: str, key: str, reason: str) -> Iterator[str]:
    """The reason, if a resource of a type has no companion whose input is made of it.

    Args:
        resource: the one that is judged.
        context: with the stack's resources.
        type_: the type that needs a companion.
        companion: the companion's type.
        key: the companion's input that refers to the resource.
        reason: what is wrong without.
    """
    if resource.type == type_ and not any(
        each.type == companion and resource.urn in each.property_dependencies.get(key, ()) for each in context.stack
    ):
        yield f"{reason} (no {companion.rpartition(':')[2]})"
