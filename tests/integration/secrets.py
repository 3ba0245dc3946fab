#!/usr/bin/env python3
"""No secret leaves the place it was put: planted ones are looked for in everything that the programs write.

A gateway with an MQTT password and an upload token meets a receiver that repeats the token and a
crash. Then configurations with secrets where none belong are refused without repeating them.
"""
import http.server
import os
import signal
import threading
import time

import gateway

PASSWORD, TOKEN, STRAY = "planted-mqtt-passw0rd", "planted-upl0ad-token", "planted-in-the-configurati0n"


class Repeater(http.server.BaseHTTPRequestHandler):
    """Answers 401 with the token in body and headers, and keeps what it was sent."""
    tokens = []

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        token = self.headers["Authorization"]
        self.tokens.append(token)
        body = f"not accepted: {token}\n".encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("WWW-Authenticate", token)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def secret_file(lab, name, text):
    path = lab.folder / name
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


def check_clean(where, text):
    text = text if isinstance(text, bytes) else text.encode()
    for secret in (PASSWORD, TOKEN, STRAY):
        gateway.check(secret.encode() not in text, f"{where} has the secret {secret}")


def check_programs(lab):
    for arguments in (["check"], ["check", "--verbose"], ["status"], ["status", "--json"], ["upload", "status"],
                      ["upload", "status", "--json"], ["upload", "discard"], ["audit"]):
        done = lab.ctl(*arguments)
        check_clean("sluicectl " + " ".join(arguments), done.stdout + done.stderr)


def check_gateway(lab):
    # Yesterday, so that there is a day to sum and to upload.
    client = lab.client("publisher")
    yesterday_ms = int((time.time() - 86400) * 1000)
    client.publish_all([("a/b", f'{{"v":1,"t":{yesterday_ms}}}')])
    lab.wait_rows(1)
    lab.upload_now()
    gateway.wait_until(lambda: lab.query("SELECT count(*) FROM uploads WHERE state = 'parked'")[0][0],
                       "the receiver has refused an upload")
    gateway.check(f"Bearer {TOKEN}" in Repeater.tokens, f"the receiver was sent {Repeater.tokens}")
    note = lab.query("SELECT note FROM uploads WHERE state = 'parked'")[0][0]
    gateway.check(note == "HTTP 401: not accepted: Bearer ***", f"the note is {note}")
    for path in ("/api/v1/status", "/api/v1/upload", "/metrics", "/healthz"):
        check_clean(path, lab.get(path)[1])
    check_programs(lab)
    lab.daemon.send_signal(signal.SIGABRT)  # a crash says no more
    lab.daemon.wait()
    check_programs(lab)
    for folder, _, files in os.walk(lab.folder):
        for name in files:
            if not name.endswith((".secret", ".yaml")) and os.path.isfile(os.path.join(folder, name)):
                with open(os.path.join(folder, name), "rb") as file:
                    check_clean(name, file.read())


def check_refused(lab, readings):
    sink = '  to: [{ name: c, type: http, '
    for section in (f'mqtt: {{ broker: "mqtt://me:{STRAY}@127.0.0.1" }}\n',
                    f'upload:\n{sink}url: "https://me:{STRAY}@h/{{date}}" }}]\n',
                    f'upload:\n{sink}url: "https://h:{STRAY}/{{date}}" }}]\n',
                    f'upload:\n{sink}url: "https://h/{{date}}", headers: {{ Authorization: {STRAY} }} }}]\n'):
        config = lab.folder / "wrong.yaml"
        config.write_text(section + readings)
        done = lab.ctl("check", "--verbose", config=config)
        gateway.check(done.returncode == 4, f"{section} is not refused: {done.stdout}")
        check_clean("the error", done.stdout + done.stderr)
    config.write_text(f'upload:\n{sink}url: "https://h/{{date}}?key={STRAY}", headers: {{ X-Key: {STRAY} }} }}]\n' + readings)
    done = lab.ctl("check", "--verbose", config=config)
    gateway.check(done.returncode == 0, done.stderr)
    check_clean("check --verbose", done.stdout + done.stderr)


def main():
    options = gateway.parser_of(__doc__).parse_args()
    readings = 'readings:\n  - { topic: "a/+", value: /v, time: /t }\n'
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Repeater)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    port = receiver.server_address[1]
    with gateway.Gateway(options, readings, store="flush: 100ms") as lab:
        check_refused(lab, readings)
        password = secret_file(lab, "mqtt.secret", PASSWORD)
        token = secret_file(lab, "token.secret", TOKEN)
        lab.mqtt = f'username: me, password_file: "{password}"'
        lab.configure(readings + "log: { level: debug }\nupload:\n  to:\n    - { name: cloud, type: http, "
                      f'url: "http://127.0.0.1:{port}/{{date}}", token_file: "{token}" }}\n')
        lab.start()
        check_gateway(lab)
    receiver.shutdown()
    print("no planted secret was found")


if __name__ == "__main__":
    gateway.run(main)
