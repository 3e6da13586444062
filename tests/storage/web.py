"""A web server on this machine, which can be told to send parts or not, to break off, and to say what it says."""

import contextlib
import hashlib
import http.server
import threading
from collections.abc import Iterator


class Web(http.server.ThreadingHTTPServer):
    """A server of one file.

    Attributes:
        content: of the file.
        sends_parts: whether it heeds `Range`.
        tells_version: whether it sends an `ETag`.
        breaks_after: bytes of each answer after which it closes the connection; None for never.
        headers: that it sends besides.
        asked: the `Range` of every request; None where there was none.
    """

    daemon_threads = True

    def __init__(self, content: bytes):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.sends_parts, self.tells_version = content, True, True
        self.breaks_after: int | None = None
        self.headers: dict[str, str] = {}
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        """Of its file."""
        return f"http://127.0.0.1:{self.server_port}/file.npy"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        web, asked = self.server, self.headers["Range"]
        web.asked.append(asked)
        tag = f'"{hashlib.md5(web.content).hexdigest()}"' if web.tells_version else None
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        is_part = bool(asked) and web.sends_parts and self.headers["If-Range"] == tag
        content = web.content[start:] if is_part else web.content
        self.send_response(206 if is_part else 200)
        headers = {"Content-Length": str(len(content)), **({"ETag": tag} if tag else {}), **web.headers}
        if is_part:
            headers["Content-Range"] = f"bytes {start}-{len(web.content) - 1}/{len(web.content)}"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: web.breaks_after])

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def serving(content: bytes) -> Iterator[Web]:
    """A server, as long as it is needed."""
    with Web(content) as web:
        thread = threading.Thread(target=lambda: web.serve_forever(0.01))
        thread.start()
        try:
            yield web
        finally:
            web.shutdown()
            thread.join()
