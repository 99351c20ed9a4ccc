"""Accounts, folders and processes: what both embedded services need."""

import contextlib
import ctypes
import hashlib
import os
import pwd
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STATE = Path(os.environ.get("CARRAZOS_STATE") or ROOT / ".local")
PR_SET_PDEATHSIG = 1
READY_SECONDS = 60


class LocalServiceError(Exception):
    """An embedded service could not start; the text says which and why."""


def service_account() -> pwd.struct_passwd | None:
    """The account that runs PostgreSQL when we are root (it refuses to run as root); None when we are not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise LocalServiceError("No existe la cuenta «postgres» ni «nobody» para ejecutar PostgreSQL.")


def reachable(path: Path, account: pwd.struct_passwd | None) -> bool:
    if account is None:
        return True
    probe = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    return subprocess.run(probe, user=account.pw_uid, group=account.pw_gid, extra_groups=[]).returncode == 0


def state_folder() -> Path:
    """Where the services keep their data: in the checkout, or beside the system's when their account can't get in."""
    STATE.mkdir(parents=True, exist_ok=True)
    if reachable(STATE, service_account()):
        return STATE
    outside = Path("/var/tmp") / f"carrazos-{digest(STATE)}"
    outside.mkdir(mode=0o755, exist_ok=True)
    if outside.stat().st_uid != os.geteuid():
        raise LocalServiceError(f"{outside} pertenece a otra cuenta.")
    return outside


def digest(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:8]


def socket_folder(data: Path, account: pwd.struct_passwd | None) -> Path:
    """A short private folder for the sockets: a socket's path may have 107 bytes at most."""
    folder = Path(tempfile.gettempdir()) / f"cz-{digest(data)}-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in {os.geteuid(), account.pw_uid if account else os.geteuid()}:
        raise LocalServiceError(f"{folder} pertenece a otra cuenta.")
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def die_with_parent(number: int) -> Callable[[], None]:
    """For Popen(preexec_fn=): Linux sends the signal when the supervisor dies, even by kill -9."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def arm() -> None:
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, number)

    return arm


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True).stdout


def wait_until(ready: Callable[[], bool], process: subprocess.Popen, what: str, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise LocalServiceError(f"{what} no arrancó. Últimas líneas de {log}:\n{tail}")
        time.sleep(0.05)
