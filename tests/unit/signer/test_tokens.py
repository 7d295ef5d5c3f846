"""Tokens: which are good, which are refused, and as what."""

import base64
import json
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from signer import tokens
from signer.handler import Refused
from signer.issuer_keys import IssuerKeys, KeysUnavailable
from tests.support.issuer import AUDIENCE

ANOTHER = RSAKey.generate_key(2048)


@pytest.fixture
def user_of(issuer):
    keys = IssuerKeys(issuer.url)

    def user_of(token, header="authorization", scheme="Bearer"):
        headers = {header: f"{scheme} {token}"}
        return tokens.user_of(headers, keys, issuer=issuer.url, audience=AUDIENCE)

    return user_of


def refused(call, *arguments):
    """The code of a refusal with status 401, and its challenge."""
    with pytest.raises(Refused) as found:
        call(*arguments)
    status, code, message, headers = found.value.args
    assert status == 401
    assert message.endswith(".")
    return code, headers["WWW-Authenticate"]


@pytest.mark.parametrize("kid", ["rsa-1", "ec-1", None])
def test_a_good_token_names_its_user(issuer, user_of, kid):
    assert user_of(issuer.token(kid, sub="auth0|65f")) == "auth0|65f"


@pytest.mark.parametrize("header", ["authorization", "x-authorization"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_may_be_in_either_header(issuer, user_of, header, scheme):
    assert user_of(issuer.token(), header, scheme) == "alice"


def test_the_cdn_s_own_signature_does_not_hide_a_token(issuer):
    headers = {"authorization": "AWS4-HMAC-SHA256 …", "x-authorization": f"Bearer {issuer.token()}"}
    keys = IssuerKeys(issuer.url)
    assert tokens.user_of(headers, keys, issuer=issuer.url, audience=AUDIENCE) == "alice"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer   "},
        {"authorization": "Basic YTpi"},
        {"cookie": "token=1"},
    ],
)
def test_without_a_token_one_is_asked_for(issuer, headers):
    keys = IssuerKeys(issuer.url)
    how = {"issuer": issuer.url, "audience": AUDIENCE}
    found = refused(lambda: tokens.user_of(headers, keys, **how))
    assert found == ("sign_in", "Bearer")
    assert issuer.asked == []


def test_the_audience_may_be_one_of_several(issuer, user_of):
    assert user_of(issuer.token(aud=["https://other.example", AUDIENCE])) == "alice"


NOW = int(time.time())
CLAIMS = {
    "another audience": {"aud": "others"},
    "other audiences": {"aud": ["others", "photos2"]},
    "an audience that begins alike": {"aud": "photo"},
    "no audience": {"aud": None},
    "an empty audience": {"aud": []},
    "another issuer": {"iss": "https://evil.example"},
    "its issuer with a slash": {"iss": "{issuer}/"},
    "no issuer": {"iss": None},
    "no user": {"sub": None},
    "an empty user": {"sub": ""},
    "a user that is a number": {"sub": 7},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "soon"},
    "a start in the future": {"nbf": NOW + 3600},
    "issued in the future": {"iat": NOW + 3600},
}


@pytest.mark.parametrize("name", CLAIMS)
def test_other_claims_are_refused(issuer, user_of, name):
    claims = {
        key: value.format(issuer=issuer.url) if isinstance(value, str) else value
        for key, value in CLAIMS[name].items()
    }
    assert refused(user_of, issuer.token(**claims)) == ("token", 'Bearer error="invalid_token"')


def test_an_expired_token_is_told_so(issuer, user_of):
    code, challenge = refused(user_of, issuer.token(exp=int(time.time()) - 61))
    assert (code, challenge) == ("expired", 'Bearer error="invalid_token"')


@pytest.mark.parametrize(("claim", "sign"), [("exp", -1), ("nbf", 1), ("iat", 1)])
def test_clocks_may_differ_by_a_minute(issuer, user_of, claim, sign):
    assert user_of(issuer.token(**{claim: int(time.time()) + sign * 50})) == "alice"
    refused(user_of, issuer.token(**{claim: int(time.time()) + sign * 70}))


def test_a_stranger_s_expired_token_is_not_told_that_it_expired(issuer, user_of):
    """The signature comes first, so that nobody learns what another's claims would do."""
    token = issuer.token(key=ANOTHER, exp=1)
    assert refused(user_of, token)[0] == "token"


def test_forged_tokens_are_refused(issuer, user_of):
    pem = issuer.public_pem()
    forged = {
        "unsigned": issuer.forged("none"),
        "unsigned, in capitals": issuer.forged("None"),
        "HS256 with the public key": issuer.forged("HS256", secret=pem),
        "HS256 with the public key, stripped": issuer.forged("HS256", secret=pem.strip()),
        "RS256 whose signature is an HMAC": issuer.forged("RS256", secret=pem),
        "RS256 without a signature": issuer.forged("RS256"),
        "ES256 by the RSA key": issuer.forged("ES256", secret=pem),
        "RS256 by the EC key": issuer.forged("RS256", "ec-1", secret=pem),
        "an empty secret": issuer.forged("HS256", secret=b"\0"),
        "another's key of the same name": issuer.token(key=ANOTHER),
        "an unknown key": issuer.token("rsa-9", key=ANOTHER),
    }
    for name, token in forged.items():
        assert refused(user_of, token)[0] == "token", name


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_byte_is_refused(issuer, user_of, part):
    parts = issuer.token().split(".")
    middle = len(parts[part]) // 2
    other = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + other + parts[part][middle + 1 :]
    assert refused(user_of, ".".join(parts))[0] == "token"


def test_another_user_s_claims_do_not_fit_a_signature(issuer, user_of):
    mine, theirs = issuer.token(sub="mallory").split("."), issuer.token(sub="alice").split(".")
    assert refused(user_of, ".".join([mine[0], theirs[1], mine[2]]))[0] == "token"


def test_a_key_that_the_token_brings_is_not_used(issuer, user_of):
    """RFC 8725, section 3.10: ``jku`` and ``jwk`` are a stranger's word."""
    jwk = ANOTHER.as_dict(private=False)
    header = {"alg": "RS256", "kid": "mine", "jwk": jwk, "jku": f"{issuer.url}/keys"}
    encoded = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    token = ".".join([encoded, *issuer.token(key=ANOTHER).split(".")[1:]])
    assert refused(user_of, token)[0] == "token"


def test_a_key_that_was_rotated_in_is_taken(issuer, user_of, monkeypatch):
    old = issuer.token()
    assert user_of(old) == "alice"
    issuer.rotate()
    monkeypatch.setattr("signer.issuer_keys.COOLDOWN_SECONDS", 0)
    assert user_of(issuer.token("rsa-2", sub="bob")) == "bob"
    assert refused(user_of, old)[0] == "token"


def test_nobody_is_let_in_while_the_issuer_is_down(issuer, user_of):
    issuer.stop()
    with pytest.raises(KeysUnavailable):
        user_of(issuer.token())
    issuer.start()


def never(_kid, _algorithm):
    raise KeysUnavailable


@pytest.mark.parametrize("token", ["\udc80.a.b", "a.b.\ud800"])
def test_half_a_character_is_no_token(user_of, token):
    """JSON can hold one, and the event is JSON."""
    assert refused(user_of, token)[0] == "token"


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_=-]*\.[A-Za-z0-9_=-]*\.[A-Za-z0-9_=-]*")))
def test_whatever_a_stranger_sends_is_a_refusal_without_asking_the_issuer(token):
    headers = {"authorization": f"Bearer {token}"}
    keys = SimpleNamespace(find=never)
    with pytest.raises(Refused):
        tokens.user_of(headers, keys, issuer="https://a.example", audience=AUDIENCE)


HEADERS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=5,
)


@given(
    alg=HEADERS, kid=HEADERS, more=st.dictionaries(st.sampled_from(["crit", "b64", "typ"]), HEADERS)
)
def test_whatever_a_header_says_is_a_refusal(alg, kid, more):
    header = json.dumps({"alg": alg, "kid": kid, **more}).encode()
    encoded = base64.urlsafe_b64encode(header).decode().rstrip("=")
    keys = SimpleNamespace(find=never)
    with pytest.raises(Refused):
        tokens.user_of(
            {"authorization": f"Bearer {encoded}.e30."}, keys, issuer="https://a", audience=AUDIENCE
        )
