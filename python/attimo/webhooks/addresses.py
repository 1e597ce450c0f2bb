"""Which addresses a webhook may have: public ones, and those in networks that the operator names.

Whoever can create a webhook chooses where this server connects to. So it must not reach what only
this machine or its network can reach: the metadata service of a cloud, a database, a router. A name
is looked up once for each delivery, all of its addresses are checked, and the connection goes to
one of these, so it does not matter what the name means a moment later.

Nor must it reach this server by a public address of this machine: a webhook that publishes to its
own topic would never end, and some services of this machine may be meant for its own network alone.
An address that a router translates to one of this machine cannot be recognised.
"""

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's registries of special-purpose addresses (RFC 6890), multicast and reserved ones. The module
# ipaddress has such a list, too, but another one in each version of Python.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by providers (RFC 6598)
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's service for its own machines
        "169.254.0.0/16",  # link-local, with the metadata services of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocols
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # IETF protocols, with Teredo, ORCHID and benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which contains an IPv4 address
        "3fff::/20",  # documentation
    )
)
_GLOBAL = ipaddress.IPv6Network("2000::/3")
"""All that IANA has given out. Outside are loopback, unique local (fc00::/7), link-local,
site-local, multicast, local NAT64 (64:ff9b:1::/48), and addresses that contain an IPv4 one."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LAST_32_BITS = 0xFFFFFFFF


class RefusedAddressError(Exception):
    """A webhook must not connect to this address; the message is for its owner."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What webhooks may connect to.

    Attributes:
        networks: Networks of the operator that are permitted beside public addresses.
        own: Where this server listens: addresses, each with its port. None of these is permitted.
    """

    networks: Sequence[Network] = ()
    own: Sequence[tuple[Address, int]] = ()

    def check(self, host: str, found: Iterable[str], port: int = 0) -> list[str]:
        """Return all addresses that a name has, which must all be permitted.

        Raises:
            RefusedAddressError: One of them is not.
        """
        addresses = list(dict.fromkeys(found))
        for each in addresses:
            if not self.permits(each):
                # Which one is the business of whoever runs this network.
                raise RefusedAddressError(f"{host} has an address that is not public")
            if self._is_own(each, port):
                raise RefusedAddressError(f"{host}:{port} is this server")
        if not addresses:
            raise RefusedAddressError(f"{host} has no address")
        return addresses

    def permits(self, text: str) -> bool:
        """Whether an address is permitted; one with a zone, such as fe80::1%eth0, is not."""
        try:
            address = _meant(ipaddress.ip_address(text))
        except ValueError:
            return False
        return _is_public(address) or any(address in network for network in self.networks)

    def _is_own(self, text: str, port: int) -> bool:
        address = _meant(ipaddress.ip_address(text))
        listening = [own for own, own_port in self.own if own_port == port]
        if any(own.is_unspecified for own in listening):
            return _is_of_this_machine(address)
        return address in listening


def _is_of_this_machine(address: Address) -> bool:
    """Whether an interface has the address: only then can a socket be bound to it."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as bound:
        try:
            bound.bind((str(address), 0))
        except OSError:
            return False
    return True


def _meant(address: Address) -> Address:
    """The IPv4 address to which packets for a mapped or translated address go, or the same."""
    if isinstance(address, IPv4Address) or address.scope_id is not None:
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & _LAST_32_BITS)
    return address.ipv4_mapped or address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address.scope_id or address not in _GLOBAL):
        return False
    return not any(address in network for network in _NOT_PUBLIC)
