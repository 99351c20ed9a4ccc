"""A process that shows that it lives, to whoever can only look at files (a container's healthcheck)."""

from pathlib import Path


def show_life(path: str) -> None:
    """Touches the file; without a path there is nobody to show it to."""
    if path:
        Path(path).touch()
