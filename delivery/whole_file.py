"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

from delivery.problems import DeliveryError


def write_whole(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Let a file have that text: all of it or what it had before, however this ends.

    Args:
        path: the file.
        text: all of it.
        mode: who may read and write it; unless it is given, as git would write it.

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
                os.chmod(file.name, mode)  # noqa: PTH101 - of a name
                os.replace(file.name, path)  # noqa: PTH105 - of a name
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise DeliveryError(f"{path} cannot be written: {error.strerror}") from None
