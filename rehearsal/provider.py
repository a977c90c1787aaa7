"""A resource plugin of ours: the engine's provider protocol, answered by the stand-ins for AWS and Docker.

Started by the engine as `python -m rehearsal.provider <package> <settings file>`.
"""

# ruff: noqa: ARG002, N802 - names and arguments are the protocol's.

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from offline import cloud, replacement, wire
from rehearsal import docker
from rehearsal.aws import Aws
from rehearsal.ledger import Ledger

MESSAGE_BYTES = 1 << 28
Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class StandInSettings:
    """What a stand-in is told: the cluster that EKS hands out, where it notes what exists, and the kubectl context
    whose cluster gets the images (None: its pods are simulated).
    """

    endpoint: str
    authority: str
    ledger: str
    images_into: str | None

    def save(self, path: Path) -> None:
        """Write them where a plugin can read them."""
        path.write_text(json.dumps(vars(self)), "utf-8")

    @classmethod
    def read(cls, path: Path) -> "StandInSettings":
        """What `save` has written."""
        return cls(**json.loads(path.read_text("utf-8")))

    def images(self) -> docker.Images:
        """Where images come from on this cluster."""
        return docker.LoadedImages(self.images_into) if self.images_into else docker.SimulatedImages()


class StandIn(provider_pb2_grpc.ResourceProviderServicer):
    """The plugins `aws` and `docker`: they keep no resource, only a ledger of what exists."""

    def __init__(self, package: str, settings: StandInSettings) -> None:
        self._package = package
        self._aws = Aws(endpoint=settings.endpoint, authority=settings.authority)
        self._images, self._ledger = settings.images(), Ledger(Path(settings.ledger))

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version(f"pulumi-{self._package}"))

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return _difference("", wire.raw(request.old_inputs), wire.raw(request.news))

    def Configure(self, request: Any, context: Any) -> Any:
        region = wire.raw(request.args).get("region")
        if region:
            self._aws = replace(self._aws, region=region)
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: Any, context: Any) -> Any:
        try:
            answer = self._aws.answer(request.tok, wire.raw(request.args))
        except cloud.UnknownDataSourceError as error:
            return context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
        return provider_pb2.InvokeResponse(**{"return": wire.struct(answer)})

    def Check(self, request: Any, context: Any) -> Any:
        inputs = wire.raw(request.news)
        if _type(request.urn) == docker.IMAGE:
            inputs = docker.checked(inputs)
        return provider_pb2.CheckResponse(inputs=wire.struct(inputs))

    def Diff(self, request: Any, context: Any) -> Any:
        return _difference(_type(request.urn), wire.raw(request.old_inputs), wire.raw(request.news))

    def Create(self, request: Any, context: Any) -> Any:
        inputs = wire.raw(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=wire.struct(inputs))
        made = self._made(request.urn, inputs, context)
        return provider_pb2.CreateResponse(id=made["id"], properties=wire.struct(made))

    def Update(self, request: Any, context: Any) -> Any:
        inputs = wire.raw(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(properties=wire.struct(inputs))
        return provider_pb2.UpdateResponse(properties=wire.struct(self._made(request.urn, inputs, context)))

    def Read(self, request: Any, context: Any) -> Any:
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def Delete(self, request: Any, context: Any) -> Any:
        type_ = _type(request.urn)
        refusal = self._aws.refusal_to_delete(type_, wire.raw(request.properties))
        if refusal:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, refusal)
        if type_ != docker.IMAGE:
            self._ledger.write("deleted", request.urn, request.id)
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def _made(self, urn: str, inputs: Json, context: Any) -> dict[str, Any]:
        type_ = _type(urn)
        if type_ != docker.IMAGE:
            made = self._aws.outputs(type_, urn.split("::", 3)[3], inputs)
            self._ledger.write("made", urn, made["id"])
            return made
        try:
            return docker.outputs(self._images, inputs)
        except subprocess.CalledProcessError as error:
            last = "\n".join(str(error.stderr).strip().splitlines()[-20:])
            return dict(context.abort(grpc.StatusCode.UNKNOWN, f"{' '.join(error.cmd[:3])} failed: {last}"))
        except OSError as error:
            return dict(context.abort(grpc.StatusCode.UNKNOWN, f"{error.filename} cannot be run: {error.strerror}"))


def _type(urn: str) -> str:
    return urn.split("::", 3)[2].rpartition("$")[2]


def _difference(type_: str, old: Json, new: Json) -> Any:
    paths = list(_changed(old, new))
    some = provider_pb2.DiffResponse.DIFF_SOME if paths else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=some,
        diffs=sorted({_top(path) for path in paths}),
        replaces=sorted({_top(path) for path in paths if replacement.replaces(type_, path)}),
    )


def _changed(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """The dotted paths at which two values differ."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        if old != new:
            yield path
        return
    for key in {*old, *new}:
        if not key.startswith("__"):
            yield from _changed(old.get(key), new.get(key), f"{path}.{key}" if path else key)


def _top(path: str) -> str:
    return path.partition(".")[0]


def serve(stand_in: StandIn, announce: Callable[[int], None]) -> grpc.Server:
    """Start to answer on a free port of this machine, and announce the port."""
    options = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(32), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(stand_in, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    announce(port)
    return server


def _print(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    """Be a plugin until the engine ends it. The engine reads the port from the first line."""
    package, file = arguments
    server = serve(StandIn(package, StandInSettings.read(Path(file))), _print)
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1:])
