"""DNS: what the resolver says, and what the servers of a zone's parent say themselves."""

from collections.abc import Mapping, Sequence

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver

from delivery.hosted_zones import plain
from delivery.problems import DeliveryError

SECONDS = 3.0
# A registry has up to thirteen, all alike.
PARENTS_ASKED = 3


class LookupFailedError(DeliveryError):
    """Nobody answers."""


class Lookup:
    """Asks DNS. To be used from any thread.

    Args:
        servers: addresses of resolvers; None: this machine's.
        port: of every server that is asked.
        seconds: how long one question may take.
    """

    def __init__(self, servers: Sequence[str] | None = None, port: int = 53, seconds: float = SECONDS) -> None:
        self._servers, self._port, self._seconds = servers, port, seconds

    def records(self, name: str, kind: str) -> list[str]:
        """The records of a name, as text; none if there is no such name, or it has none of the kind.

        Raises:
            LookupFailedError: the resolver does not answer.
        """
        try:
            answer = self._resolver().resolve(name, kind, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise LookupFailedError(
                f"DNS does not answer for {name} {kind}: {_sentence(error)}\n"
                "  cure: look whether this machine resolves names; `dig NS <zone>` must answer"
            ) from None
        return [record.to_text() for record in answer]

    def name_servers(self, zone: str) -> frozenset[str]:
        """The name servers of a zone, as the resolver says."""
        return frozenset(map(plain, self.records(zone, "NS")))

    def delegations(self, zone: str) -> Mapping[str, frozenset[str]]:
        """The name servers that servers of the parent zone, by name, give for a zone; none if it is not delegated.

        Raises:
            LookupFailedError: none of the parent's servers answers.
        """
        found: dict[str, frozenset[str]] = {}
        why = "it has no address"
        for server in self._parents_servers(zone)[:PARENTS_ASKED]:
            for address in self.records(server, "A")[:1]:
                try:
                    found[server] = self._delegation(zone, address)
                except (dns.exception.DNSException, OSError) as error:
                    why = _sentence(error)
        if not found:
            raise LookupFailedError(f"no server of the parent of {zone} answers: {why}")
        return found

    def _parents_servers(self, zone: str) -> list[str]:
        parent = dns.name.from_text(zone).parent()
        while not (servers := self.records(parent.to_text(), "NS")) and parent != dns.name.root:
            parent = parent.parent()
        return sorted(map(plain, servers))

    def _delegation(self, zone: str, address: str) -> frozenset[str]:
        question = dns.message.make_query(zone, dns.rdatatype.NS)
        # The parent's own word, not what it can find out.
        question.flags &= ~dns.flags.RD
        answer, _ = dns.query.udp_with_fallback(question, address, timeout=self._seconds, port=self._port)
        # Any other code is no answer, and must not read as: it is not delegated.
        if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
            raise OSError(f"{address} answers {dns.rcode.to_text(answer.rcode())}")
        asked = dns.name.from_text(zone)
        # A referral is in the authority section; a server that has the child, too, answers.
        sets = [each for each in (*answer.answer, *answer.authority) if each.name == asked]
        return frozenset(plain(record.to_text()) for each in sets if each.rdtype == dns.rdatatype.NS for record in each)

    def _resolver(self) -> dns.resolver.Resolver:
        try:
            resolver = dns.resolver.Resolver(configure=self._servers is None)
        except dns.resolver.NoResolverConfiguration:
            raise LookupFailedError("this machine has no resolver configured") from None
        if self._servers is not None:
            resolver.nameservers, resolver.port = list(self._servers), self._port
        resolver.lifetime = resolver.timeout = self._seconds
        return resolver


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
