"""Order between resources that exchange no value."""

from dataclasses import replace
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

    # One coroutine: with one for each part, as `Output(...)` takes them, those after a failure would never be awaited,
    # and Python says so of each.
    async def data() -> Any:
        waited_for = [await output._data for output in first]
        kept = await own._data
        return replace(kept, resources=kept.resources.union(*[each.resources for each in waited_for]))

    return pulumi.Output._from_data(data())
