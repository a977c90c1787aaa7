"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

from delivery.problems import DeliveryError


def write_whole(path: Path, text: str) -> None:
    """Let a file have that text: all of it or what it had before, however this ends.

    Raises:
        DeliveryError: it cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", encoding="utf-8", delete=False
        ) as file:
            try:
                file.write(text)
                file.close()
                os.chmod(file.name, 0o644)  # noqa: PTH101 - as git would write it
                os.replace(file.name, path)  # noqa: PTH105 - of a name
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise DeliveryError(f"{path} cannot be written: {error.strerror}") from None
