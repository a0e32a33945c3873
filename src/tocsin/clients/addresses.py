"""Which addresses an outgoing call that a user can set may reach. Pure.

Public addresses may be reached by everybody; private, loopback, link-local and other special ones only when the
operator allowed their host name or network, because behind them stand things that trust whoever can reach them.
Sources: IANA special-purpose address registries (RFC 6890), RFC 6052 (NAT64), RFC 3056 (6to4).
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from tocsin.errors import ConfigurationError, Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(Invalid):
    """The guard will not call that address; the sentence says why and what to allow."""


@dataclass(frozen=True)
class Allowed:
    """The private hosts (`prometheus.internal`, `*.lan`) and networks that the operator lets Tocsin call."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, words: Iterable[str]) -> "Allowed":
        """From host names, `*.suffix` patterns, addresses and CIDRs; ConfigurationError names the wrong one."""
        hosts, networks = set(), []
        for word in filter(None, (one.strip().lower() for one in words)):
            try:
                networks.append(ipaddress.ip_network(word, strict=False))
            except ValueError:
                if "/" in word or ":" in word or " " in word:
                    raise ConfigurationError(
                        f"allowed address {word!r} is neither a host name nor a network such as 10.0.0.0/8"
                    ) from None
                hosts.add(word.rstrip("."))
        return cls(frozenset(hosts), tuple(networks))

    def host(self, name: str) -> bool:
        """Whether a host name is on the list, itself or by a `*.` pattern."""
        name = name.lower().rstrip(".")
        return name in self.hosts or any(
            pattern.startswith("*.") and name.endswith(pattern[1:]) for pattern in self.hosts
        )

    def address(self, address: Address) -> bool:
        """Whether an address lies in one of the networks."""
        return any(address.version == network.version and address in network for network in self.networks)


def check_url(url: str) -> tuple[str, int]:
    """The host and port of an http or https address; AddressRefused with a sentence for any other."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise AddressRefused(f"{shown(url)!r} is no web address: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise AddressRefused(f"{shown(url)!r}: only http and https addresses are called")
    if not host:
        raise AddressRefused(f"{shown(url)!r} names no host")
    return host, port or (443 if parts.scheme == "https" else 80)


def check_address(host: str, address: str, allowed: Allowed) -> None:
    """Refuse an address that is not public, unless its host or network is allowed. Raises AddressRefused."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    meant = _embedded(parsed)
    if allowed.host(host) or allowed.address(parsed) or allowed.address(meant):
        return
    if not _is_public(meant):
        raise AddressRefused(
            f"{host} is at {meant}, which is not a public address; "
            f"an operator can allow it by adding the host or its network to `outgoing_allow`"
        )


def shown(url: str) -> str:
    """A URL as messages and logs may show it: scheme and host; path, query and credentials may hold secrets."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "…"
    rest = "/…" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{rest}"


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, so that none slips through in disguise."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
