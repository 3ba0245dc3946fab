"""Other sides that tests tell alerts to: a web server that answers as it is told, and one that never does."""
import http.server
import json
import socket
import threading


class Receiver:
    """Keeps every JSON body it is sent; `status` is what it answers."""

    def __init__(self):
        self.status, self.bodies, self.headers = 200, [], []
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.headers.append(dict(self.headers))
                receiver.bodies.append(json.loads(body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def told(self, sensor, state):
        return [body for body in list(self.bodies) if (body["sensor"], body["state"]) == (sensor, state)]


class Silent:
    """Takes connections and never answers."""

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/hook"
        return self

    def __exit__(self, *_):
        self._socket.close()
