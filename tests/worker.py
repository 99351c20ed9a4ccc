"""A worker that can be killed: claims and works rows until somebody ends it. `python -m tests.worker`."""

import time

import django

if __name__ == "__main__":
    django.setup()
    from callcenter import tasks

    while True:
        if not tasks.run_one():
            time.sleep(0.02)
