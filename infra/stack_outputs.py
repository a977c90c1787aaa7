"""What another stack of the project has to offer."""

from typing import Any

import pulumi

from infra.settings import PROJECT


class StackOutputs:
    """The outputs of another stack, as its last `up` left them."""

    def __init__(self, stack: str) -> None:
        self._stack = stack
        self._reference = pulumi.StackReference(f"{pulumi.get_organization()}/{PROJECT}/{stack}")

    def require(self, key: str) -> pulumi.Output[Any]:
        """The output of that name.

        Raises:
            pulumi.RunError: when it is awaited, if the stack has none: it is not deployed, or by an older program.
        """

        def one(outputs: Any) -> Any:
            if key not in outputs:
                raise pulumi.RunError(
                    f"The stack {self._stack} has no output {key}: deploy it first, with this version of the program."
                )
            return outputs[key]

        return self._reference.outputs.apply(one)
