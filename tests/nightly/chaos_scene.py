"""What the chaos needs in its database: agents with an open session and a queue. Prints the sessions as JSON."""

import json
import sys


def main(agents: int, customers: int) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from callcenter.roles import Role
    from tests.conftest import person
    from tests.factories import OutreachFactory, SiteFactory

    OutreachFactory.create_batch(customers, site=SiteFactory(code="norte"))
    keys = []
    for _ in range(agents):
        agent, session = person(Role.CALL_CENTER_AGENT), SessionStore()
        session.update({SESSION_KEY: str(agent.pk), BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
                        HASH_SESSION_KEY: agent.get_session_auth_hash()})  # fmt: skip
        session.create()
        keys.append(session.session_key)
    print(json.dumps(keys))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
