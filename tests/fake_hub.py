"""The Hugging Face hub, played by a server on this machine."""

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator

COMMIT = "0" * 40


class Hub(http.server.BaseHTTPRequestHandler):
    files = ("model.safetensors", "config.json", "tokenizer.json")
    configs: dict[str, bytes] = {}  # of the models that have one, by name
    asked: list[tuple[str, str, str | None]] = []  # method, path, token
    agents: list[str] = []  # what the client calls itself

    def do_GET(self):
        name, error, status = self.path.split("?")[0], "", 200
        self.asked.append((self.command, name, self.headers.get("Authorization")))
        self.agents.append(self.headers.get("User-Agent", ""))
        if "/someone/unknown" in name:
            status, error = 401, "RepoNotFound"
        elif "/someone/gated" in name:
            status, error = 403, "GatedRepo"
        elif name.endswith("/revision/step9"):
            status, error = 404, "RevisionNotFound"
        elif "/someone/ill" in name:
            status = 503
        elif "/someone/busy" in name:
            status = 429
        elif "/resolve/" in name and name.split("/resolve/")[0].strip("/") not in self.configs:
            status, error = 404, "EntryNotFound"
        files = ("pytorch_model.bin",) if "/someone/pickles" in name else self.files
        body = json.dumps({"id": "a/b", "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}).encode()
        if "/resolve/" in name and status == 200:
            body = self.configs[name.split("/resolve/")[0].strip("/")]
        self.send_response(status)
        if error:
            self.send_header("X-Error-Code", error)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{abs(hash(body)):x}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The address of the hub, as long as the `with` statement lasts."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
