#!/usr/bin/env python3
"""The house rules, as a test: who may include whom, where each library lives, and what is not written at all.

    tidy.py ROOT          prints each violation as file:line: what is wrong; exit code 1 if there is any
    tidy.py --self-test   plants one violation of each rule and checks that it is found
"""
import os
import re
import subprocess
import sys
import tempfile

LINES_MAX = 420

# Which folders of daemon/ a folder may include besides itself (DESIGN: base <- model <- stages; siblings never).
EVERYTHING = None
ARROWS = {
    "base": set(),
    "model": {"base"},
    "intake": {"base", "model"},
    "decode": {"base", "model"},
    "alert": {"base", "model"},
    "engine": {"base", "model", "decode", "alert"},
    "summary": {"base", "model"},
    "upload": {"base", "model"},
    "store": {"base", "model"},
    "io": {"base", "model"},
    "api": {"base", "model"},
    "config": {"base", "model"},
    "app": EVERYTHING,
    "ctl": EVERYTHING,
}
# The interfaces that a stage declares and another folder implements, and the settings that config/ fills.
INTERFACES = {
    "store": {"summary/day_table.h", "upload/outbox.h"},
    "io": {"alert/channel.h", "alert/program_runner.h", "alert/sender.h", "intake/broker_link.h", "upload/sink.h"},
    "config": {
        "alert/rule.h", "decode/decoder.h", "decode/expression.h", "decode/name_template.h",
        "decode/sensor_profile.h", "decode/topic_filter.h",
        "intake/broker_link.h", "intake/clock_trust.h", "intake/journal.h", "intake/session.h", "store/store.h",
        "summary/summariser.h", "upload/sink.h", "upload/uploader.h", "upload/url_template.h",
    },
}
SETTINGS_HEADER = re.compile(r"^[a-z]+/[a-z_]*settings\.h$")

GENERATED = {"version.h"}  # by CMake, for everybody

# Where a library may be included: a pattern of the header, and of the files that are its home.
LIBRARIES = [
    (r"MQTT\w+\.h|mqtt/.*", r"daemon/io/.*|drivers/mqtt_output\.cpp"),
    (r"curl/.*", r"daemon/io/.*"),
    (r"systemd/.*", r"daemon/io/.*"),
    (r"sqlite3\.h", r"daemon/store/sqlite\w*\.(h|cpp)"),
    (r"yaml-cpp/.*", r"daemon/config/.*\.cpp|drivers/config_section\.cpp"),
    (r"spdlog/.*", r"daemon/base/log\.cpp"),
    (r"microhttpd\.h", r"daemon/api/http_server\.cpp"),
    (r"prometheus/.*", r"daemon/api/.*\.cpp"),
    (r"simdjson\.h", r"daemon/decode/.*\.cpp"),
    (r"date/.*", r"daemon/base/.*\.cpp"),
    (r"openssl/.*", r"daemon/base/.*\.cpp"),
    (r"zlib\.h", r"daemon/(upload/gzip|intake/journal_format)\.cpp|drivers/replay/csv_reader\.cpp"),
    (r"CLI/.*", r"daemon/app/options\.cpp|daemon/ctl/.*\.cpp|drivers/main\.cpp"),
    (r"nlohmann/.*", r".*\.cpp"),
]

TOP_LEVEL = {
    "CMakeLists.txt", "CMakePresets.json", "CONTRIBUTING.md", "LICENSE", "README.md", "config", "cross", "daemon",
    "drivers", "systemd", "tests",
}
FORBIDDEN_NAMES = re.compile(r"^(utils?|helpers?|common|misc|types)$")

# Spelt in pieces, so that this file does not contain them.
WORDS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
MACHINE_PATHS = re.compile(r"(?<![\w./])/(root|work|home/\w+)/\w")

# (name, files it holds for, files that are excepted, pattern in code without comments, what to do)
CODE_RULES = [
    (r"tests/.*\.(cpp|h)|daemon/.*\.h", r"$.", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b",
     "wait for the condition or own the clock; nothing sleeps to wait"),
    (r"tests/.*\.(cpp|h)", r"$.", r"\bGTEST_SKIP\b", "a test that cannot run is a failure, not a skip"),
    (r"tests/.*\.(cpp|h)", r"tests/support/temp_folder\.cpp", r"\bmkdtemp\b", "take a TempFolder (tests/support/temp_folder.h)"),
    (r"(daemon|drivers)/.*\.(cpp|h)", r"daemon/app/runtime\.cpp", r"\bstd::j?thread\b(?!::)|\bstd::async\b|\bpthread_create\b",
     "threads are created in daemon/app/runtime.cpp only"),
    (r"(daemon|drivers)/.*\.(cpp|h)", r"daemon/io/.*|drivers/program\.cpp", r"\b(system|steady)_clock::now\b|\bclock_gettime\b|\bgettimeofday\b",
     "the time comes from a Clock"),
    (r"(daemon|drivers)/.*\.(cpp|h)", r"$.", r"\bshared_ptr\s*<", "one owner: use unique_ptr or a reference"),
    (r".*\.(cpp|h)", r"$.", r"^\s*using namespace std\b", "name what is used"),
]
# spdlog and Paho hand out shared pointers themselves.
SHARED_PTR_HOMES = re.compile(r"daemon/base/log\.cpp|daemon/io/.*\.cpp")

TEXT_FILES = re.compile(r".*\.(cpp|h|py|sh|md|txt|cmake|yaml|yml|json|sql|in|service|conf)$")
RAW_DATA = re.compile(r"tests/(fuzz/corpus|golden)/")  # inputs, broken ones too
CODE_FILES = re.compile(r".*\.(cpp|h)$")
SIZED_FILES = re.compile(r".*\.(cpp|h|py|sh)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def list_files(root):
    """What git tracks or would track; without git, everything but build folders."""
    try:
        output = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
                                check=True, capture_output=True).stdout.decode()
        return sorted(name for name in output.split("\0") if name and os.path.isfile(os.path.join(root, name)))
    except (OSError, subprocess.CalledProcessError):
        pass
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith("build") and name not in (".git", ".cache", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return sorted(found)


def check_include(path, quote, header):
    """What is wrong with this include, or None."""
    if quote == "<":
        for pattern, homes in LIBRARIES:
            if re.fullmatch(pattern, header) and not path.startswith("tests/") and not re.fullmatch(homes, path):
                return f"<{header}> is included in its home only ({homes})"
        return None
    parts = path.split("/")
    folder = header.split("/")[0]
    if parts[0] == "drivers":
        if folder in ("drivers", "base"):
            return None
        return f'drivers may include "drivers/…" and "base/…", not "{header}"'
    if parts[0] != "daemon" or len(parts) < 3 or header in GENERATED:
        return None
    here = parts[1]
    if here not in ARROWS:
        return f"the folder daemon/{here} has no place in the data flow"
    if folder not in ARROWS:
        return f'"{header}" does not begin with a folder of daemon/'
    if ARROWS[here] is EVERYTHING or folder == here or folder in ARROWS[here] or header in INTERFACES.get(here, ()):
        return None
    if here == "config" and SETTINGS_HEADER.match(header):
        return None
    return f'{here}/ must not include "{header}"; it may include {", ".join(sorted(ARROWS[here])) or "nothing"}'


def check_code_line(path, code):
    for files, excepted, pattern, advice in CODE_RULES:
        if not re.fullmatch(files, path) or re.fullmatch(excepted, path):
            continue
        found = re.search(pattern, code)
        if found and not ("shared_ptr" in found.group() and SHARED_PTR_HOMES.fullmatch(path)):
            yield f"'{found.group().strip()}': {advice}"


def check_file(root, path):
    """Yields (line, what is wrong)."""
    stem = os.path.splitext(os.path.basename(path))[0]
    if CODE_FILES.fullmatch(path) and FORBIDDEN_NAMES.match(stem):
        yield 1, f"'{stem}' says nothing about what is inside; name the concept"
    if RAW_DATA.match(path):
        return
    if not TEXT_FILES.fullmatch(path) and "." in os.path.basename(path)[1:]:
        return
    try:
        with open(os.path.join(root, path), encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except UnicodeDecodeError:
        if TEXT_FILES.fullmatch(path):
            yield 1, "is not UTF-8"
        return
    if SIZED_FILES.fullmatch(path) and len(lines) > LINES_MAX:
        yield LINES_MAX + 1, f"the file has {len(lines)} lines; past {LINES_MAX} it is two"
    if lines and lines[0].startswith("#!") and not os.access(os.path.join(root, path), os.X_OK):
        yield 1, "is a program and cannot be run: chmod +x"
    if path.endswith(".h"):
        if not lines or not lines[0].startswith("//"):
            yield 1, "a header opens with a comment: what it is for, who owns it, which thread"
        if not any(line == "#pragma once" for line in lines[:20]):
            yield 1, "a header has '#pragma once' after its opening comment"
    for number, line in enumerate(lines, 1):
        for word in WORDS.findall(line):
            yield number, f"'{word}': finish it or leave it out"
        if MACHINE_PATHS.search(line):
            yield number, "a path of one machine"
        if not CODE_FILES.fullmatch(path):
            continue
        include = INCLUDE.match(line)
        if include:
            problem = check_include(path, *include.groups())
            if problem:
                yield number, problem
        for problem in check_code_line(path, line.split("//")[0]):
            yield number, problem


def violations(root):
    files = list_files(root)
    for name in sorted({path.split("/")[0] for path in files}):
        if not name.startswith(".") and name not in TOP_LEVEL:
            yield f"{name}:1: the top level holds only {', '.join(sorted(TOP_LEVEL))} and dot files"
    for path in files:
        for number, problem in check_file(root, path):
            yield f"{path}:{number}: {problem}"


HEADER = "// A good header.\n#pragma once\n"
PLANTED = [  # file, text, the line that must be named; None: fine
    ("daemon/base/good.h", HEADER, None),
    ("daemon/engine/good.cpp", '#include "engine/engine.h"\n#include "decode/decoder.h"\n#include <vector>\n', None),
    ("daemon/store/good.cpp", '#include "upload/outbox.h"\n', None),
    ("daemon/config/good.cpp", '#include "api/api_settings.h"\n#include <yaml-cpp/yaml.h>\n', None),
    ("daemon/app/good.cpp", '#include "store/store.h"\n// std::thread is only named here\n', None),
    ("tests/unit/base/good_test.cpp", '#include <sqlite3.h>\nstd::thread other;\n', None),
    ("daemon/base/up.cpp", '\n#include "model/reading.h"\n', 2),
    ("daemon/decode/sibling.cpp", '#include "alert/rule.h"\n', 1),
    ("daemon/store/wide.cpp", '#include "upload/uploader.h"\n', 1),
    ("daemon/alert/config.cpp", '#include "config/settings.h"\n', 1),
    ("daemon/upload/near.cpp", '#include "outbox.h"\n', 1),
    ("daemon/new/place.cpp", '#include "base/result.h"\n', 1),
    ("drivers/replay/far.cpp", '#include "store/store.h"\n', 1),
    ("daemon/engine/sql.cpp", "#include <sqlite3.h>\n", 1),
    ("daemon/intake/paho.cpp", "#include <mqtt/async_client.h>\n", 1),
    ("daemon/model/json.h", HEADER + "#include <nlohmann/json.hpp>\n", 3),
    ("daemon/engine/thread.cpp", "\nstd::thread thread;\n", 2),
    ("daemon/store/now.cpp", "auto t = std::chrono::system_clock::now();\n", 1),
    ("daemon/store/shared.cpp", "std::shared_ptr<int> p;\n", 1),
    ("tests/unit/base/sleepy_test.cpp", "\n\nstd::this_thread::sleep_for(1s);\n", 3),
    ("tests/unit/base/skip_test.cpp", "GTEST_SKIP();\n", 1),
    ("tests/unit/base/folder_test.cpp", "mkdtemp(name);\n", 1),
    ("daemon/base/bare.h", "#pragma once\n", 1),
    ("daemon/base/unguarded.h", "// Opens well.\n", 1),
    ("daemon/base/later.cpp", "\n// TO" + "DO: later\n", 2),
    ("daemon/base/machine.md", "see /ro" + "ot/notes\n", 1),
    ("daemon/base/long.cpp", "\n" * (LINES_MAX + 1), LINES_MAX + 1),
    ("daemon/base/utils.cpp", "\n", 1),
    ("tests/bench/program.py", "#!/usr/bin/env python3\n", 1),
    ("extras/readme.md", "\n", 1),
]


def self_test():
    with tempfile.TemporaryDirectory() as root:
        for path, text, _ in PLANTED:
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as stream:
                stream.write(text)
        found = list(violations(root))
    expected = {f"{'extras' if path.startswith('extras') else path}:{line}" for path, _, line in PLANTED if line}
    seen = {violation.split(": ")[0] for violation in found}
    for missing in sorted(expected - seen):
        print(f"self-test: the violation planted at {missing} was not found")
    for extra in sorted(seen - expected):
        print(f"self-test: nothing is wrong at {extra}")
    return 0 if expected == seen and len(found) == len(expected) else 1


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    found = list(violations(arguments[0]))
    for violation in found:
        print(violation)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
