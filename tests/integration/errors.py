#!/usr/bin/env python3
"""Bad input gets a clear answer and changes nothing.

A wrong configuration is refused with exit code 4 and FILE:LINE:COLUMN on standard error. A bad payload is counted
by its reason, and the good reading behind it is stored.
"""
import re
import subprocess

import gateway

READINGS = """\
readings:
  - { topic: "json/+", value: /v }
  - { topic: "number/+", format: number }
log: { level: warning }
"""

# What is wrong, the configuration, line and column of the fault, a word that the message has.
CONFIGURATIONS = [
    ("a misspelt key", 'readings:\n  - topic: "a/+"\nstore:\n  flsh: 5s\n', 4, 3, '"flush"'),
    ("a misspelt section", 'readings:\n  - topic: "a/+"\nalerrts: []\n', 3, 1, '"alerts"'),
    ("a wrong type", 'readings:\n  - topic: "a/+"\nstore: { flush_rows: many }\n', 3, 22, "flush_rows"),
    ("a list that is none", 'readings: 5\n', 1, 11, "readings"),
    ("a bad zone", 'gateway: { timezone: Europe/Atlantis }\nreadings:\n  - topic: "a/+"\n', 1, 22, "Europe/Atlantis"),
    ("a rule with two conditions",
     'readings:\n  - topic: "a/+"\nalerts:\n  - { name: hot, sensor: "a/+", above: 5, below: 3 }\n', 4, None, "below"),
    ("a rule without a condition", 'readings:\n  - topic: "a/+"\nalerts:\n  - { name: hot, sensor: "a/+" }\n',
     4, None, "above"),
    ("an unreadable password file",
     'readings:\n  - topic: "a/+"\nmqtt:\n  username: me\n  password_file: FOLDER/absent\n', 5, 18, "absent"),
    ("broken YAML", 'readings:\n  - { topic: "a/+"\n', None, None, ""),
    ("nothing to read", 'log: { level: info }\n', None, None, "readings"),
]

MIB = 1 << 20
# What is wrong, topic, payload, the counter that tells.
PAYLOADS = [
    ("malformed JSON", "json/s", b'{"v":', "messages_rejected/malformed"),
    ("two documents", "json/s", b'{"v":1}{"v":2}', "messages_rejected/malformed"),
    ("NaN in JSON", "json/s", b'{"v":NaN}', "messages_rejected/malformed"),
    ("text that is no JSON", "json/s", b"hello", "messages_rejected/malformed"),
    ("text that is no number", "number/s", b"hello", "messages_rejected/malformed"),
    ("NaN as a number", "number/s", b"NaN", "readings_rejected/not_a_number"),
    ("a string for a value", "json/s", b'{"v":"warm"}', "readings_rejected/not_a_number"),
    ("an object for a value", "json/s", b'{"v":{"w":1}}', "readings_rejected/not_a_number"),
    ("an array for a value", "json/s", b'{"v":[1]}', "readings_rejected/not_a_number"),
    ("null for a value", "json/s", b'{"v":null}', "readings_rejected/not_a_number"),
    ("no value", "json/s", b'{"w":1}', "messages_rejected/no_reading"),
    ("an array for a document", "json/s", b"[1,2]", "messages_rejected/no_reading"),
    ("a huge number", "json/s", b'{"v":1e999}', "readings_rejected/out_of_range"),
    ("a huge integer", "json/s", b'{"v":1' + b"0" * 400 + b"}", "readings_rejected/out_of_range"),
    ("a huge bare number", "number/s", b"-1e400", "readings_rejected/out_of_range"),
    ("infinity", "number/s", b"inf", "readings_rejected/out_of_range"),
    ("an empty payload", "json/s", b"", "messages_rejected/empty"),
    ("an empty number", "number/s", b" \n", "messages_rejected/empty"),
    ("1 MiB", "json/s", b'{"v":1,"x":"' + b"x" * (MIB - 14) + b'"}', "messages_rejected/too_large"),
    ("1 MiB of a number", "number/s", b"1" * MIB, "messages_rejected/too_large"),
    ("invalid UTF-8", "json/s", b'{"v":1,"x":"\xff\xfe"}', "messages_rejected/bad_utf8"),
    ("invalid UTF-8 alone", "number/s", b"\xc3\x28", "messages_rejected/bad_utf8"),
    ("deep nesting", "json/s", b'{"v":' + b"[" * 20000 + b"]" * 20000 + b"}", "messages_rejected/too_deep"),
]


def check_configurations(lab):
    path = lab.folder / "wrong.yaml"
    wrong = []
    for what, text, line, column, word in CONFIGURATIONS:
        text = text.replace("FOLDER", str(lab.folder))
        path.write_text(text)
        done = subprocess.run([lab.programs.sluiced, "--config", path], capture_output=True, text=True, timeout=60)
        place = re.search(rf"^{re.escape(str(path))}:(\d+):(\d+): ", done.stderr, re.M)
        if done.returncode != 4:
            wrong.append(f"{what}: exit code {done.returncode}")
        elif not place:
            wrong.append(f"{what}: no FILE:LINE:COLUMN in: {done.stderr}")
        elif (line or int(place[1]), column or int(place[2])) != (int(place[1]), int(place[2])):
            wrong.append(f"{what}: expected at {line}:{column}, found {done.stderr}")
        elif word not in done.stderr:
            wrong.append(f"{what}: nothing about {word} in: {done.stderr}")
    gateway.check(not wrong, "\n".join(wrong))


def check_warnings(lab):
    """What can hardly be meant does not keep the gateway from starting; the log and `check` tell of it."""
    (lab.folder / "file").write_text("no folder")
    lab.configure(READINGS + 'alerts: [ { name: hot, sensor: "jsn/+", above: 5 } ]\n'
                  f"upload: {{ to: [ {{ name: a, type: file, path: {lab.folder}/file/out }} ] }}\n")
    checked = lab.ctl("check")
    lab.start()
    log = lab.folder / "sluiced.log"
    for part in ('did you mean "json/+"?', f"ReadWritePaths={lab.folder}/file/out"):
        gateway.check(checked.returncode == 0 and part in checked.stderr, f"no {part} in {checked}")
        gateway.wait_until(lambda: part in log.read_text(), f"{part} in the log")
    lab.stop()


def differences(before, after):
    return {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}


def check_payloads(lab, client):
    """After each bad message a good one; its row tells that the bad one has been dealt with."""
    wrong = []
    for number, (what, topic, payload, counter) in enumerate(PAYLOADS):
        before = lab.ledger()
        rows = lab.row_count()
        client.publish_all([(topic, payload), ("json/good", f'{{"v":{number}}}')])
        lab.wait_rows(rows + 1)
        found = differences(before, lab.ledger())
        expected = {"messages_received": 2, "messages_decoded": 1, "readings_decoded": 1, "readings_stored": 1,
                    counter: 1}
        if counter.startswith("readings_"):
            expected.update(messages_decoded=2, readings_decoded=2)
        if found != expected:
            wrong.append(f"{what}: counted {found}, expected {expected}")
    gateway.check(not wrong, "\n".join(wrong))
    values = [value for (value,) in lab.query("SELECT value FROM readings WHERE sensor = 'json/good'")]
    gateway.check(values == [float(number) for number in range(len(PAYLOADS))], f"stored are {values}")
    samples = lab.query("SELECT count(*) FROM quarantine")[0][0]
    gateway.check(samples > 0, "quarantine has no sample")


def check_unknown_topic(lab, client):
    """What the broker kept under a filter that the configuration has no more comes before we can leave it."""
    lab.configure(READINGS.replace("readings:\n", 'readings:\n  - { topic: "former/+", value: /v }\n'))
    lab.start()
    lab.stop()
    before, rows = lab.ledger(), lab.row_count()
    client.publish_all([("former/s", b'{"v":1}'), ("json/good", '{"v":-1}')])
    lab.configure(READINGS)
    lab.start()
    lab.wait_rows(rows + 1)
    found = differences(before, lab.ledger())
    expected = {"messages_received": 2, "messages_decoded": 1, "readings_decoded": 1, "readings_stored": 1,
                "messages_ignored": 1}
    gateway.check(all(found.get(name) == count for name, count in expected.items()),
                  f"an unknown topic: counted {found}, expected {expected}")


def main():
    options = gateway.parser_of(__doc__).parse_args()
    with gateway.Gateway(options, READINGS, store="flush: 100ms") as lab:
        check_configurations(lab)
        check_warnings(lab)
        lab.configure(READINGS)
        lab.start()
        client = lab.client("publisher")
        check_payloads(lab, client)
        lab.stop()
        check_unknown_topic(lab, client)
        lab.stop()
        lab.audit()
    print(f"{len(CONFIGURATIONS)} configurations refused, {len(PAYLOADS) + 1} messages counted")


if __name__ == "__main__":
    gateway.run(main)
