"""The issuer's keys: which are taken, how long, and what happens while it is down."""

import itertools
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from jwt.algorithms import RSAAlgorithm

from signer import issuer_keys
from signer.issuer_keys import IssuerKeys, KeysUnavailable, UnknownKey, fetch_json

ISSUER = "https://login.example.com/"
CONFIGURATION = "https://login.example.com/.well-known/openid-configuration"
JWKS = "https://keys.example.com/jwks"
RSA = RSAKey.generate_key(2048)
WEAK = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 1024).public_key(), as_dict=True)
EC = ECKey.generate_key("P-256")


def jwk(key, **more):
    return {**key.as_dict(private=False), **more}


class World:
    """An issuer as a dictionary of documents, and a clock that a test turns."""

    def __init__(self, *listed):
        self.now = 1_000_000.0
        self.asked = []
        self.documents = {
            CONFIGURATION: {"issuer": ISSUER, "jwks_uri": JWKS},
            JWKS: {"keys": list(listed)},
        }
        self.keys = IssuerKeys(ISSUER, self.fetch, lambda: self.now)

    def fetch(self, url):
        self.asked.append(url)
        if url not in self.documents:
            raise ConnectionRefusedError
        return self.documents[url]

    def offer(self, *listed):
        self.documents[JWKS] = {"keys": list(listed)}

    def go_down(self):
        self.documents = {}


@pytest.fixture
def world():
    return World(jwk(RSA, kid="a"))


def test_keys_are_fetched_once(world):
    for _ in range(3):
        assert world.keys.find("a", "RS256").algorithm_name == "RS256"
    assert world.asked == [CONFIGURATION, JWKS]


def test_an_unknown_key_is_looked_for_once_in_a_while(world):
    world.keys.find("a", "RS256")
    for n in range(100):
        with pytest.raises(UnknownKey):
            world.keys.find(f"stranger-{n}", "RS256")
    assert len(world.asked) == 2
    world.now += issuer_keys.COOLDOWN_SECONDS
    for n in range(100):
        with pytest.raises(UnknownKey):
            world.keys.find(f"stranger-{n}", "RS256")
    assert len(world.asked) == 4


def test_a_new_key_is_found_and_the_old_one_forgotten(world):
    world.keys.find("a", "RS256")
    world.offer(jwk(RSA, kid="b"))
    world.now += issuer_keys.COOLDOWN_SECONDS
    assert world.keys.find("b", "RS256")
    with pytest.raises(UnknownKey):
        world.keys.find("a", "RS256")


def test_a_withdrawn_key_is_forgotten_once_keys_are_no_longer_fresh(world):
    world.keys.find("a", "RS256")
    world.offer(jwk(RSA, kid="b"))
    world.now += issuer_keys.FRESH_SECONDS - 1
    assert world.keys.find("a", "RS256")
    world.now += 1
    with pytest.raises(UnknownKey):
        world.keys.find("a", "RS256")


def test_while_the_issuer_is_down_cached_keys_serve_until_their_maximal_age(world):
    start = world.now
    world.keys.find("a", "RS256")
    world.go_down()
    for age in range(0, issuer_keys.MAX_AGE_SECONDS, 900):
        world.now = start + age
        assert world.keys.find("a", "RS256")
    world.now = start + issuer_keys.MAX_AGE_SECONDS - 1
    assert world.keys.find("a", "RS256")
    world.now += 1
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            world.keys.find("a", "RS256")


def test_while_the_issuer_is_down_it_is_asked_once_in_a_while(world):
    world.go_down()
    for second in range(30):
        world.now += 1
        with pytest.raises(KeysUnavailable):
            world.keys.find("a", "RS256")
        assert len(world.asked) == 1 + second // issuer_keys.COOLDOWN_SECONDS


def test_while_the_issuer_is_down_an_unknown_key_cannot_be_judged(world):
    world.keys.find("a", "RS256")
    world.go_down()
    world.now += issuer_keys.COOLDOWN_SECONDS
    with pytest.raises(KeysUnavailable):
        world.keys.find("b", "RS256")
    assert world.keys.find("a", "RS256")


def test_a_clock_that_is_set_back_does_not_stop_fetching(world):
    world.keys.find("a", "RS256")
    world.offer(jwk(RSA, kid="b"))
    world.now -= 100_000
    assert world.keys.find("b", "RS256")


def test_a_clock_that_is_set_back_does_not_keep_keys_fresh(world):
    world.keys.find("a", "RS256")
    world.offer(jwk(RSA, kid="b"))
    world.now -= 100_000
    with pytest.raises(UnknownKey):
        world.keys.find("a", "RS256")


def test_an_issuer_that_recovers_is_believed_again(world):
    documents = world.documents
    world.go_down()
    with pytest.raises(KeysUnavailable):
        world.keys.find("a", "RS256")
    world.documents = documents
    world.now += issuer_keys.COOLDOWN_SECONDS
    assert world.keys.find("a", "RS256")


TAKEN = {
    "RS256": (jwk(RSA, kid="a"), "RS256"),
    "RS256 that says so": (jwk(RSA, kid="a", alg="RS256", use="sig"), "RS256"),
    "ES256": (jwk(EC, kid="a"), "ES256"),
    "ES256 that says so": (jwk(EC, kid="a", alg="ES256", use="sig"), "ES256"),
    "a private part": ({**EC.as_dict(private=True), "kid": "a"}, "ES256"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_key_is_good_for_the_algorithm_of_its_type_alone(name):
    listed, algorithm = TAKEN[name]
    keys = World(listed).keys
    assert keys.find("a", algorithm).algorithm_name == algorithm
    assert not hasattr(keys.find("a", algorithm).key, "private_numbers")
    for other in {"RS256", "ES256", "HS256", "none"} - {algorithm}:
        with pytest.raises(UnknownKey):
            keys.find("a", other)


SKIPPED = {
    "RSA for RS512": jwk(RSA, kid="a", alg="RS512"),
    "RSA for HS256": jwk(RSA, kid="a", alg="HS256"),
    "RSA for encryption": jwk(RSA, kid="a", use="enc"),
    "RSA of 1024 bits": {**WEAK, "kid": "a"},
    "RSA without a modulus": {"kty": "RSA", "e": "AQAB", "kid": "a"},
    "RSA of a list": {"kty": "RSA", "e": "AQAB", "n": [1], "kid": "a"},
    "EC of another curve": jwk(ECKey.generate_key("P-384"), kid="a"),
    "EC for ES384": jwk(EC, kid="a", alg="ES384"),
    "EC off its curve": {**jwk(EC, kid="a"), "x": EC.as_dict(private=False)["y"]},
    "EC without a point": {"kty": "EC", "crv": "P-256", "kid": "a"},
    "a secret": {**OctKey.generate_key(256).as_dict(private=True), "kid": "a", "alg": "HS256"},
    "Ed25519": jwk(OKPKey.generate_key("Ed25519"), kid="a"),
    "a string": "key",
    "nothing": {},
}


@pytest.mark.parametrize("name", SKIPPED)
def test_other_keys_are_skipped_beside_a_good_one(name):
    world = World(SKIPPED[name], jwk(RSA, kid="good"))
    assert world.keys.find("good", "RS256")
    for algorithm in ("RS256", "ES256", "HS256"):
        with pytest.raises(UnknownKey):
            world.keys.find("a", algorithm)


def test_without_a_name_the_only_key_for_the_algorithm_serves():
    world = World(jwk(RSA, kid="a"), jwk(EC))
    assert world.keys.find(None, "RS256").algorithm_name == "RS256"
    assert world.keys.find(None, "ES256").algorithm_name == "ES256"
    both = World(jwk(RSA, kid="a"), jwk(RSA, kid="b"))
    with pytest.raises(UnknownKey):
        both.keys.find(None, "RS256")


BROKEN = {
    "another issuer's document": (CONFIGURATION, {"issuer": ISSUER[:-1], "jwks_uri": JWKS}),
    "no address of keys": (CONFIGURATION, {"issuer": ISSUER}),
    "no list": (JWKS, {"keys": "none"}),
    "no key": (JWKS, {"keys": []}),
    "no usable key": (JWKS, {"keys": [SKIPPED["a secret"]]}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_document_is_as_an_issuer_that_is_down(name):
    url, document = BROKEN[name]
    fresh, warm = World(jwk(RSA, kid="a")), World(jwk(RSA, kid="a"))
    warm.keys.find("a", "RS256")
    for world in (fresh, warm):
        world.documents[url] = document
        world.now += issuer_keys.FRESH_SECONDS
    with pytest.raises(KeysUnavailable):
        fresh.keys.find("a", "RS256")
    assert warm.keys.find("a", "RS256")


def test_documents_are_fetched_over_http_from_this_machine(issuer):
    keys = IssuerKeys(issuer.url)
    assert keys.find("rsa-1", "RS256")
    assert keys.find("ec-1", "ES256")
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    assert fetch_json(f"{issuer.url}/keys") == issuer.documents["/keys"]


UNSAFE = [
    "http://login.example.com/a",
    "http://127.0.0.1.example.com/",
    "file:///etc/passwd",
    "",
    "//a",
]


@pytest.mark.parametrize("url", UNSAFE)
def test_only_https_is_asked(url):
    with pytest.raises(ValueError, match="must be at https://"):
        fetch_json(url)


def test_the_address_of_keys_must_be_https_too(issuer):
    issuer.documents["/.well-known/openid-configuration"]["jwks_uri"] = "http://example.com/keys"
    with pytest.raises(KeysUnavailable):
        IssuerKeys(issuer.url).find("rsa-1", "RS256")


def test_an_issuer_elsewhere_cannot_lead_to_this_machine(world, issuer):
    """Lambda's Runtime API is there."""
    world.documents[f"{issuer.url}/keys"] = world.documents[JWKS]
    world.documents[CONFIGURATION] = {"issuer": ISSUER, "jwks_uri": f"{issuer.url}/keys"}
    with pytest.raises(KeysUnavailable):
        world.keys.find("a", "RS256")
    assert world.asked == [CONFIGURATION]


def test_requests_name_who_asks(issuer, monkeypatch):
    agents = []

    def respond(handler):
        agents.append(handler.headers["User-Agent"])
        handler.send_response(503)
        handler.end_headers()

    monkeypatch.setattr(issuer.server.RequestHandlerClass, "do_GET", respond)
    with pytest.raises(ValueError, match="answered 503"):
        fetch_json(f"{issuer.url}/keys")
    assert agents == ["image-pipeline"]


ANSWERS = {
    "too long": b'{"keys": "' + b" " * issuer_keys.MAX_BYTES + b'"}',
    "no JSON": b"<html>",
    "no object": b"[]",
    "nested without end": b"[" * 60_000,
    "no text": b"\xff\xfe",
    "not found": None,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_no_document_is_refused(issuer, name):
    issuer.documents["/keys"] = ANSWERS[name]
    with pytest.raises(ValueError, match=f"{issuer.url}/keys|codec|Expecting"):
        fetch_json(f"{issuer.url}/keys")


def test_a_document_of_the_longest_size_is_read(issuer):
    body = b'{"a": "%s"}'
    issuer.documents["/keys"] = body % (b" " * (issuer_keys.MAX_BYTES - len(body) + 2))
    assert fetch_json(f"{issuer.url}/keys")


def test_a_host_that_is_down_is_an_error_of_the_network(issuer):
    issuer.stop()
    with pytest.raises(OSError, match="refused"):
        fetch_json(f"{issuer.url}/keys")
    issuer.start()


def test_an_issuer_that_sends_slowly_is_as_one_that_is_down(issuer, monkeypatch):
    """Each read is fast enough, but all of them would outlast the function."""

    def respond(handler):
        handler.send_response(200)
        handler.end_headers()
        for _ in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    monkeypatch.setattr(issuer_keys, "FETCH_SECONDS", 0.3)
    keys = IssuerKeys(issuer.url)
    assert keys.find("rsa-1", "RS256")
    monkeypatch.setattr(issuer_keys, "FRESH_SECONDS", 0)
    monkeypatch.setattr(issuer_keys, "COOLDOWN_SECONDS", 0)
    monkeypatch.setattr(issuer.server.RequestHandlerClass, "do_GET", respond)
    start = time.monotonic()
    assert keys.find("rsa-1", "RS256")
    with pytest.raises(KeysUnavailable):
        IssuerKeys(issuer.url).find("rsa-1", "RS256")
    assert time.monotonic() - start < 2


def test_a_redirect_is_not_followed(issuer, monkeypatch):
    """It could lead anywhere, to plain HTTP too."""
    statuses = itertools.chain([302])

    def respond(handler):
        handler.send_response(next(statuses))
        handler.send_header("Location", f"{issuer.url}/keys")
        handler.end_headers()

    monkeypatch.setattr(issuer.server.RequestHandlerClass, "do_GET", respond)
    with pytest.raises(ValueError, match="answered 302"):
        fetch_json(f"{issuer.url}/moved")
