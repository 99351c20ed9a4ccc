"""The first of the README's commands: it starts whole, and however it ends it leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Self

import pytest

ROOT = Path(__file__).resolve().parent.parent
HANG_SECONDS = 400  # how long a start takes says how loaded the machine is; the goal of 60 s is for a quiet one


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    # A space and an ñ in the path, as on real desks.
    folder = tmp_path_factory.mktemp("una carpeta ñ") / "estado"
    for parent in folder.parents:
        if parent != Path("/") and os.access(parent, os.W_OK) and parent.stat().st_uid == os.geteuid() and "pytest" in str(parent):
            parent.chmod(0o755)
    return folder


class Demo:
    def __init__(self, state: Path, port: int):
        hidden = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY", "STATE_ROOT", "LANG", "LC_ALL"}
        environment = {key: value for key, value in os.environ.items() if key not in hidden} | {"CARRAZOS_STATE": str(state)}
        self.state = state
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)], cwd=ROOT, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.output = ""

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + HANG_SECONDS
        while words not in self.output:
            line = self.process.stdout.readline()
            assert line or self.process.poll() is None, f"terminó antes de «{words}»:\n{self.output}"
            assert time.monotonic() < deadline, f"no llegó a «{words}»:\n{self.output}"
            self.output += line

    def end(self, seconds: int = 60) -> int:
        self.output += self.process.communicate(timeout=seconds)[0] or ""
        return self.process.returncode

    def family(self) -> list[str]:
        """Every process that belongs to this demo: its data folder or its own session's children name it."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                settings = (folder / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if (str(self.state) in line or f"CARRAZOS_STATE={self.state}" in settings) and int(folder.name) != os.getpid():
                found.append(f"{folder.name} {line[:120]}")
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """A test that failed leaves no demo behind for the next one."""
        if self.process.poll() is None:
            self.process.terminate()
            self.end()
        self.process.stdout.close()

    def gone(self) -> None:
        deadline = time.monotonic() + 60
        while (left := self.family()) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert left == []


@pytest.mark.skipif(sys.platform != "linux", reason="cuenta procesos en /proc")
@pytest.mark.parametrize("ending", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL", "dead child", "early"])
def test_however_it_ends_nothing_is_left(state, ending):
    with Demo(state, 8765) as demo:
        if ending == "early":
            time.sleep(0.7)
            demo.process.send_signal(signal.SIGTERM)
            demo.end()
            demo.gone()
            return
        demo.wait_for("Ctrl-C detiene todo")
        port = int(re.search(r"http://localhost:(\d+)/", demo.output)[1])
        with urllib.request.urlopen(f"http://localhost:{port}/cuenta/ingresar/") as page:
            assert page.status == 200
        for words in ("agente", "director", "admin", "Clave de todos", "avisos_de_hoy.csv"):
            assert words in demo.output
        if ending == "dead child":
            worker = next(line for line in demo.family() if "celery" in line and " worker " in line)
            os.kill(int(worker.split()[0]), signal.SIGKILL)
            assert demo.end() == 1
            assert "«worker» terminó solo" in demo.output
        else:
            os.kill(demo.process.pid, getattr(signal, ending))
            code = demo.end()
            assert code == (-9 if ending == "SIGKILL" else 0)
        demo.gone()
