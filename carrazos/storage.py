"""Files that are whole or not there: written aside, flushed to the disk, and only then given their name.

Django's own storage leaves a cut file under its final name when the disk fills up (ticket 21602).
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

PART = ".part"  # the sweep of callcenter/domain/orphans.py takes those that a killed process left


class WholeFiles(FileSystemStorage):
    """The disk under MEDIA_ROOT."""

    def _save(self, name: str, content: File) -> str:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{uuid.uuid4().hex}{PART}")
        try:
            with part.open("xb") as out:
                for piece in pieces(content):
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return Path(name).as_posix()


def pieces(content: File) -> Iterator[bytes]:
    for chunk in content.chunks():
        yield chunk.encode() if isinstance(chunk, str) else chunk
