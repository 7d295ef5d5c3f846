"""The setting ``auth``: the issuer whose tokens let users upload."""

import re
from dataclasses import dataclass
from typing import Final

from pipeline.settings_checks import SettingsError

_PORT_AND_PATH: Final = r"(:[1-9]\d{0,4})?((/[\w.~-]+)*/?)"
_ISSUER: Final = re.compile(r"https://[a-z0-9.-]+\.[a-z]{2,}" + _PORT_AND_PATH)
"""Lower case only: a host with capitals is an example's placeholder, like TENANT.eu.auth0.com."""
_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|localhost)" + _PORT_AND_PATH)
"""An issuer on this machine, for the embedded AWS."""

MAX_AUDIENCE: Final = 200
"""Characters; the audiences of the providers in docs/auth have 20 to 60."""


@dataclass(frozen=True, kw_only=True)
class Auth:
    """The issuer exactly as in a token's ``iss``, and the ``aud`` of tokens for this stack."""

    issuer: str
    audience: str

    def __post_init__(self) -> None:
        """Raise a ``SettingsError`` for an issuer or an audience that no token can have."""
        if not self.is_https and not _LOOPBACK.fullmatch(self.issuer):
            raise SettingsError(
                "auth issuer must be an https:// address, its host in small letters, without a "
                f"query, exactly as tokens have it in iss; got {self.issuer!r}."
            )
        if not re.fullmatch(rf"[!-~]{{1,{MAX_AUDIENCE}}}", self.audience):
            raise SettingsError(
                f"auth audience must be 1 to {MAX_AUDIENCE} characters of ASCII without spaces, "
                f"exactly as tokens have it in aud; got {self.audience!r}."
            )

    @property
    def is_https(self) -> bool:
        """True if the issuer's keys come over HTTPS."""
        return _ISSUER.fullmatch(self.issuer) is not None

    @property
    def origin(self) -> str:
        """The issuer's scheme and host, which the page's sign-in may talk to."""
        return "/".join(self.issuer.split("/")[:3])
