"""Which issuers and audiences can be."""

import pytest

from pipeline.auth import Auth
from pipeline.settings import Settings
from pipeline.settings_checks import SettingsError

ISSUERS = {
    "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34E": "Cognito",
    "https://example.eu.auth0.com/": "Auth0",
    "https://securetoken.google.com/my-project-1": "Firebase",
    "https://abcdefghijklmnop.supabase.co/auth/v1": "Supabase",
    "https://login.example.com:8443/realms/photos": "Keycloak",
}


@pytest.mark.parametrize("issuer", ISSUERS)
def test_issuers_of_providers_are_accepted(issuer):
    auth = Auth(issuer=issuer, audience="photos")
    assert Settings(uploads="presigned", auth=auth).auth == auth
    assert issuer.startswith(auth.origin)
    assert auth.origin.count("/") == 2


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "login.example.com",
        "http://login.example.com",
        "https://login.example.com/?a=b",
        "https://login.example.com/#a",
        "https://user:word@login.example.com/",
        "https://login",
        "https://login.example.com/ x",
        "http://127.0.0.1.example.com/",
        "file:///etc/passwd",
        "https://TENANT.eu.auth0.com/",
        "https://cognito-idp.REGION.amazonaws.com/POOL",
        "https://login.example.com//",
        "https://login.example.com//evil.example.com",
        "https://login.example.com:0/",
        "https://login.example.com:123456/",
    ],
)
def test_other_issuers_are_refused(issuer):
    with pytest.raises(SettingsError, match="auth issuer must be an https:// address"):
        Auth(issuer=issuer, audience="photos")


def test_an_issuer_on_this_machine_is_for_the_embedded_aws():
    auth = Auth(issuer="http://127.0.0.1:8080", audience="photos")
    embedded = "http://127.0.0.1:4566"
    assert Settings(uploads="presigned", auth=auth, s3_endpoint=embedded).auth == auth
    with pytest.raises(SettingsError, match="must start with https:// on AWS"):
        Settings(uploads="presigned", auth=auth)


@pytest.mark.parametrize("audience", ["", "a b", "é", "a" * 201])
def test_other_audiences_are_refused(audience):
    with pytest.raises(SettingsError, match="auth audience must be 1 to 200 characters"):
        Auth(issuer="https://login.example.com", audience=audience)
