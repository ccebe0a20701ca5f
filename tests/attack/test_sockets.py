"""Sockets: families, types, options and flags (THREATS 10, 11, 17, 52; the socket rules of the filter)."""

from __future__ import annotations

import os
import socket

from tests.attack.conftest import Attack, Jail, Profile
from tests.attack.inside import HIGH, sc, seen


def test_afalg_or_any_other_family_writes_the_page_cache(attack: Attack) -> None:
    """AF_UNIX, AF_INET and AF_INET6 are left (CVE-2026-31431, -43284, -43500); high bits do not help."""

    def plugin() -> object:
        said = {}
        for family in range(3, 64):
            if family != socket.AF_INET6:
                for kind in (1, 2, 3, 5, 10):
                    said[sc("socket", family, kind, 0)] = family
        known = [("ALG", 38, 5, 0), ("NETLINK_XFRM", 16, 3, 6), ("RXRPC", 33, 2, 0), ("VSOCK", 40, 1, 0)]
        known += [("PACKET", 17, 3, 768), ("KEY", 15, 3, 2), ("XDP", 44, 3, 0), ("TIPC", 30, 5, 0), ("SMC", 43, 1, 0)]
        named = {name: sc("socket", *rest) for name, *rest in known}
        high = {sc("socket", HIGH | family, 1, 0) for family in (16, 17, 38, 40)} | {sc("socket", -1, 1, 0)}
        return [list(said), sorted(set(named.values())), sorted(high)]

    only = ["EAFNOSUPPORT"]
    assert attack(plugin) == [only, only, only]


def test_rare_protocol_is_loaded(attack: Attack) -> None:
    """Streams and datagrams of TCP and UDP are left: no raw socket, SCTP, MPTCP, UDP-Lite or ICMP."""

    def plugin() -> object:
        refused = set()
        for family in (socket.AF_INET, socket.AF_INET6):
            for kind, protocol in (
                (1, 132),
                (5, 132),
                (1, 262),
                (2, 136),
                (2, 1),
                (2, 58),
                (3, 1),
                (3, 255),
                (1, 33),
                (6, 33),
            ):
                refused |= {sc("socket", family, kind, protocol), sc("socket", family, HIGH | kind, HIGH | protocol)}
                refused |= {sc("socket", family, kind | 0o2004000, protocol)}  # SOCK_CLOEXEC | SOCK_NONBLOCK
        refused |= {sc("socket", socket.AF_UNIX, kind, 0) for kind in (3, 4, 10)}
        allowed = [
            sc("socket", HIGH | family, HIGH | kind | flags, HIGH | protocol)
            for family in (socket.AF_INET, socket.AF_INET6)
            for kind, protocol in ((1, 0), (1, 6), (2, 0), (2, 17))
            for flags in (0, socket.SOCK_CLOEXEC, socket.SOCK_NONBLOCK)
        ]
        allowed += [sc("socket", socket.AF_UNIX, kind, 0) for kind in (1, 2)]
        return [sorted(refused), sorted(set(allowed))]

    assert attack(plugin) == [["EPROTONOSUPPORT"], ["allowed"]]


def test_socketpair_reaches_another_family(attack: Attack) -> None:
    """Only AF_UNIX makes pairs."""

    def plugin() -> object:
        room = bytes(8)
        refused = {sc("socketpair", high | family, 1, 0, room) for family in range(2, 50) for high in (0, HIGH)}
        allowed = [sc("socketpair", family, 1, 0, room) for family in (1, HIGH | 1)]
        a, b = socket.socketpair()
        a.sendall(b"through")
        return [sorted(refused), allowed, b.recv(10).decode()]

    assert attack(plugin) == [["EAFNOSUPPORT"], ["allowed", "allowed"], "through"]


def test_urgent_data_on_a_unix_socket(attack: Attack) -> None:
    """MSG_OOB is refused wherever the flag is an argument; other flags go on working."""

    def plugin() -> object:
        a, b = socket.socketpair()
        header, room = bytes(56), bytearray(8)
        tries = set()
        for flags in (socket.MSG_OOB, HIGH | socket.MSG_OOB, socket.MSG_OOB | socket.MSG_DONTWAIT):
            tries |= {sc("sendto", a.fileno(), b"x", 1, flags, None, 0), sc("sendmsg", a.fileno(), header, flags)}
            tries |= {
                sc("recvfrom", b.fileno(), bytes(room), 8, flags, None, None),
                sc("recvmsg", b.fileno(), header, flags),
            }
            tries |= {sc("sendmmsg", a.fileno(), header, 1, flags), sc("recvmmsg", b.fileno(), header, 1, flags, None)}
        a.send(b"plain", socket.MSG_NOSIGNAL)
        peeked = b.recv(8, socket.MSG_PEEK)
        a.sendmsg([b"more"], [], socket.MSG_DONTWAIT)
        return [sorted(tries), seen(a.send, b"x", socket.MSG_OOB), peeked.decode(), b.recvmsg(20)[0].decode()]

    assert attack(plugin) == [["EOPNOTSUPP"], "EOPNOTSUPP", "plain", "plainmore"]


def test_program_is_attached_to_a_socket(attack: Attack) -> None:
    """SO_ATTACH_* and TCP_ULP are refused; ordinary options are set."""

    def plugin() -> object:
        sock = socket.socket()
        attach = [(socket.SOL_SOCKET, name) for name in (26, 50, 51, 52)] + [(socket.IPPROTO_TCP, 31)]
        tries = {
            sc("setsockopt", sock.fileno(), high | level, also | name, bytes(16), 16)
            for level, name in attach
            for high in (0, HIGH)
            for also in (0, HIGH)
        }
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_IP, 26, 0)  # the same number at another level
        return [sorted(tries), sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)]

    assert attack(plugin) == [["EPERM"], 1]


def test_memory_is_hidden_in_socket_buffers(jail: Jail) -> None:
    """Without a cgroup that counts them, buffers keep their size, and all that a plugin may open hold little."""

    def plugin() -> object:
        pairs, held, sock = [], 0, socket.socket()
        names = (socket.SO_SNDBUF, socket.SO_RCVBUF, 32, 33)  # and SO_SNDBUFFORCE, SO_RCVBUFFORCE
        sizes = [sock.getsockopt(socket.SOL_SOCKET, name) for name in names[:2]]
        room = (1 << 30).to_bytes(4, "little")
        said = [sc("setsockopt", sock.fileno(), high | 1, high | name, room, 4) for name in names for high in (0, HIGH)]
        same = sizes == [sock.getsockopt(socket.SOL_SOCKET, name) for name in names[:2]]
        try:
            while True:
                pairs.append(socket.socketpair())
        except OSError:
            os.close(pairs.pop()[0].detach())
        for pair in pairs:
            for end in pair:
                end.setblocking(False)
                try:
                    while True:
                        held += end.send(bytes(1 << 16))
                except BlockingIOError:
                    continue
        return [len(pairs) > 50, held >> 20, sorted(set(said)), same]

    run = jail(plugin)
    many, megabytes, said, same = run.saw()
    assert many
    if run.report["layers"]["cgroup"]["state"] != "on":  # which would count them
        assert (said, same) == (["allowed"], True)  # ignored: libraries ask for sizes and go on
        assert megabytes < 128


def test_network_that_the_profile_switches_off(attack: Attack, profile: Profile) -> None:
    """Without loopback and hosts there is no internet socket; sockets of a folder and pairs work."""

    def plugin() -> object:
        families = (socket.AF_INET, socket.AF_INET6, HIGH | socket.AF_INET, HIGH | socket.AF_INET6)
        tries = {sc("socket", family, kind, 0) for family in families for kind in (1, 2, 1 | socket.SOCK_CLOEXEC)}
        server = socket.socket(socket.AF_UNIX)
        server.bind("/work/s")
        server.listen()
        client = socket.socket(socket.AF_UNIX)
        client.connect("/work/s")
        client.sendall(b"hello")
        return [sorted(tries), server.accept()[0].recv(10).decode(), sc("socket", 16, 3, 0)]

    assert attack(plugin, options=profile("network = { loopback = false }")) == [["EACCES"], "hello", "EAFNOSUPPORT"]


def test_netlink_of_another_kind_where_routes_are_allowed(attack: Attack, profile: Profile) -> None:
    """@netlink-route opens NETLINK_ROUTE and no other netlink, and no raw internet socket."""

    def plugin() -> object:
        route = [sc("socket", 16, kind, protocol) for kind in (2, 3) for protocol in (0, HIGH)]
        others = {
            sc("socket", 16, kind, high | number) for kind in (2, 3) for number in range(1, 23) for high in (0, HIGH)
        }
        raw = [sc("socket", socket.AF_INET, 3, protocol) for protocol in (1, 255)]
        return [sorted(set(route)), sorted(others), raw, sc("socket", 38, 5, 0), len(socket.if_nameindex())]

    saw = attack(plugin, options=profile('seccomp = { allow = ["@netlink-route"] }'))
    assert saw == [["allowed"], ["EPROTONOSUPPORT"], ["EPROTONOSUPPORT"] * 2, "EAFNOSUPPORT", 1]
