"""Bearer tokens: which user a request comes from.

A token is a JWT that the issuer signed for the audience. PyJWT checks it; we decide which keys and
algorithms it may use (RFC 8725, sections 3.1 to 3.9).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import jwt
from jwt.exceptions import InvalidSubjectError

from signer.handler import Refused
from signer.issuer_keys import ALGORITHMS, IssuerKeys, UnknownKey

LEEWAY_SECONDS: Final = 60
"""Largest difference between the issuer's clock and Lambda's."""

HEADERS: Final = ("x-authorization", "authorization")
"""Headers that may have the token; the first one present counts. CloudFront puts its own signature
for the function into ``Authorization`` (API reference, OriginAccessControlConfig, SigningBehavior
``always``)."""

_jwt: Final[Any] = jwt  # its types name optional parts of cryptography

CLAIMS: Final = ("exp", "iss", "aud", "sub")
"""Claims that a token must have; ``nbf`` and ``iat`` are checked if present."""


def user_of(headers: Mapping[str, str], keys: IssuerKeys, *, issuer: str, audience: str) -> str:
    """Return the user (``sub``) whose token a request carries.

    Args:
        headers: the request's, with names in lower case.
        keys: the issuer's.
        issuer: what ``iss`` must be.
        audience: what ``aud`` must be, or hold.

    Raises:
        Refused: there is no token, or it is not valid; status 401.
        KeysUnavailable: the token cannot be checked.
    """
    given = next((headers[name] for name in HEADERS if headers.get(name)), "")
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise _refused("sign_in", "Sign in to upload photos.", challenge="Bearer")
    try:
        claims = _decode(token.strip(), keys, issuer=issuer, audience=audience)
    except jwt.ExpiredSignatureError:
        raise _refused("expired", "Your sign-in has expired. Sign in again.") from None
    except (jwt.PyJWTError, UnknownKey, UnicodeEncodeError) as error:
        # The type alone: a message may repeat what a stranger wrote.
        raise _refused("token", "Your sign-in is not valid here. Sign in again.") from error
    return claims["sub"]


def _decode(token: str, keys: IssuerKeys, *, issuer: str, audience: str) -> dict[str, Any]:
    header = jwt.get_unverified_header(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError
    claims = _jwt.decode(
        token,
        keys.find(kid, algorithm),
        algorithms=[algorithm],
        issuer=issuer,
        audience=audience,
        leeway=LEEWAY_SECONDS,
        options={"require": list(CLAIMS)},
    )
    if not claims["sub"]:
        raise InvalidSubjectError
    return claims


def _refused(code: str, message: str, challenge: str = 'Bearer error="invalid_token"') -> Refused:
    """Return a refusal in the form of RFC 6750, section 3."""
    return Refused(HTTPStatus.UNAUTHORIZED, code, message, {"WWW-Authenticate": challenge})
