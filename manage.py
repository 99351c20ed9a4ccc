#!/usr/bin/env python3
"""Every verb of the product. Needs only Python 3.11: builds its own environment, then runs there.

`demo` and `test` are the two commands of the README; every other verb is Django's or ours.
Set CARRAZOS_ENV=external where the packages are installed by someone else (the container image).
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"runtime": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}


def say(text):
    print(f"[entorno] {text}", file=sys.stderr, flush=True)


def stamp_of(kind):
    content = LOCKS[kind].read_bytes() + platform.python_version().encode() + platform.machine().encode()
    return hashlib.sha256(content).hexdigest()


def is_ready(kind):
    def stands(name):
        stamp = VENV / f".{name}.stamp"
        return PYTHON.exists() and stamp.exists() and stamp.read_text() == stamp_of(name)

    return stands("dev") or (kind == "runtime" and stands("runtime"))


def run(*command):
    return subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL).returncode == 0


def create_venv(uv):
    if uv and run(uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV):
        return
    if subprocess.run([sys.executable, "-c", "import ensurepip"], capture_output=True).returncode != 0:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            sys.exit(f"Falta el módulo venv de Python. Instálelo así: apt-get install {package}")
        say(f"instalando {package}")
        if not (run("apt-get", "update", "-qq") and run("apt-get", "install", "-y", "-qq", package)):
            sys.exit(f"No se pudo instalar {package}: revise la red o instálelo usted mismo.")
    if not run(sys.executable, "-m", "venv", "--clear", VENV):
        sys.exit("No se pudo crear el entorno en .venv.")


def install(kind, uv):
    lock = LOCKS[kind]
    if uv and run(uv, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", lock):
        return True
    if not run(PYTHON, "-m", "pip", "--version") and not run(PYTHON, "-m", "ensurepip", "--upgrade"):
        return False
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    return run(*pip, "--require-hashes", "-r", lock)


def build(kind):
    """Builds .venv from the hashed lock; one builder at a time, the others wait and find it ready."""
    with (ROOT / ".venv.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if is_ready(kind):
            return
        say("preparando el entorno de Python (solo la primera vez o cuando cambia la lista de paquetes)")
        uv = shutil.which("uv")
        stamps = [VENV / f".{name}.stamp" for name in LOCKS]
        same_python = PYTHON.exists() and run(PYTHON, "-c", f"import sys; sys.exit(sys.version_info[:3] != {tuple(sys.version_info[:3])})")
        if not (same_python and any(stamp.exists() for stamp in stamps)):
            create_venv(uv)
        for stamp in stamps:
            stamp.unlink(missing_ok=True)
        if not install(kind, uv):
            create_venv(None)
            if not install(kind, None):
                sys.exit("No se pudieron instalar los paquetes: revise la conexión con el índice de paquetes y repita.")
        (VENV / f".{kind}.stamp").write_text(stamp_of(kind))


def main():
    if sys.version_info < (3, 11):
        sys.exit(f"Se necesita Python 3.11 o más nuevo; este es {platform.python_version()}.")
    verb = sys.argv[1] if len(sys.argv) > 1 else "help"
    if os.environ.get("CARRAZOS_ENV") != "external":
        kind = "dev" if verb == "test" else "runtime"
        if not is_ready(kind):
            build(kind)
        if Path(sys.prefix).resolve() != VENV.resolve():
            os.execv(PYTHON, [str(PYTHON), str(ROOT / "manage.py"), *sys.argv[1:]])
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carrazos.settings")

    from carrazos import local

    sys.exit(local.run(verb, sys.argv))


if __name__ == "__main__":
    main()
