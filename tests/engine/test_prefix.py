"""A foreign program with an adopted bucket and its own prefix, changed while it is live."""

import json

from local.http import request
from tests.engine.support import changes
from tests.engine.test_adopted import OUTPUTS, PROGRAM, Owned, program
from tests.support.waiting import wait_until

__all__ = ["program"]  # a fixture

SOURCE, DESTINATION = "shop-inbox", "shop-images"
NEW, OLD = "shop/in/", "uploads/"


def test_on_changed_and_off(server, program, photo):
    owned = Owned(server, SOURCE, DESTINATION)
    owned.announce(SOURCE, EventBridgeConfiguration={})
    before = owned.look(SOURCE)
    adopted = {"source_bucket": SOURCE, "destination_bucket": DESTINATION}
    with program(**adopted) as live:

        def up(**settings):
            given = ", ".join(f"{k}={v!r}" for k, v in {**adopted, **settings}.items())
            names = [*OUTPUTS, *(["upload_prefixes"] if settings else [])]
            (live.tree / "__main__.py").write_text(PROGRAM.format(arguments=given, outputs=names))
            made = live.run("up")
            done = changes(made)
            assert (done.replace, done.create, done.delete) == ({}, [], [])
            assert not changes(live.run("up"))
            return made

        made = live.run("up")
        (readers,) = json.loads(made.outputs["destination_policy"])["Statement"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": [readers]})
        owned.s3.put_bucket_policy(Bucket=DESTINATION, Policy=policy)
        url = made.outputs["delivery_url"]

        def shown(name: str) -> str | None:
            status, body = request("GET", f"{url}/{name}/manifest.json")
            return json.loads(body)["source"]["key"] if status == 200 else None

        def put(key: str) -> None:
            owned.s3.upload_file(str(photo), SOURCE, key)

        put(f"{OLD}a.jpg")
        wait_until(lambda: shown("a.jpg") == f"{OLD}a.jpg", 60)

        made = up(prefix=NEW, former_prefixes=[OLD])
        assert made.outputs["upload_prefixes"] == f"{NEW},{OLD}"
        put(f"{NEW}b.jpg")
        put(f"{OLD}c.jpg")
        wait_until(lambda: shown("b.jpg") == f"{NEW}b.jpg", 60)
        wait_until(lambda: shown("c.jpg") == f"{OLD}c.jpg", 60)
        assert shown("a.jpg") == f"{OLD}a.jpg"

        up(prefix=NEW)
        put(f"{OLD}d.jpg")
        put(f"{NEW}e.jpg")
        wait_until(lambda: shown("e.jpg") == f"{NEW}e.jpg", 60)
        assert shown("d.jpg") is None
        assert shown("a.jpg") == f"{OLD}a.jpg"

        up()
        put(f"{OLD}d.jpg")
        wait_until(lambda: shown("d.jpg") == f"{OLD}d.jpg", 60)
        assert [shown(f"{name}.jpg") is not None for name in "abce"] == [True] * 4
        live.run("destroy")
        assert owned.look(SOURCE) == before
    owned.remove()
