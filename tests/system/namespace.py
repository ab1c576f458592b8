# SPDX-License-Identifier: Apache-2.0
"""A network of this process's own: enter() moves it there, and all that it starts after that.

Only the loopback interface is there, port 53 is free, and /etc/resolv.conf and /etc/hosts are files
of the test: a program that reads them as it does on any machine asks the test's name server. Who is
not root tries it in a user namespace. There is no way back: run.py gives each file a process.
"""
import ctypes
import fcntl
import os
import pathlib
import socket
import struct

_NEWNS, _NEWUSER, _NEWNET = 0x00020000, 0x10000000, 0x40000000
_BIND, _REC, _PRIVATE = 0x1000, 0x4000, 1 << 18
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_FILES = {"resolv.conf": "nameserver {server}\noptions ndots:1\n",
          "hosts": "127.0.0.1 localhost\n",
          "nsswitch.conf": "hosts: files dns\n"}

_libc = ctypes.CDLL(None, use_errno=True)


class Forbidden(Exception):
    """This machine does not let us; the text says what."""


def _unshare(flags, what):
    if _libc.unshare(flags):
        raise Forbidden(f"{what} is not permitted here ({os.strerror(ctypes.get_errno())}): "
                        "run as root, in a container with --privileged")


def _mount(source, target, flags):
    if _libc.mount(os.fsencode(source), os.fsencode(target), None, flags, None):
        raise Forbidden(f"mounting on {target} is not permitted here "
                        f"({os.strerror(ctypes.get_errno())})")


def _become_root():
    user, group = os.geteuid(), os.getegid()
    _unshare(_NEWUSER, "a user namespace")
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"),
                       ("gid_map", f"0 {group} 1")):
        try:
            pathlib.Path("/proc/self", name).write_text(text)
        except OSError as error:
            raise Forbidden(f"a user namespace is not permitted here ({error})") from error


def _raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        request = struct.pack("16sH22x", b"lo", 0)
        flags, = struct.unpack_from("H", fcntl.ioctl(one, _GET_FLAGS, request), 16)
        fcntl.ioctl(one, _SET_FLAGS, struct.pack("16sH22x", b"lo", flags | _UP))


def _leave_network():
    """As root of the machine or, where that is nobody here, of a user namespace."""
    if _libc.unshare(_NEWNET | _NEWNS):
        _become_root()
        _unshare(_NEWNET | _NEWNS, "a network namespace")


def enter(directory, server):
    """With `server` in resolv.conf; the files are in `directory`, which must outlive the tests.

    Forbidden: the machine does not permit it, and this process can run no such test.
    """
    _leave_network()
    _mount("none", "/", _REC | _PRIVATE)
    _raise_loopback()
    for name, text in _FILES.items():
        path = pathlib.Path(directory, name)
        path.write_text(text.format(server=server))
        if os.path.exists(f"/etc/{name}"):
            _mount(path, f"/etc/{name}", _BIND)
