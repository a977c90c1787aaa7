"""Zones of Route 53, and names as DNS compares them."""

from typing import Any

from delivery.aws_clients import Clients


def plain(name: str) -> str:
    """A host name without regard to case and the dot at its end."""
    return name.rstrip(".").lower()


def public_zones(clients: Clients, name: str) -> list[Any]:
    """The public zones of that very name, as Route 53 lists them.

    Args:
        clients: who is asked.
        name: as `plain` gives it.

    Raises:
        AwsError: Route 53 cannot be asked.
    """
    answer = clients.call("route53", "list_hosted_zones_by_name", DNSName=name)
    same = [each for each in answer["HostedZones"] if plain(each["Name"]) == name]
    return [each for each in same if not each.get("Config", {}).get("PrivateZone")]
