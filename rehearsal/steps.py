"""The steps of a stack's life, and what must hold in each."""

import time
from collections.abc import Callable

from rehearsal.cluster import Serving
from rehearsal.docker import BROKEN
from rehearsal.judgement import (
    CONTROLLER,
    DEPLOYMENT,
    Event,
    Operation,
    changes,
    described,
    error_lines,
    named,
    not_deleted,
    out_of_order,
)
from rehearsal.life import Life, Step
from rehearsal.problems import NotHeldError

MOST_NAMED = 10
SETTLE_SECONDS = 30.0
ARRIVAL_SECONDS = 10.0
# What a changed app may change: the image and who runs it.
OF_AN_APP = ("docker:index/image:Image", DEPLOYMENT)


def preview(life: Life) -> str:
    done = _succeeded(life.engine.preview(), "the preview succeeds")
    counts = done.changes
    if not counts or set(counts) != {"create"}:
        raise NotHeldError("an empty stack's preview only creates", [described(counts)])
    made = [*life.ledger.left(), *life.cluster.left()]
    if made:
        raise NotHeldError("a preview makes nothing", made)
    return f"{counts['create']} to create, nothing made"


def up(life: Life) -> str:
    done = _succeeded(life.engine.up(), "the up succeeds")
    life.image = _released(life)
    return f"{described(done.changes)}; serves {_short(life.image)}"


def unchanged(life: Life) -> str:
    done = _succeeded(life.engine.up(), "the up succeeds")
    changed = changes(done.events)
    if changed:
        raise NotHeldError("an up without a change changes nothing", named(changed)[:MOST_NAMED])
    _serves(life, life.image)
    return "nothing changed"


def changed_app(life: Life) -> str:
    life.project.change_app('LABEL rehearsal="changed"')
    before = life.image
    done = _succeeded(life.engine.up(), "the up succeeds")
    life.image = _released(life)
    more = [each for each in changes(done.events) if each.operation != "update" or each.type not in OF_AN_APP]
    if more:
        raise NotHeldError("a changed app changes the image and the Deployment only", named(more)[:MOST_NAMED])
    if life.image == before:
        raise NotHeldError("a changed app is another image", [f"still {before}"])
    return f"{described(done.changes)}; serves {_short(life.image)}"


def broken_image(life: Life) -> str:
    life.project.change_app(f'ENTRYPOINT ["{BROKEN}"]')
    done = life.engine.up()
    if done.succeeded:
        raise NotHeldError("an up whose pods never get healthy fails")
    if "rolled back to revision" not in "\n".join(done.errors):
        raise NotHeldError("the up fails because it was rolled back", error_lines(done.errors))
    _serves(life, life.image)
    shown = life.engine.outputs().get("image")
    if shown != life.image:
        raise NotHeldError(f"the output image stays {life.image}", [f"it is {shown}"])
    return f"the up failed and was rolled back; serves {_short(life.image)}, and the output says so"


def recovery(life: Life) -> str:
    life.project.change_app('LABEL rehearsal="mended"')
    return up(life)


def killed_update(life: Life) -> str:
    life.project.change_app('LABEL rehearsal="killed"')
    return _killed(life, DEPLOYMENT, lambda: _image(life.cluster.serving()) != life.image)


def killed_creation(life: Life) -> str:
    return _killed(life, CONTROLLER, lambda: bool(life.cluster.left()))


def _killed(life: Life, type_: str, arrived: Callable[[], bool]) -> str:
    """An up that is killed while it works on a resource of that type, once its request has arrived in the cluster:
    then something is done of which neither the engine nor the state knows.
    """
    reached: list[Event] = []

    def until(event: Event) -> bool:
        if event.kind != "start" or event.type != type_ or event.operation == "same" or reached:
            return False
        reached.append(event)
        end = time.monotonic() + ARRIVAL_SECONDS
        while not arrived() and time.monotonic() < end:
            life.pause(0.02)
        return True

    done = life.engine.up(until)
    if not reached:
        raise NotHeldError(f"the up gets as far as {type_}", error_lines(done.errors))
    if done.succeeded:
        raise NotHeldError("an up that is killed does not succeed")
    life.engine.unlock()
    return f"killed during: {named(reached)[0]}"


def unprotected(life: Life) -> str:
    life.project.configure(life.stack, {"protect": False})
    return up(life)


def destroy(life: Life) -> str:
    done = life.engine.destroy()
    wrong = out_of_order(done.events)
    if not done.succeeded:
        raise NotHeldError("the destroy succeeds", [*wrong, *error_lines(done.errors)])
    # Of a stack that was never whole not everything is there to be deleted.
    wrong += not_deleted(done.events) if life.image else []
    if wrong:
        raise NotHeldError("ingress, controller, nodes, cluster, NAT and network go in this order", wrong)
    left = [*life.cluster.left(), *life.ledger.left()]
    if left:
        raise NotHeldError("nothing is left", left[:MOST_NAMED])
    life.image = ""
    return f"{described(done.changes)}, in order; nothing left"


def life_of(*, protected: bool) -> list[Step]:
    """The steps of a stack's life."""
    unprotect = [Step("protection off", unprotected)] if protected else []
    return [
        Step("preview", preview),
        Step("up", up, needed=True),
        Step("up again", unchanged),
        Step("changed app", changed_app),
        Step("broken image", broken_image),
        Step("recovery", recovery),
        Step("up, killed while it updates", killed_update),
        Step("up after the kill", up, needed=True),
        Step("up again", unchanged),
        *[Step(each.name, each.run, always=True) for each in unprotect],
        Step("destroy", destroy, needed=True, always=True),
        Step("up, killed while it creates", killed_creation),
        Step("up after the kill", up),
        Step("up again", unchanged),
        Step("destroy", destroy, always=True),
    ]


def _succeeded(done: Operation, expectation: str) -> Operation:
    if not done.succeeded:
        raise NotHeldError(expectation, error_lines(done.errors))
    return done


def _released(life: Life) -> str:
    """The image that the stack's outputs name and that serves."""
    outputs = life.engine.outputs()
    missing = [name for name in ("url", "image") if not outputs.get(name)]
    if missing:
        raise NotHeldError("the outputs url and image are there", [f"no {name}" for name in missing])
    _serves(life, outputs["image"])
    return str(outputs["image"])


def _serves(life: Life, image: str) -> None:
    """Old pods take a moment to go, so this waits a little."""
    end = time.monotonic() + SETTLE_SECONDS
    while not _is_serving(serving := life.cluster.serving(), image) and time.monotonic() < end:
        life.pause(0.5)
    if not _is_serving(serving, image):
        raise NotHeldError(f"{image} serves", [str(serving or "there is no Deployment")])


def _is_serving(serving: Serving | None, image: str) -> bool:
    return serving is not None and serving.healthy and serving.image == image


def _image(serving: Serving | None) -> str:
    return serving.image if serving else ""


def _short(reference: str) -> str:
    name, _, digest = reference.rpartition("/")[2].partition("@")
    return f"{name}@{digest[:19]}" if digest else name
