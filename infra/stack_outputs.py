"""What another stack of the project has to offer."""

from typing import Any

import pulumi

from infra.settings import PROJECT


class StackOutputs:
    """The outputs of another stack, as its last `up` left them."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._reference = pulumi.StackReference(f"{pulumi.get_organization()}/{PROJECT}/{stack}")

    def require(self, key: str, cure: str = "deploy it first, with this version of the program") -> pulumi.Output[Any]:
        """The output of that name.

        Args:
            key: its name.
            cure: what to do if the stack has none.

        Raises:
            pulumi.RunError: when it is awaited, if the stack has none: it is not deployed, by an older program, or with
                other settings.
        """

        def one(outputs: Any) -> Any:
            if outputs.get(key) is None:
                raise pulumi.RunError(f"The stack {self._stack} has no output {key}: {cure}.")
            return outputs[key]

        return self._reference.outputs.apply(one)
