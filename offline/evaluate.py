"""Evaluates a Pulumi program in this process: no engine, no network, no credentials, and no trace left behind."""

import asyncio
import contextlib
import contextvars
import gc
import inspect
import selectors
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import CoroutineType
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config
from pulumi.runtime import settings as runtime_settings
from pulumi.runtime.proto import callback_pb2
from pulumi.runtime.stack import run_in_stack

from offline import stackfile
from offline.plan import Plan
from offline.problems import Problem
from offline.recorder import Recorder, Transform
from offline.sandbox import Sandbox
from offline.stackfile import StackFileError

LIMIT_SECONDS = 120.0
# How long something outside the event loop (a thread, a child process) may keep it waiting.
PATIENCE_SECONDS = 20.0


class ProgramError(Exception):
    """The program failed. `where` is the file and line of the program, `details` the whole traceback."""

    def __init__(self, message: str, where: str = "", details: str = "") -> None:
        self.message, self.where, self.details = message, where, details
        super().__init__(f"{message} ({where})" if where else message)


class StalledError(ProgramError):
    """The program waits for something that never comes."""


def evaluate(
    project_dir: Path,
    stack: str,
    config: Mapping[str, str] | None = None,
    *,
    unknowns: bool = False,
    stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
) -> Plan:
    """Evaluate the program of a project for one stack.

    Args:
        project_dir: where `Pulumi.yaml` and `__main__.py` are.
        stack: the stack's name.
        config: the whole configuration, `namespace:key` to text as the engine hands it over. None: the stack's file and
            the defaults of `Pulumi.yaml`.
        unknowns: leave computed values unknown, as a real preview of a new stack does, instead of placeholders.
        stack_outputs: the outputs of the stacks that stack references may name, by that name.

    Raises:
        StackFileError: the stack's file is refused. Its problems include those that the program has with the settings.
        pulumi.RunError: the program refused to run, e.g. because of its settings.
        ProgramError: the program failed.
    """
    project_dir = project_dir.resolve()
    if config is not None:
        project = stackfile.project_name(project_dir)
        loaded = stackfile.StackConfig(project, stack, dict(config), frozenset(), ())
    else:
        try:
            loaded = stackfile.load(project_dir, stack)
        except StackFileError as error:
            raise StackFileError([*error.problems, *_program_problems(project_dir, error)]) from None
    with Sandbox(project_dir) as sandbox:
        run = _Run(loaded, unknowns=unknowns, stack_outputs=stack_outputs, root=project_dir)
        try:
            run(sandbox.run_program)
        finally:
            run.recorder.messages.extend(sandbox.messages())
    for warning in loaded.warnings:
        run.recorder.say("warning", warning)
    return run.recorder.plan()


def record(
    program: Callable[[], object],
    *,
    project: str = "helloworld",
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    unknowns: bool = False,
    stack_outputs: Mapping[str, Mapping[str, Any]] | None = None,
) -> Plan:
    """Evaluate a function that registers resources, e.g. one component.

    Args:
        program: called once, inside a stack.
        project: the project's name.
        stack: the stack's name.
        config: as for `evaluate`; None is empty.
        unknowns: as for `evaluate`.
        stack_outputs: as for `evaluate`.

    Raises:
        pulumi.RunError: the function raised it.
        ProgramError: the function, or something that it left to do, failed.
    """
    loaded = stackfile.StackConfig(project, stack, dict(config or {}), frozenset(), ())
    run = _Run(loaded, unknowns=unknowns, stack_outputs=stack_outputs, root=Path.cwd())
    run(program)
    return run.recorder.plan()


def _program_problems(project_dir: Path, refused: StackFileError) -> list[Problem]:
    """What the program itself finds wrong with the settings of a file that is refused already.

    The file's own problems come first: of a key that is among them, only those are told.
    """
    if refused.partial is None:
        return []
    told = {problem.key for problem in refused.problems}
    try:
        with Sandbox(project_dir) as sandbox:
            _Run(refused.partial, unknowns=True, stack_outputs=None, root=project_dir)(sandbox.run_program)
    except pulumi.RunError as error:
        found = getattr(error, "problems", ())
        return [Problem(p.key, p.value, p.reason, p.cure) for p in found if p.key not in told]
    except Exception:
        # The program may well fail on a configuration with holes in it; that is not what is being told.
        return []
    return []


@dataclass(frozen=True)
class _Callbacks:
    """Stands in for the server that the engine would call hooks and transforms back on.

    The preview calls no hook, and of the transforms those of the whole stack.
    """

    recorder: Recorder

    def register_error_hook(self, hook: object) -> None:
        """Accept a hook."""

    def register_resource_hook(self, hook: object) -> None:
        """Accept a hook."""

    def register_transform(self, _: object) -> callback_pb2.Callback:
        """Accept a transform."""
        self.recorder.say("warning", "A transform is registered, which the offline preview does not run.")
        return callback_pb2.Callback()

    def register_stack_transform(self, transform: Transform) -> callback_pb2.Callback:
        """Accept a transform of every resource."""
        self.recorder.transforms.append(transform)
        return callback_pb2.Callback()

    register_state_migration = register_transform
    register_invoke_transform = register_transform


class _Inline(ThreadPoolExecutor):
    """Runs at once what the SDK gives to a thread: the recorder answers without waiting, and order becomes certain."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class _Watch(selectors.DefaultSelector):
    """The event loop's way to wait, which notices when there is nothing left to wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.end = time.monotonic() + LIMIT_SECONDS
        self._threads = threading.active_count()
        self._own = 1

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        left = self.end - time.monotonic()
        if left <= 0:
            raise StalledError(f"the program was not done after {LIMIT_SECONDS:.0f} seconds")
        if timeout is not None:
            return super().select(min(timeout, left))
        alone = threading.active_count() <= self._threads and len(self.get_map()) <= self._own
        ready = super().select(0 if alone else min(PATIENCE_SECONDS, left))
        if not ready:
            raise StalledError("the program waits for something that never comes")
        return ready


class _Run:
    """One evaluation: sets the SDK up, runs a program inside a stack, and takes everything down again."""

    def __init__(
        self,
        loaded: stackfile.StackConfig,
        *,
        unknowns: bool,
        stack_outputs: Mapping[str, Mapping[str, Any]] | None,
        root: Path,
    ) -> None:
        self.recorder = Recorder(loaded.project, loaded.stack, unknowns=unknowns, stack_outputs=stack_outputs)
        self._loaded, self._root = loaded, root
        self._raised: BaseException | None = None

    def __call__(self, program: Callable[[], object]) -> None:
        # The SDK keeps its state in context variables: in a context of its own the run leaves none behind.
        with _garbage_left():
            contextvars.copy_context().run(self._in_context, program)

    def _in_context(self, program: Callable[[], object]) -> None:
        runtime_settings.ROOT.set(None)
        runtime_config.set_all_config(dict(self._loaded.config), sorted(self._loaded.secret_keys))
        settings = runtime_settings.Settings(
            project=self._loaded.project,
            stack=self._loaded.stack,
            monitor=self.recorder,
            engine=self.recorder,
            dry_run=True,
            organization="organization",
            root_directory=str(self._root),
        )
        settings.callbacks = _Callbacks(self.recorder)
        runtime_settings.configure(settings)
        with _event_loop() as (loop, watch):
            try:
                loop.run_until_complete(run_in_stack(lambda: self._guarded(program)))
            except StalledError as error:
                raise StalledError(f"{error.message}{_waiting(loop)}") from None
            except Exception as error:
                # What the program raised explains more than what waiting for its remains raises afterwards.
                raise self._explained(self._raised or error) from error
            finally:
                watch.end = time.monotonic() + 1
                _cancel_all(loop, self._root)

    def _guarded(self, program: Callable[[], object]) -> None:
        try:
            program()
        except StalledError:
            raise
        except SystemExit as error:
            self._raised = ProgramError(f"the program ended itself with exit code {error.code}")
            raise self._raised from error
        except Exception as error:
            self._raised = error
            raise

    def _explained(self, error: BaseException) -> BaseException:
        if isinstance(error, pulumi.RunError | ProgramError):
            return error
        details = "".join(traceback.format_exception(error))
        summary = str(error).strip() or "no message"
        kind = type(error).__name__
        return ProgramError(f"{kind}: {summary}", _place(error, self._root), details)


def _place(error: BaseException, root: Path) -> str:
    """File and line of the innermost frame that is the program's own."""
    own = Path(__file__).resolve().parent
    if isinstance(error, SyntaxError) and error.filename:
        with contextlib.suppress(ValueError):
            return f"{Path(error.filename).resolve().relative_to(root)}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if not path.is_absolute() or "site-packages" in path.parts or own in path.parents:
            continue
        with contextlib.suppress(ValueError):
            return f"{path.relative_to(root)}:{frame.lineno}"
    return ""


def _waiting(loop: asyncio.AbstractEventLoop) -> str:
    """The resources whose registration has begun and not ended."""
    names: set[str] = set()
    for task in asyncio.all_tasks(loop):
        coroutine = task.get_coro()
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None and "register_resource.<locals>" in getattr(coroutine, "__qualname__", ""):
            names.add(f"{frame.f_locals.get('name')} ({frame.f_locals.get('ty')})")
    listed = sorted(names)[:10]
    return f"; not registered because of it: {', '.join(listed)}" if listed else ""


@contextlib.contextmanager
def _garbage_left() -> Iterator[None]:
    """A run makes much and drops little: looking for garbage meanwhile took as long as the run itself."""
    looked_for = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked_for:
            gc.enable()


@contextlib.contextmanager
def _event_loop() -> Any:
    """A loop of our own; the caller's is the current one again afterwards."""
    watch = _Watch()
    loop = asyncio.SelectorEventLoop(watch)
    loop.set_default_executor(_Inline(max_workers=1))
    # Of a run that fails much is never awaited, and the loop would say so of each.
    loop.set_exception_handler(lambda *_: None)
    before = getattr(getattr(asyncio.get_event_loop_policy(), "_local", None), "_loop", None)
    asyncio.set_event_loop(loop)
    try:
        yield loop, watch
    finally:
        loop.close()
        asyncio.set_event_loop(before if before is not None and not before.is_closed() else None)


def _cancel_all(loop: asyncio.AbstractEventLoop, root: Path) -> None:
    tasks = asyncio.all_tasks(loop)
    if tasks or sys.exc_info()[0] is not None:
        _close_unstarted(root)
    for task in tasks:
        task.cancel()
    if tasks:
        with contextlib.suppress(Exception):
            loop.run_until_complete(asyncio.wait(tasks, timeout=1))
    with contextlib.suppress(Exception):
        loop.run_until_complete(loop.shutdown_asyncgens())
    sys.stdout.flush()


def _close_unstarted(root: Path) -> None:
    """Close what a failed run would have awaited later: Python warns of every coroutine that nobody awaits."""
    places = (str(root), str(Path(pulumi.__file__).parent))
    for each in gc.get_objects():
        if type(each) is not CoroutineType or inspect.getcoroutinestate(each) != inspect.CORO_CREATED:
            continue
        if each.cr_code.co_filename.startswith(places):
            each.close()
