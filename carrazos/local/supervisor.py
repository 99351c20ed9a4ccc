"""One supervisor for the demo's web, worker and beat."""

import contextlib
import os
import signal
import subprocess
import threading
import time

from carrazos.local.processes import READY_SECONDS, ROOT, LocalServiceError, die_with_parent


class Supervisor:
    """Runs the children of the demo: prefixed output, and one that dies takes all down with a clear line."""

    def __init__(self) -> None:
        self.children: list[tuple[str, subprocess.Popen]] = []
        self.seen: dict[str, threading.Event] = {}

    def spawn(self, name: str, command: list[str], *, ready: str = "") -> None:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT,
            text=True, errors="replace", start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM),
        )  # fmt: skip
        self.children.append((name, child))
        self.seen[name] = threading.Event()
        threading.Thread(target=self.copy_output, args=(name, child, ready), daemon=True).start()

    def copy_output(self, name: str, child: subprocess.Popen, ready: str) -> None:
        for line in child.stdout:
            print(f"{name:>6} | {line.rstrip()}", flush=True)
            if ready and ready in line:
                self.seen[name].set()

    def wait(self, name: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.seen[name].wait(0.1):
            self.check()
            if time.monotonic() > deadline:
                raise LocalServiceError(f"«{name}» no estuvo listo en {READY_SECONDS} s.")

    def check(self) -> None:
        for name, child in self.children:
            if child.poll() is not None:
                raise LocalServiceError(f"«{name}» terminó solo (código {child.returncode}); se detiene todo.")

    def stop(self) -> None:
        for _, child in reversed(self.children):
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + 15
        for _, child in self.children:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
