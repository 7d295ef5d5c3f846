"""The public keys of the issuer of tokens, fetched from it and cached.

``/.well-known/openid-configuration`` below the issuer names the address of its keys (OpenID Connect
Discovery 1.0, section 4). A key is valid for one algorithm only, which follows from its type.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from queue import Empty, SimpleQueue
from typing import Any, Final, NoReturn, TypeVar, cast
from urllib.parse import urlsplit

from jwt import PyJWK, PyJWTError

ALGORITHMS: Final = ("RS256", "ES256")
"""Signatures that are accepted. Neither ``none`` nor HS256, whose key would be a secret."""

FRESH_SECONDS: Final = 600
"""Age at which keys are fetched again, so that a withdrawn key is not accepted for long."""

MAX_AGE_SECONDS: Final = 6 * 3600
"""Age up to which keys are used while the issuer cannot be reached; after it nobody gets a form."""

COOLDOWN_SECONDS: Final = 10
"""Least time between an execution environment's fetches, even if strangers' tokens ask for more."""

TIMEOUT_SECONDS: Final = 1.5
"""Timeout for connecting to each address of a host, and for each read."""

FETCH_SECONDS: Final = 4
"""Timeout for both documents, so that a quota still fits into the function's timeout. An issuer
with many addresses that do not answer, or one that sends a byte a second, would take longer than
that; Lambda would then end the execution environment, and its cached keys with it."""

MAX_BYTES: Final = 65_536
"""Longest document; a real issuer's has a few thousand bytes."""

MIN_RSA_BITS: Final = 2048
"""RFC 7518, section 3.3: RS256 needs a key of 2048 bits or more."""

LOOPBACK: Final = ("127.0.0.1", "localhost")
"""Hosts that need no HTTPS, for an issuer in tests: requests to them never leave the machine."""

USER_AGENT: Final = "image-pipeline"
"""User agent, set because firewalls in front of issuers refuse requests without one (AWS WAF
developer guide, "Baseline rule groups", NoUserAgent_HEADER)."""

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
"""Fields of a public key, by key type (RFC 7518, section 6); private fields are ignored."""

_logger: Final = logging.getLogger(__name__)

_T = TypeVar("_T")


class UnknownKey(Exception):
    """The issuer has no key of this name for this algorithm."""


class KeysUnavailable(Exception):
    """The issuer cannot be reached and no cached key decides, so nobody may be let in."""


class IssuerKeys:
    """The keys of one issuer, in one execution environment.

    Args:
        issuer: its URL, exactly as tokens name it in ``iss``.
        fetch: returns the JSON object at a URL.
        clock: seconds; not monotonic time, which may stand still while Lambda freezes a function.
    """

    def __init__(
        self,
        issuer: str,
        fetch: "Callable[[str], dict[str, Any]] | None" = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._issuer, self._fetch, self._clock = issuer, fetch or fetch_json, clock
        self._keys: dict[tuple[str, str], PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def find(self, kid: str | None, algorithm: str) -> PyJWK:
        """Return the key of a name and algorithm, without a name the only one for the algorithm.

        Raises:
            UnknownKey: the issuer has none.
            KeysUnavailable: the issuer cannot be reached, and the key is not cached.
        """
        key = self._cached(kid, algorithm)
        # The age is negative if the clock was set back.
        if key is None or not 0 <= self._age() < FRESH_SECONDS:
            self._refresh()
            key = self._cached(kid, algorithm)
        if key is not None:
            return key
        if self._fetched_at < self._tried_at:
            raise KeysUnavailable
        raise UnknownKey

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _cached(self, kid: str | None, algorithm: str) -> PyJWK | None:
        if self._age() >= MAX_AGE_SECONDS:
            return None
        if kid is not None:
            return self._keys.get((kid, algorithm))
        # A token needs no ``kid`` where the issuer has one key (OpenID Connect Core, 10.1).
        alike = [key for (_, name), key in self._keys.items() if name == algorithm]
        return alike[0] if len(alike) == 1 else None

    def _refresh(self) -> None:
        """Fetch the keys, unless that was tried a moment ago; if it fails, keep the cached ones."""
        now = self._clock()
        if 0 <= now - self._tried_at < COOLDOWN_SECONDS:
            return
        self._tried_at = now
        try:
            self._keys = _within(FETCH_SECONDS, self._fetch_keys)
        except (OSError, HTTPException, ValueError):
            _logger.exception("keys_not_fetched", extra={"issuer": self._issuer})
        else:
            self._fetched_at = now

    def _fetch_keys(self) -> dict[tuple[str, str], PyJWK]:
        found = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        # Discovery, section 4.3: another issuer's document may not speak for this one.
        if found.get("issuer") != self._issuer:
            raise ValueError(f"The issuer calls itself {found.get('issuer')!r}; set auth to that.")
        address = str(found.get("jwks_uri"))
        # Lambda's Runtime API listens on this machine; an issuer elsewhere must not lead there.
        if urlsplit(address).scheme != urlsplit(self._issuer).scheme:
            raise ValueError(f"The issuer's keys must be at an https:// address; got {address!r}.")
        listed = self._fetch(address).get("keys")
        if not isinstance(listed, list):
            raise ValueError("The issuer's JWKS has no list of keys.")  # noqa: TRY004 (JSON)
        keys = {name: key for item in cast("list[Any]", listed) for name, key in _parse(item)}
        if not keys:
            raise ValueError(f"The issuer's JWKS has no key for {' or '.join(ALGORITHMS)}.")
        return keys


def _within(seconds: float, call: Callable[[], _T]) -> _T:
    """Return what a call returns, or raise what it raises.

    Raises:
        TimeoutError: it takes longer. It goes on in its thread, and its outcome is dropped.
    """
    outcomes: SimpleQueue[Callable[[], _T]] = SimpleQueue()

    def run() -> None:
        try:
            found = call()
        except Exception as error:  # noqa: BLE001 (raised again below)
            outcomes.put(partial(_raise, error))
        else:
            outcomes.put(lambda: found)

    threading.Thread(target=run, daemon=True).start()
    try:
        outcome = outcomes.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"The issuer's documents took longer than {seconds} s.") from None
    try:
        return outcome()
    finally:
        del outcome  # breaks a cycle: it has the error, whose traceback has this frame


def _raise(error: Exception) -> NoReturn:
    raise error


def fetch_json(url: str) -> dict[str, Any]:
    """Return the JSON object at a URL; redirects are not followed.

    Raises:
        ValueError: the URL is not HTTPS, or the answer is not a JSON object, too long, or not 200.
        OSError, HTTPException: the host does not answer, or not in HTTP, or has no certificate.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError(f"The issuer's documents must be at https:// addresses; got {url!r}.")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {"Accept": "application/json", "User-Agent": USER_AGENT}
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as response:
            body = response.read(MAX_BYTES + 1)
    finally:
        connection.close()
    if response.status != HTTPStatus.OK or len(body) > MAX_BYTES:
        raise ValueError(f"{url} answered {response.status} with {len(body)} bytes.")
    try:
        found: object = json.loads(body)
    except RecursionError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{url} is no JSON object.")  # noqa: TRY004 (JSON)
    return cast("dict[str, Any]", found)


def _parse(item: object) -> list[tuple[tuple[str, str], PyJWK]]:
    """Return a key of a JWKS by its name and algorithm; nothing if we have no use for it."""
    jwk = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
    type_ = str(jwk.get("kty"))
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(type_)
    if algorithm is None or jwk.get("alg", algorithm) != algorithm:
        return []
    if jwk.get("use", "sig") != "sig" or (type_ == "EC" and jwk.get("crv") != "P-256"):
        return []
    public = {name: jwk.get(name) for name in _FIELDS[type_]}
    try:
        key = PyJWK({"kty": type_, **public}, algorithm)
    except PyJWTError:
        return []
    if type_ == "RSA" and key.key.key_size < MIN_RSA_BITS:
        return []
    return [((str(jwk.get("kid", "")), algorithm), key)]
