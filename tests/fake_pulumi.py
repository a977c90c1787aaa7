"""A `pulumi` that records how it is called and plays what a test has told it to.

It keeps stacks with outputs, history and a lock in one file, and answers as the real one does. Unless told otherwise
every command succeeds. `FakePulumi` is the test's side; the executable is this file again, without site packages, since
a delivery starts a dozen of them.
"""

import hashlib
import io
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

# Up to 3.205 the Automation API has the engine write its events into a file, which a script can do, too.
VERSION = "v3.200.0"
NOW = "2026-11-21T10:00:00.000Z"
REGISTRY = "123456789012.dkr.ecr.us-west-2.amazonaws.com/helloworld"


def digest_of(text: str) -> str:
    """A digest that stands for `text`."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class FakePulumi:
    """The test's side: what exists, what the next commands answer, and what was called.

    Args:
        folder: of the test, empty; `bin` in it is what has to be on PATH.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self._save({"version": VERSION, "stacks": {}, "answers": [], "built": digest_of("built")})
        self.install(self.bin / "pulumi")

    def install(self, path: Path) -> None:
        """Put the executable at `path`."""
        # The executable, which is this file too, has no packages.
        from tests import programs

        here = str(Path(__file__).resolve().parent)
        call = f"sys.exit(fake_pulumi.answer({str(self.folder)!r}, sys.argv[1:]))"
        programs.install(path, f"import sys\nsys.path.insert(0, {here!r})\nimport fake_pulumi\n{call}", "-SE")

    def play(self, argv: list[str], environ: Mapping[str, str], cwd: Path) -> tuple[int, str, str]:
        """What the executable does, in this process: exit code, stdout and stderr."""
        out, err = io.StringIO(), io.StringIO()
        code = _Command(self.folder, argv, environ, cwd, out, err).run()
        return code, out.getvalue(), err.getvalue()

    @property
    def state(self) -> dict[str, Any]:
        """Everything there is. `change` writes it."""
        return _load(self.folder)

    def change(self, **values: Any) -> None:
        """Set `version`, `built` (the digest that a build makes) or `watched` (variables whose values are logged)."""
        self._save({**self.state, **values})

    def stack(
        self,
        name: str,
        outputs: dict[str, Any] | None = None,
        history: list[dict[str, Any]] | None = None,
        *,
        secret: tuple[str, ...] = ("kubeconfig",),
        resources: int = 5,
        last_update: str = NOW,
    ) -> None:
        """Let there be a stack. `history` is newest first; `update` makes its entries."""
        state = self.state
        state["stacks"][name] = {
            "outputs": outputs or {},
            "secret": list(secret),
            "history": history or [],
            "resources": resources,
            "last_update": last_update,
            "lock": "",
        }
        self._save(state)

    def locked(self, name: str, by: str = "created by ci@runner (pid 12) at 2026-11-21T09:59:00Z") -> None:
        """Let somebody hold a stack's lock."""
        state = self.state
        state["stacks"][name]["lock"] = by
        self._save(state)

    def answer(self, *words: str, **answer: Any) -> None:
        """What the next call whose arguments begin with `words` does instead; options are not counted.

        Args:
            words: e.g. `"stack", "output"`.
            answer: `code`, `stdout`, `stderr`, `events` (engine events without sequence and timestamp), `outputs` (the
                stack's afterwards), `after` (how many such calls go their usual way before), `kill` (it dies),
                `seconds` (how long it takes; it stops at a SIGINT), `stubborn` (at the second only), `finishes` (it
                succeeds all the same).
        """
        state = self.state
        state["answers"].append({"words": list(words), "after": 0, **answer})
        self._save(state)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What was called, in order.

        Each has `argv` without the program, `env` (names), `config` (the text of a config file), `cwd`
        and `group` (of the process).
        """
        return [entry for entry in self._log() if "argv" in entry]

    @property
    def signals(self) -> list[int]:
        """The signals that running commands got."""
        return [entry["signal"] for entry in self._log() if "signal" in entry]

    def called(self, *words: str) -> list[dict[str, Any]]:
        """The calls whose arguments begin with `words`, options not counted."""
        return [call for call in self.calls if _words(call["argv"])[: len(words)] == list(words)]

    def _log(self) -> list[dict[str, Any]]:
        log = self.folder / "log.jsonl"
        # The last line may be half written.
        whole = log.read_text("utf-8").rpartition("\n")[0] if log.exists() else ""
        return [json.loads(line) for line in whole.splitlines()]

    def _save(self, state: dict[str, Any]) -> None:
        _write(self.folder, state)


def update(
    message: str,
    config: dict[str, str] | None = None,
    *,
    kind: str = "update",
    result: str = "succeeded",
    version: int = 1,
    when: str = NOW,
    head: str = "",
) -> dict[str, Any]:
    """One entry of a history, as `pulumi stack history --json` has it."""
    return {
        "kind": kind,
        "startTime": when,
        "message": message,
        "environment": {"git.head": head} if head else {},
        "config": {key: {"value": value, "secret": False} for key, value in (config or {}).items()},
        "result": result,
        "endTime": when,
        "version": version,
        "resourceChanges": {"same": 5},
    }


def _load(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((folder / "state.json").read_text("utf-8"))
    return state


def _write(folder: Path, state: dict[str, Any]) -> None:
    fresh = folder / f"state.json.{os.getpid()}"
    fresh.write_text(json.dumps(state), "utf-8")
    fresh.replace(folder / "state.json")


VALUED = {"--stack", "--message", "--config-file", "--event-log", "--exec-kind", "--color", "--secrets-provider"}
VALUED |= {"--page-size", "--page", "--file", "--policy-pack", "--target"}


def _words(argv: list[str]) -> list[str]:
    words, skip = [], False
    for argument in argv:
        if skip:
            skip = False
        elif argument in VALUED:
            skip = True
        elif not argument.startswith("-"):
            words.append(argument)
    return words


class _Command:
    """One call of the executable."""

    def __init__(
        self, folder: Path, argv: list[str], environ: Mapping[str, str], cwd: Path, out: TextIO, err: TextIO
    ) -> None:
        self.folder, self.argv, self.words = folder, argv, _words(argv)
        self.environ, self.cwd, self.out, self.err = environ, cwd, out, err
        self.state = _load(folder)
        self.answer = self._take_answer()
        self.interrupts = 0

    def run(self) -> int:
        config = self.option("--config-file")
        entry: dict[str, Any] = {
            "argv": self.argv,
            "env": sorted(self.environ),
            "config": Path(config).read_text("utf-8") if config else None,
            "cwd": str(self.cwd),
            "group": os.getpgrp(),
        }
        if "watched" in self.state:
            entry["values"] = {name: self.environ.get(name) for name in self.state["watched"]}
        self.log(entry)
        name = "_".join(self.words[:2]) if self.words[0] == "stack" else self.words[0]
        return int(getattr(self, f"do_{name}", self.do_anything)())

    def option(self, name: str) -> str | None:
        return self.argv[self.argv.index(name) + 1] if name in self.argv else None

    def log(self, entry: dict[str, Any]) -> None:
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(f"{json.dumps(entry)}\n")

    def tell(self, text: str) -> None:
        if text:
            self.out.write(text if text.endswith("\n") else f"{text}\n")
            self.out.flush()

    def refuse(self, text: str, code: int = 255) -> int:
        self.err.write(text if text.endswith("\n") else f"{text}\n")
        return code

    def _take_answer(self) -> dict[str, Any]:
        for answer in self.state["answers"]:
            if self.words[: len(answer["words"])] == answer["words"]:
                if answer["after"]:
                    answer["after"] -= 1
                    _write(self.folder, self.state)
                    return {}
                self.state["answers"].remove(answer)
                _write(self.folder, self.state)
                return dict(answer)
        return {}

    def interrupted(self, number: int, _: object) -> None:
        self.log({"signal": number})
        self.interrupts += 1

    def _take_time(self) -> bool:
        """True if it was interrupted."""
        end = time.monotonic() + float(self.answer.get("seconds", 0))
        needed = 2 if self.answer.get("stubborn") else 1
        if self.answer.get("seconds"):
            (self.folder / "running").touch()
        while time.monotonic() < end and self.interrupts < needed:
            time.sleep(0.01)
        return self.interrupts >= needed

    def _answered(self) -> int | None:
        """The exit code, if the test has one."""
        self.tell(self.answer.get("stdout", ""))
        if self.answer.get("stderr") or self.answer.get("code"):
            return self.refuse(self.answer.get("stderr", "error: it failed"), self.answer.get("code", 0))
        return 0 if "stdout" in self.answer else None

    @property
    def stack(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.state["stacks"].get(self.option("--stack"))
        return found

    def _no_stack(self) -> int:
        return self.refuse(f"error: no stack named '{self.option('--stack')}' found")

    def do_anything(self) -> int:
        return self._answered() or 0

    def do_version(self) -> int:
        self.tell(self.state["version"])
        return 0

    def do_stack_ls(self) -> int:
        code = self._answered()
        if code is None:
            rows = [
                {
                    "name": name,
                    "current": False,
                    "updateInProgress": bool(stack["lock"]),
                    "resourceCount": stack["resources"],
                    "lastUpdate": stack["last_update"],
                }
                for name, stack in self.state["stacks"].items()
            ]
            self.tell(json.dumps(rows))
        return code or 0

    def do_stack(self) -> int:
        code = self._answered()
        if code is None and self.stack is None:
            return self._no_stack()
        return code or 0

    do_stack_select = do_stack

    def do_stack_init(self) -> int:
        code = self._answered()
        if code is None:
            name = self.words[2]
            if name in self.state["stacks"]:
                return self.refuse(f"error: stack '{name}' already exists")
            self.state["stacks"][name] = {
                "outputs": {},
                "secret": [],
                "history": [],
                "resources": 0,
                "last_update": NOW,
                "lock": "",
            }
            _write(self.folder, self.state)
        return code or 0

    def do_stack_rm(self) -> int:
        code = self._answered()
        if code is None:
            if self.state["stacks"].pop(self.words[2], None) is None:
                return self.refuse(f"error: no stack named '{self.words[2]}' found")
            _write(self.folder, self.state)
        return code or 0

    def do_stack_output(self) -> int:
        code = self._answered()
        if code is None:
            if self.stack is None:
                return self._no_stack()
            hidden = [] if "--show-secrets" in self.argv else self.stack["secret"]
            shown = {key: "[secret]" if key in hidden else value for key, value in self.stack["outputs"].items()}
            self.tell(json.dumps(shown))
        return code or 0

    def do_stack_history(self) -> int:
        code = self._answered()
        if code is None:
            if self.stack is None:
                return self._no_stack()
            size = int(self.option("--page-size") or 1000)
            self.tell(json.dumps(self.stack["history"][:size]))
        return code or 0

    def do_stack_export(self) -> int:
        code = self._answered()
        if code is None:
            if self.stack is None:
                return self._no_stack()
            self.tell(json.dumps({"version": 3, "deployment": self._deployment(self.stack)}))
        return code or 0

    def _deployment(self, stack: dict[str, Any]) -> dict[str, Any]:
        urns = [f"urn:pulumi:{self.option('--stack')}::helloworld::a:b:C::{n}" for n in range(stack["resources"])]
        plain: dict[str, Any] = {"resources": [{"urn": urn, "type": "a:b:C", "inputs": {}} for urn in urns]}
        found: dict[str, Any] = stack.get("deployment") or plain
        return found

    def do_stack_import(self) -> int:
        code = self._answered()
        if code is None:
            if self.stack is None:
                return self._no_stack()
            document = json.loads(Path(self.option("--file") or "").read_text("utf-8"))
            # As the engine does, which only warns of it.
            self.stack["deployment"] = {**document["deployment"], "pending_operations": None}
            self.stack["resources"] = len(document["deployment"]["resources"])
            _write(self.folder, self.state)
        return code or 0

    def do_cancel(self) -> int:
        code = self._answered()
        if code is None:
            if self.stack is None:
                return self._no_stack()
            self.stack["lock"] = ""
            _write(self.folder, self.state)
            self.tell(f"The currently running update for '{self.option('--stack')}' has been canceled!")
        return code or 0

    def do_up(self) -> int:
        return self._operate("update", self._updated)

    def do_refresh(self) -> int:
        return self._operate("refresh", lambda _: None)

    def do_destroy(self) -> int:
        return self._operate("destroy", self._destroyed)

    def do_preview(self) -> int:
        return self._operate("", lambda _: None)

    def _operate(self, kind: str, apply: Any) -> int:
        stack = self.stack
        if stack is None:
            return self._no_stack()
        if stack["lock"]:
            self._write_events(failed=True)
            return self.refuse(
                "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or "
                f"delete the lock file with `pulumi cancel`.\n  s3://state/.pulumi/locks/1.json: {stack['lock']}"
            )
        stack["lock"] = "created by the test itself"
        _write(self.folder, self.state)
        stopped = self._take_time()
        # What happened meanwhile, e.g. a cancel, stays.
        stack["lock"] = ""
        if self.answer.get("kill"):
            self._write_events(failed=True)
            os.kill(os.getpid(), signal.SIGKILL)
        if stopped and not self.answer.get("finishes"):
            self.tell("^C received; cancelling. If you would like to terminate immediately, press ^C again.")
            code: int | None = self.refuse("error: update cancelled", 1)
        else:
            code = self._answered()
        self._write_events(failed=bool(code))
        if kind:
            if not code:
                apply(stack)
            result = "failed" if code else "succeeded"
            config = self._config()
            entry = update(self.option("--message") or "", config, kind=kind, result=result)
            stack["history"].insert(0, {**entry, "version": len(stack["history"]) + 1})
        stack["outputs"].update(self.answer.get("outputs", {}))
        _write(self.folder, self.state)
        return code or 0

    def _config(self) -> dict[str, str]:
        """Plain `key: value` lines of the stack's file; enough for what the tests ask."""
        path = self.cwd / (self.option("--config-file") or f"Pulumi.{self.option('--stack')}.yaml")
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        pairs = [line.strip().split(": ", 1) for line in lines if line.startswith("  ") and ": " in line]
        return {key: value.strip("\"'") for key, value in pairs}

    def _updated(self, stack: dict[str, Any]) -> None:
        wanted = self._config().get("helloworld:image") or self._config().get("helloworld:imageFrom", "")
        digest = wanted.partition("@")[2] or self.state["built"]
        registry = stack["outputs"].get("registry", REGISTRY)
        stack["outputs"] = {"url": self.state.get("url", ""), **stack["outputs"], "registry": registry}
        stack["outputs"]["image"] = f"{registry}@{digest}"
        stack["resources"] = 5
        self.tell("Resources:\n    5 unchanged")

    def _destroyed(self, stack: dict[str, Any]) -> None:
        stack["outputs"], stack["resources"], stack["deployment"] = {}, 0, {}

    def _write_events(self, *, failed: bool) -> None:
        path = self.option("--event-log")
        if not path:
            return
        events = self.answer.get("events", [])
        if not failed and not any("summaryEvent" in event for event in events):
            changes = self.answer.get("changes", {"same": 5})
            events = [*events, {"summaryEvent": {"resourceChanges": changes}}]
        with Path(path).open("a", encoding="utf-8") as log:
            for number, event in enumerate([*events, {"cancelEvent": {}}]):
                log.write(f"{json.dumps({'sequence': number, 'timestamp': 0, **event})}\n")


def answer(folder: str, argv: list[str]) -> int:
    """What the executable does."""
    command = _Command(Path(folder), argv, os.environ, Path.cwd(), sys.stdout, sys.stderr)
    signal.signal(signal.SIGINT, command.interrupted)
    return command.run()
