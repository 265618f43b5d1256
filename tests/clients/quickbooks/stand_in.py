"""Access to the stand-in that infra/scripts/quickbooks-clients started: its credentials and its controls."""

import json
import os
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread

# oauthlib refuses http:// without this setting, which its documentation names for tests.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

READY = json.loads(os.environ["QUICKBOOKS_READY"])
URL = READY["url"]
REALM = READY["realm_id"]


def control(method, path, body=None):
    """Sends a request to a control and returns its JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/stand-in/{path}", data=data, method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def start_over(**switches):
    """Returns to the demo company, with limits off unless a test switches them on."""
    control("POST", "reset")
    control("PUT", "switches", {"throttling": False, **switches})


def fault(action, **match):
    """Orders a fault for the next matching call."""
    control("POST", "faults", {"match": match, "do": action})


class Receiver:
    """A webhook endpoint that keeps the signature and the body of each delivery."""

    def __init__(self):
        self.deliveries = Queue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.put((self.headers["intuit-signature"], body.decode()))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhook"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
