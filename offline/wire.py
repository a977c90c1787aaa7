"""Values as they travel between the program and the engine, and as a person may see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime import rpc

SECRET = "[secret]"  # noqa: S105 - it stands for one.
UNKNOWN = "[unknown]"

_SIGNATURE = rpc._special_sig_key
_ASSETS = {rpc._special_asset_sig: "asset", rpc._special_archive_sig: "archive"}
_EXACT = 2**53


@dataclass(frozen=True)
class Secret:
    """A value that must not be shown."""

    value: Any


@dataclass(frozen=True)
class Reference:
    """A resource as a value."""

    urn: str
    id: str


class Unknown:
    """A value that exists only after the deployment, as the engine marks it."""


def raw(value: struct_pb2.Struct | struct_pb2.Value | struct_pb2.ListValue) -> Any:
    """`value` in Python, with the wire's own marks left in. Whole numbers become integers."""
    if isinstance(value, struct_pb2.Struct):
        # A map has no order on the wire, and a plan must have one.
        return {key: raw(item) for key, item in sorted(value.fields.items())}
    if isinstance(value, struct_pb2.ListValue):
        return [raw(item) for item in value.values]
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return raw(value.struct_value)
    if kind == "list_value":
        return raw(value.list_value)
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < _EXACT else number
    return None if kind in (None, "null_value") else getattr(value, kind)


def plain(value: Any) -> Any:
    """`value`, as `raw` returns it, in plain JSON: secrets and unknowns as words, references as URNs."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return UNKNOWN if value == rpc.UNKNOWN else value
    signature = value.get(_SIGNATURE)
    if signature == rpc._special_secret_sig:
        return SECRET
    if signature == rpc._special_resource_sig:
        return value.get("urn")
    if signature == rpc._special_output_value_sig:
        return SECRET if value.get("secret") else plain(value.get("value", rpc.UNKNOWN))
    if signature in _ASSETS:
        return {_ASSETS[signature]: {key: plain(item) for key, item in value.items() if key != _SIGNATURE}}
    return {key: plain(item) for key, item in value.items()}


def revealed(value: Any) -> Any:
    """`value`, as `raw` returns it, without the marks of secrets: to compute with, never to show."""
    if isinstance(value, list):
        return [revealed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(_SIGNATURE) == rpc._special_secret_sig:
        return revealed(value.get("value"))
    return {key: revealed(item) for key, item in value.items()}


def reference_urn(value: Any) -> str | None:
    """The URN that `value`, as `raw` returns it, refers to, if it is a resource."""
    if isinstance(value, dict) and value.get(_SIGNATURE) == rpc._special_resource_sig:
        return str(value["urn"])
    return None


def marked(value: Any) -> Any:
    """The inverse of `raw`: secrets, references and unknowns become the wire's marks."""
    if isinstance(value, Secret):
        return {_SIGNATURE: rpc._special_secret_sig, "value": marked(value.value)}
    if isinstance(value, Reference):
        return {_SIGNATURE: rpc._special_resource_sig, "urn": value.urn, "id": value.id, "packageVersion": ""}
    if isinstance(value, Unknown):
        return rpc.UNKNOWN
    if isinstance(value, Mapping):
        return {key: marked(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [marked(item) for item in value]
    return value


def struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """`values` as a message; they may hold `Secret`, `Reference` and `Unknown`."""
    message = struct_pb2.Struct()
    message.update(marked(values))
    return message
