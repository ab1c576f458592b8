# SPDX-License-Identifier: Apache-2.0
"""Child processes that never outlive the test that started them."""
import ctypes
import signal
import subprocess

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(args, **kwargs):
    """As subprocess.Popen, without standard input; killed should this process die first."""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([str(arg) for arg in args], preexec_fn=_die_with_parent, **kwargs)


def stop(process, timeout_s=5):
    """Asks it to end, then ends it; its exit status."""
    if process.poll() is None:
        process.terminate()
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
