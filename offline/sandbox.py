"""The surroundings in which a program is evaluated: its directory, its modules, and an environment without accounts."""

import contextlib
import io
import os
import runpy
import sys
from functools import cache
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Self

from offline.plan import Message

# A preview must not depend on who runs it: these give defaults to the SDK's providers and to its configuration.
PERSONAL = ("AWS_", "PULUMI_", "KUBECONFIG", "KUBE_", "DOCKER_", "HELM_")


class Sandbox:
    """Enters a project's directory for one evaluation and restores everything on leaving.

    Modules of the project stay loaded, so that a later evaluation is fast and sees the same classes; those of another
    directory that have a name of this project's are put aside.
    """

    def __init__(self, project_dir: Path) -> None:
        self._dir = project_dir
        self._printed = io.StringIO()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._stack.callback(os.chdir, Path.cwd())
        os.chdir(self._dir)
        self._stack.callback(_restore_environment, dict(os.environ))
        for name in [name for name in os.environ if name.startswith(PERSONAL)]:
            del os.environ[name]
        self._stack.callback(_restore_path, list(sys.path))
        sys.path[:] = [str(self._dir), *(entry for entry in sys.path if entry not in ("", str(self._dir)))]
        self._put_aside()
        # What the program prints must not end up in the middle of a JSON document.
        self._stack.enter_context(contextlib.redirect_stdout(self._printed))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run_program(self) -> None:
        """Run `__main__.py` as the engine's language host would."""
        runpy.run_path(str(self._dir / "__main__.py"), run_name="__main__")

    def messages(self) -> list[Message]:
        """What the program printed, a message for each line."""
        return [Message("info", line) for line in self._printed.getvalue().splitlines() if line.strip()]

    def _put_aside(self) -> None:
        names = {path.stem for path in self._dir.glob("*.py")}
        names |= {path.name for path in self._dir.iterdir() if path.is_dir() and path.name.isidentifier()}
        names -= {"offline", "policy", "__main__"}
        theirs = {
            name: module
            for name, module in sys.modules.items()
            if name.partition(".")[0] in names and not self._is_ours(module)
        }
        for name in theirs:
            del sys.modules[name]
        if theirs:
            self._stack.callback(_restore_modules, theirs)

    def _is_ours(self, module: ModuleType) -> bool:
        file = getattr(module, "__file__", None)
        places = [file] if file else list(getattr(module, "__path__", []))
        return any(_is_below(place, self._dir) for place in places) or not places


@cache
def _is_below(place: str, folder: Path) -> bool:
    # A module stays where it was loaded from, and looking took a tenth of an evaluation.
    return folder in Path(place).resolve().parents


def _restore_modules(theirs: dict[str, ModuleType]) -> None:
    tops = {name.partition(".")[0] for name in theirs}
    for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
        del sys.modules[name]
    sys.modules.update(theirs)


def _restore_environment(before: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(before)


def _restore_path(path: list[str]) -> None:
    sys.path[:] = path
