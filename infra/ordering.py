"""Order between resources that exchange no value."""

from typing import TypeVar

import pulumi

T = TypeVar("T")


def after(value: pulumi.Input[T], *first: pulumi.Input[object]) -> pulumi.Output[T]:
    """`value`, handed out only once every one of `first` exists.

    Whatever takes the result is created after `first` and deleted before them. `Output.all(...).apply(...)` would say the
    same but turns the value unknown in a preview whenever one of `first` changes, and an unknown value in a field that
    cannot change in place shows up as a replacement that never happens. This keeps the value known.

    Args:
        value: what the result resolves to.
        first: outputs of the resources that must come first.

    Returns:
        An output with the value and secretness of `value` and the dependencies of all.
    """
    own = pulumi.Output.from_input(value)
    others = [pulumi.Output.from_input(other) for other in first]

    async def resources() -> set[pulumi.Resource]:
        return set().union(*[await output._resources for output in (own, *others)])

    async def future() -> T:
        for other in others:
            await other._future
        return await own._future

    async def is_known() -> bool:
        return await own._is_known

    async def is_secret() -> bool:
        return await own._is_secret

    return pulumi.Output(resources(), future(), is_known(), is_secret())
