"""What the end-to-end tests share: a folder of their own, a real mosquitto, and sluiced as a process.

Nothing sleeps: wait_until() looks at a condition again and again until its deadline, and says what it waited for.
"""
import argparse
import contextlib
import http.client
import json
import os
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mqtt_client import MqttClient

REPOSITORY = Path(__file__).resolve().parents[2]
GATEWAY = "test-gateway"
PATIENCE_S = 60


class Failure(Exception):
    """Something is not as promised; the text says what."""


class Skipped(Exception):
    """This machine cannot show it; the text says why."""


def check(condition, what):
    if not condition:
        raise Failure(what)


def wait_until(condition, what, timeout=PATIENCE_S, every=0.02):
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"waited {timeout} s in vain: {what}")
        select.select([], [], [], every)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def parser_of(description):
    parser = argparse.ArgumentParser(description=description)
    build = REPOSITORY / "build" / "dev"
    parser.add_argument("--build", type=Path, default=build, help="build folder with the programs")
    parser.add_argument("--sluiced", type=Path, help="instead of the one in the build folder")
    parser.add_argument("--sluicectl", type=Path)
    parser.add_argument("--drivers", type=Path, help="sluice-drivers")
    parser.add_argument("--mosquitto", default="mosquitto")
    parser.add_argument("--keep", action="store_true", help="do not delete the folder of the run")
    return parser


def build_command(build, target=""):
    """What makes a program that is missing."""
    preset = "dev" if build == REPOSITORY / "build" / "dev" else ""
    configure = f"cmake --preset {preset} && " if preset else ""
    return f"cd {REPOSITORY} && {configure}cmake --build {build}{' --target ' + target if target else ''}"


def add_preload(parser, library):
    parser.add_argument("--preload", type=Path, help=f"the library of {library}.cpp; otherwise that of the build folder")
    parser.add_argument("--no-preload", metavar="WHY", help="none can be preloaded: skip what needs it")


def preload_of(options, library):
    if options.no_preload:
        raise Skipped(options.no_preload)
    path = options.preload or options.build / f"tests/integration/lib{library}.so"
    check(path.is_file(), f"{path} is not there: {build_command(options.build, library)}")
    return path.resolve()


class Programs:
    def __init__(self, options):
        self.sluiced = options.sluiced or options.build / "daemon/app/sluiced"
        self.sluicectl = options.sluicectl or options.build / "daemon/ctl/sluicectl"
        self.drivers = options.drivers or options.build / "drivers/sluice-drivers"
        self.mosquitto = shutil.which(options.mosquitto) or shutil.which("mosquitto", path="/usr/sbin")
        for program in (self.sluiced, self.sluicectl):
            check(program.is_file(), f"{program} is not there; build it: {build_command(options.build)}; or give --build")
        check(self.mosquitto, "mosquitto is not installed: cross/install-deps.sh")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Gateway:
    """One folder with a broker and a gateway. `config` is the YAML below the sections written here."""

    def __init__(self, options, config, timezone="Europe/Berlin", store="flush: 500ms", mqtt="", clock="trust: always"):
        self.programs = Programs(options)
        self.keep = options.keep
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        self.config = self.folder / "sluice.yaml"
        self.state_dir = self.folder / "state"
        self.out_dir = self.state_dir / "out"
        self.runtime_dir = self.folder / "run"
        self.database = self.state_dir / "sluice.db"
        self.broker = None
        self.daemon = None
        self.timezone, self.store, self.mqtt, self.clock = timezone, store, mqtt, clock
        self.environment = {}  # of the daemon, beside our own
        self.prefix = []  # a program that runs the daemon
        self._clients = []
        for folder in (self.state_dir, self.runtime_dir):
            folder.mkdir()
        try:
            self._start_broker()
            self.configure(config)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind not in (None, Skipped):
            self.show_log()
        self.close()

    # Broker ---------------------------------------------------------------------------------------------------

    def _start_broker(self):
        for _ in range(5):  # the port may be taken by somebody else before mosquitto has it
            self.port = free_port()
            conf = self.folder / "mosquitto.conf"
            conf.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n"
                            "max_queued_messages 0\nmax_inflight_messages 100\nset_tcp_nodelay true\n"
                            "log_type error\nlog_type warning\n")
            if self.restart_broker():
                return
        raise Failure("mosquitto does not start; see " + str(self.folder / "mosquitto.log"))

    def restart_broker(self):
        """Runs it, new or again on the same port, without a memory of what was. False: it ended at once."""
        with open(self.folder / "mosquitto.log", "ab") as log:
            self.broker = subprocess.Popen([self.programs.mosquitto, "-c", self.folder / "mosquitto.conf"], stdout=log,
                                           stderr=log)
        return wait_until(self._broker_answers, "mosquitto listens", 20) == "listening"

    def _broker_answers(self):
        if self.broker.poll() is not None:
            return "ended"
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return "listening"
        return None

    def client(self, name, **arguments):
        client = MqttClient(self.port, f"test-{name}", **arguments)
        self._clients.append(client)
        return client

    # Daemon ---------------------------------------------------------------------------------------------------

    def configure(self, config):
        self.config.write_text(f"""\
gateway: {{ id: {GATEWAY}, timezone: {self.timezone}, state_dir: "{self.state_dir}", runtime_dir: "{self.runtime_dir}" }}
clock: {{ {self.clock} }}
api: {{ listen: "" }}
mqtt: {{ broker: "mqtt://127.0.0.1:{self.port}"{', ' + self.mqtt if self.mqtt else ''} }}
store: {{ {self.store} }}
{config}""")

    def spawn(self):
        """Starts the process and returns at once."""
        with open(self.folder / "sluiced.log", "ab") as log:
            self.daemon = subprocess.Popen([*self.prefix, self.programs.sluiced, "--config", self.config],
                                           stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           env={**os.environ, **self.environment})

    def start(self, timeout=PATIENCE_S):
        self.spawn()
        self.wait_ready(timeout)

    def wait_ready(self, timeout=PATIENCE_S):
        def ready():
            check(self.daemon.poll() is None, f"sluiced ended by itself with {self.daemon.returncode}")
            answer = self.get("/readyz")
            return answer is not None and answer[0] == 200
        wait_until(ready, "the gateway is ready", timeout)

    def kill(self):
        self.daemon.send_signal(signal.SIGKILL)
        self.daemon.wait()

    def stop(self, timeout=PATIENCE_S):
        self.daemon.send_signal(signal.SIGTERM)
        code = self.daemon.wait(timeout)
        check(code == 0, f"sluiced stopped with exit code {code}")

    def get(self, path, timeout=20, method="GET"):
        """(status, body) of a request on the socket; None while nobody answers."""
        connection = UnixConnection(self.runtime_dir / "api.sock", timeout)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def status(self):
        answer = self.get("/api/v1/status")
        check(answer is not None and answer[0] == 200, f"no status: {answer}")
        return json.loads(answer[1])

    def ctl(self, *arguments, config=None, timeout=600):
        return subprocess.run([self.programs.sluicectl, "--config", config or self.config, *arguments],
                              capture_output=True, text=True, timeout=timeout)

    def ctl_begin(self, *arguments):
        return subprocess.Popen([self.programs.sluicectl, "--config", self.config, *arguments],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def upload_now(self):
        done = self.ctl("upload", "--now")
        check(done.returncode == 0, f"upload --now: {done.stderr}")

    def audit(self, expected_exit=0, config=None):
        done = self.ctl("audit", "--json", config=config)
        check(done.returncode == expected_exit,
              f"audit ended with {done.returncode}, not {expected_exit}:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    # Database -------------------------------------------------------------------------------------------------

    def query(self, sql, *arguments):
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(sql, arguments).fetchall()

    def ledger(self):
        """Totals over all days."""
        return dict(self.query("SELECT counter, sum(value) FROM ledger GROUP BY counter"))

    def row_count(self):
        return self.query("SELECT row_count FROM cursor")[0][0] if self.database.exists() else 0

    def wait_rows(self, count, timeout=PATIENCE_S):
        wait_until(lambda: self.row_count() >= count, f"{count} rows are stored (there are {self.row_count()})",
                   timeout, every=0.1)

    # End ------------------------------------------------------------------------------------------------------

    def show_log(self, lines=40):
        for name in ("sluiced.log", "mosquitto.log"):
            path = self.folder / name
            if path.exists():
                tail = path.read_text(errors="replace").splitlines()[-lines:]
                print(f"-- the end of {name}:", *tail, sep="\n", file=sys.stderr)

    def close(self):
        for client in self._clients:
            client.close()
        for process in (self.daemon, self.broker):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
        if self.keep:
            print("kept:", self.folder, file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def memory_folder():
    """Where many small files are quick; None: there is too little room in memory, so they go to the usual place."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage("/dev/shm").free >= 1 << 30:
            return "/dev/shm"
    return None


def say_progress(done, of, what, every=50):
    """On stderr, so that who waits for minutes sees that it goes on."""
    if done % every == 0 and done < of:
        print(f"{what}: {done} of {of}", file=sys.stderr, flush=True)


def show_result(result, as_json):
    if as_json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:22} {value:>14}")


def _collect_reports(folder):
    """From now on each program that we start writes there what its sanitizer finds, also if it is killed later."""
    for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
        os.environ[name] = ":".join([*filter(None, [os.environ.get(name)]), f"log_path={folder}/report"])


def _exit_code(main):
    try:
        main()
    except Skipped as skipped:
        print(f"skipped: {skipped}")
        return 77
    except (Failure, TimeoutError, ConnectionError) as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    return 0


def run(main):
    """Exit code 0: all as promised; 1: not, or a sanitizer found something, and said so; 77: it could not be tried here.
    SIGTERM cleans up as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="sluice-reports-") as folder:
        _collect_reports(folder)
        code = _exit_code(main)
        for report in sorted(Path(folder).iterdir()):
            print(f"FAILED: a sanitizer reports\n{report.read_text(errors='replace')}", file=sys.stderr)
            code = 1
    sys.exit(code)
