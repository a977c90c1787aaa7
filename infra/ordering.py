"""Order between resources that exchange no value."""

from typing import Any, TypeVar, overload

import pulumi

T = TypeVar("T")


@overload
def after(value: pulumi.Output[T], *first: pulumi.Output[Any]) -> pulumi.Output[T]: ...
@overload
def after(value: T, *first: pulumi.Output[Any]) -> pulumi.Output[T]: ...
def after(value: Any, *first: pulumi.Output[Any]) -> pulumi.Output[Any]:
    """`value`, handed out only once every one of `first` exists.

    Whatever takes the result is created after `first` and deleted before them. `Output.all(...).apply(...)` would say
    the same but turns the value unknown in a preview whenever one of `first` changes, and an unknown value in a field
    that cannot change in place shows up as a replacement that never happens. This keeps the value known.

    Args:
        value: what the result resolves to.
        first: outputs of the resources that must come first.

    Returns:
        An output with the value and secretness of `value` and the dependencies of all.
    """
    own = pulumi.Output.from_input(value)

    async def resources() -> set[pulumi.Resource]:
        return set().union(*[await output._resources for output in (own, *first)])

    async def future() -> Any:
        for other in first:
            await other._future
        return await own._future

    async def is_known() -> bool:
        return await own._is_known

    async def is_secret() -> bool:
        return await own._is_secret

    return pulumi.Output(resources(), future(), is_known(), is_secret())
