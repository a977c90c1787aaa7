"""Whether the host name can be proved, certified and answered for."""

from collections.abc import Iterable
from typing import Any

from delivery.checks.lookup import LookupFailedError
from delivery.checks.quotas import own_balancers
from delivery.checks.result import Result, fail, of_error, ok, unknown, warn
from delivery.checks.site import Site
from delivery.hosted_zones import plain, public_zones
from infra.settings import PROJECT

# Any of them lets ACM issue: https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html
AMAZONS = ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")
# What may not stand beside an alias, or would be written over by it.
IN_THE_WAY = ("A", "AAAA", "CNAME")
ZONE, DELEGATION, CAA, HOSTNAME = "zone", "delegation", "CAA", "host name"


def zone(site: Site) -> Iterable[Result]:
    """Whether the account has the public zone, once, and its parent points to it."""
    name = site.settings.zone
    if not name:
        return
    public = public_zones(site.aws, name)
    if not public:
        cure = f"make it in Route 53 (aws route53 create-hosted-zone), or correct {PROJECT}:zone"
        yield fail(ZONE, f"this account has no public zone {name}", cure)
    elif len(public) > 1:
        ids = ", ".join(_id(each) for each in public)
        yield fail(ZONE, f"there are {len(public)} public zones {name}: {ids}", "delete all but the delegated one")
    else:
        yield ok(ZONE, f"{name} ({_id(public[0])})")
        told = site.aws.call("route53", "get_hosted_zone", Id=_id(public[0]))
        try:
            yield delegation(site, name, frozenset(map(plain, told["DelegationSet"]["NameServers"])))
        except LookupFailedError as error:
            yield of_error(DELEGATION, error)


def delegation(site: Site, name: str, ours: frozenset[str]) -> Result:
    """Whether the servers of the parent, which answer for the registrar, name the zone's own servers.

    Args:
        site: whose lookup is asked.
        name: the zone's.
        ours: what Route 53 gave the zone.

    Raises:
        LookupFailedError: the resolver does not answer.
    """
    cure = f"at the registrar of {name}, or in its parent zone, name exactly: {', '.join(sorted(ours))}"
    try:
        parents = site.lookup.delegations(name)
    except LookupFailedError as error:
        seen = site.lookup.name_servers(name)
        if seen == ours:
            return ok(DELEGATION, f"the resolver names the zone's {len(ours)} servers; {_first(error)}")
        if seen:
            return fail(DELEGATION, f"the resolver says {_listed(seen)}", cure)
        return unknown(DELEGATION, _first(error), cure)
    others = {server: names for server, names in parents.items() if names != ours}
    if others:
        server, names = next(iter(sorted(others.items())))
        found = _listed(names) if names else "nothing, so the zone is not delegated"
        return fail(DELEGATION, f"{server} says {found}; a certificate would wait 15 minutes and fail", cure)
    if (seen := site.lookup.name_servers(name)) != ours:
        late = "wait until what was said before is forgotten, up to two days, or ask another resolver"
        return warn(DELEGATION, f"the parent is right, the resolver still says {_listed(seen)}", late)
    return ok(DELEGATION, f"{len(parents)} servers of the parent name the zone's {len(ours)}")


def certificate_authority(site: Site) -> Iterable[Result]:
    """Whether CAA records, the nearest above the host name, let Amazon issue a certificate."""
    hostname = site.settings.hostname
    if not hostname:
        return
    labels = hostname.split(".")
    for start in range(len(labels) - 1):
        name = ".".join(labels[start:])
        issuers = _issuers(site.lookup.records(name, "CAA"))
        if issuers is None:
            continue
        if set(AMAZONS) & set(issuers) or not issuers:
            yield ok(CAA, f"{name} lets Amazon issue certificates")
        else:
            cure = f'add the record {name} CAA 0 issue "{AMAZONS[0]}"'
            yield fail(CAA, f"{name} lets only {', '.join(filter(None, issuers)) or 'nobody'} issue certificates", cure)
        return
    yield ok(CAA, "no record limits who may issue certificates")


def taken(site: Site) -> Iterable[Result]:
    """Whether the host name has a record that is not this stack's."""
    hostname, name = site.settings.hostname, site.settings.zone
    if not hostname or not name or len(public := public_zones(site.aws, name)) != 1:
        return
    answer = site.aws.call(
        "route53", "list_resource_record_sets", HostedZoneId=_id(public[0]), StartRecordName=hostname, MaxItems="100"
    )
    there = [each for each in answer["ResourceRecordSets"] if plain(each["Name"]) == hostname]
    there = [each for each in there if each["Type"] in IN_THE_WAY]
    if not there:
        yield ok(HOSTNAME, f"{hostname} is free")
        return
    own = {plain(each) for each in own_balancers(site)}
    strange = [each for each in there if not _is_ours(site, each, own)]
    if strange:
        found = "; ".join(f"{each['Type']} to {_target(each)}" for each in strange)
        cure = f"delete the record, or set another {PROJECT}:hostname; several regions share one with {PROJECT}:routing"
        yield fail(HOSTNAME, f"{hostname} is taken: {found}", cure)
    else:
        yield ok(HOSTNAME, f"{hostname} is this stack's")


def _is_ours(site: Site, record: Any, own: set[str]) -> bool:
    identifier, routing = record.get("SetIdentifier"), site.settings.routing
    if identifier:
        # Records with policies stand beside each other, each under its stack's name.
        return routing != "simple" and (identifier != f"{site.stack}-{routing}" or _target(record) in own)
    return _target(record) in own


def _target(record: Any) -> str:
    alias = record.get("AliasTarget", {}).get("DNSName", "")
    values = ", ".join(each["Value"] for each in record.get("ResourceRecords", ()))
    return plain(alias).removeprefix("dualstack.") or values


def _issuers(records: list[str]) -> list[str] | None:
    """Who may issue, of the texts of a CAA set; none of them if nobody is named, None if there is no set."""
    if not records:
        return None
    values = [each.split(None, 2) for each in records]
    return [value[2].strip('"').partition(";")[0].strip().lower() for value in values if value[1].lower() == "issue"]


def _id(found: Any) -> str:
    return str(found["Id"]).rpartition("/")[2]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _first(error: LookupFailedError) -> str:
    return str(error).partition("\n")[0]
