"""An OpenID Connect issuer on this machine. joserfc signs its tokens; the signer has PyJWT."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

AUDIENCE = "photos"


class Issuer:
    """Serves its configuration and its keys; ``documents`` may be changed, ``asked`` counts.

    ``stop`` closes the port and ``start`` opens it again, at the same address.
    """

    def __init__(self) -> None:
        self.keys = {"rsa-1": RSAKey.generate_key(2048), "ec-1": ECKey.generate_key("P-256")}
        self.asked: list[str] = []
        self.documents: dict[str, Any] = {}
        self._port = 0
        self.start()
        self.url = f"http://127.0.0.1:{self._port}"
        self.publish()

    def publish(self) -> None:
        """Put the keys that there are into the documents."""
        listed = [
            {**key.as_dict(private=False), "kid": kid, "use": "sig"}
            for kid, key in self.keys.items()
        ]
        configuration = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self.documents = {
            "/.well-known/openid-configuration": configuration,
            "/keys": {"keys": listed},
        }

    def rotate(self) -> None:
        """Replace the RSA key by a new one of another name."""
        self.keys = {"rsa-2": RSAKey.generate_key(2048), "ec-1": self.keys["ec-1"]}
        self.publish()

    def token(self, kid: str | None = "rsa-1", *, key: Any = None, **claims: Any) -> str:
        """Return a good token for ``alice``, or one with other claims; None leaves one out."""
        now = int(time.time())
        given = {"iss": self.url, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + 300}
        claims = {name: value for name, value in {**given, **claims}.items() if value is not None}
        key = key or self.keys[kid or "rsa-1"]
        header = {"alg": "RS256" if isinstance(key, RSAKey) else "ES256"}
        return jwt.encode(header | ({"kid": kid} if kid else {}), claims, key)

    def forged(self, algorithm: str, kid: str = "rsa-1", secret: bytes = b"") -> str:
        """Return a token that any stranger can make: unsigned, or signed with a public key."""
        claims = self.token().split(".")[1]
        header = _encode(json.dumps({"alg": algorithm, "kid": kid}).encode())
        signature = b""
        if secret:
            signature = hmac.digest(secret, f"{header}.{claims}".encode(), hashlib.sha256)
        return f"{header}.{claims}.{_encode(signature)}"

    def public_pem(self, kid: str = "rsa-1") -> bytes:
        return self.keys[kid].as_pem(private=False)

    def start(self) -> None:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked.append(self.path)
                found = issuer.documents.get(self.path)
                body = found if isinstance(found, bytes) else json.dumps(found).encode()
                self.send_response(404 if found is None else 200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self.server.server_port
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
