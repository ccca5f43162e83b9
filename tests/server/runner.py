# SPDX-License-Identifier: MIT
"""Runs suites of unittest modules: test classes side by side, each in a process of its own, so that none waits for
another, and once for each server program. A class has its own servers, ports and folders. What it prints is shown whole
when it is done; at the end there is for each suite the line the other suites end with."""
import argparse
import concurrent.futures
import contextlib
import faulthandler
import gc
import glob
import importlib
import itertools
import json
import os
import signal
import sys
import tempfile
import time
import traceback
import unittest

from lib import kinds, program
from lib.workers import Pool

SUITES = {
    "server": ["test_convert", "test_aofdir", "test_rewrite", "test_generated", "test_inspect", "test_diff",
               "test_jsonl", "test_verify", "test_digest", "test_faults", "test_log_commands", "test_evaluate"],
    "corpus": ["test_model", "test_corpus", "test_down", "test_verify_corpus"],
    "live": ["test_live"],
    "container": ["test_container", "test_kubernetes"],
    "guides": ["test_guides"],
    "source": ["test_source", "test_follow", "test_scan"],
    "split": ["test_topology", "test_split", "test_split_output", "test_rules", "test_choose", "test_collide"],
    "replay": ["test_dry_run", "test_replay", "test_replay_failures", "test_replay_once", "test_replay_recovery", "test_replay_resume",
               "test_replay_sentinel", "test_replay_cluster", "test_replay_moves", "test_replay_commands",
               "test_replay_jobs", "test_replay_poor", "test_replay_waiting", "test_replay_since", "test_replay_log",
               "test_follow_replay", "test_follow_cluster", "test_follow_failover", "test_import_mode", "test_ends", "test_cutover"],
}

# The classes that take longest, in the order in which they start; the others follow.
SLOW = (
    "test_down.Generated",
    "test_live.Standalone",
    "test_guides.Reshard",
    "test_replay_sentinel.Trouble",
    "test_split_output.AllOrNothing",
    "test_replay.Existing",
    "test_replay.EmptyTarget",
    "test_replay_cluster.Standing",
    "test_replay_cluster.Disturbed",
    "test_follow_cluster.FromCluster",
    "test_follow_failover.IntoChangingCluster",
    "test_follow_failover.IntoWatched",
    "test_replay_moves.Slots",
    "test_replay_moves.Failover",
    "test_split.FromSnapshots",
    "test_replay_recovery.Slow",
    "test_down.SavedByServers",
    "test_log_commands.AtRandom",
    "test_replay_recovery.Cuts",
    "test_rules.RandomRules",
    "test_replay_resume.Interrupts",
    "test_replay_waiting.Killed",
    "test_split.FromAofDirectories",
    "test_replay_jobs.Locks",
    "test_replay_cluster.Secret",
)

# What these try does not differ by the server: they run against the first one alone.
WITH_ONE_SERVER = {"corpus", "guides"}

# Classes at the same time for each processor: most wait for servers more than they compute. Sanitizers compute.
AT_ONCE = 2 if program.SANITIZED else 3

# Whether durations are wanted: to look at all processes before and after each test costs more than many a test.
MEASURING = os.environ.get("RDBFERRY_MEASURING") == "1"

# Seconds that one class may take.
LIMIT, LIMIT_OF_SOAK = 600, 3600


# --- one class, in a process of its own ---


class Result(unittest.TextTestResult):
    """Counts test methods; one whose subtests fail has failed once."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.failed = set()
        self.durations = []

    def startTest(self, test):
        super().startTest(test)
        self._began = Moment() if MEASURING else None

    def stopTest(self, test):
        super().stopTest(test)
        if self._began:
            self.durations.append((test.id(), *self._began.since()))

    def addError(self, test, err):
        super().addError(test, err)
        self.failed.add(str(test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.failed.add(str(test))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.failed.add(str(test))


class Moment:
    """From when on seconds are counted: those that have passed, and those of processors that this session used,
    servers included."""

    TICKS = os.sysconf("SC_CLK_TCK")

    def __init__(self):
        self._passed, self._used = time.monotonic(), self._processor_seconds()

    def since(self):
        return time.monotonic() - self._passed, self._processor_seconds() - self._used

    def _processor_seconds(self):
        session, ticks = os.getsid(0), 0
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[3]) == session:  # its own, and those of children that it has waited for
                ticks += sum(map(int, fields[11:15]))
        return ticks / self.TICKS


def module_of(name):
    return name.split(".")[0]


def run_tests(result_path, name, *tests):
    """Runs tests of one class, and writes its counts to a file."""
    test_class = getattr(importlib.import_module(module_of(name)), name.split(".")[1])
    if getattr(test_class, "__unittest_skip__", False):
        counts = skipped_as_a_whole(name, len(tests), test_class.__unittest_skip_why__)
    else:
        counts = run_and_count(name, unittest.TestSuite(map(test_class, tests)))
    with open(result_path, "w", encoding="utf-8") as file:
        json.dump(counts, file)


def skipped_as_a_whole(name, count, reason):
    """Nothing is set up for it, its module neither, and it is told once."""
    print(f"skipped: {reason}")
    return {"passed": 0, "failed": 0, "durations": [], "skipped": [[f"{name}, {count} test{'s' * (count > 1)}: {reason}", count]]}


def run_and_count(name, tests):
    """Runs tests of a class. Of those that were skipped the counts tell what, and how many."""
    began = Moment() if MEASURING else None
    result = unittest.TextTestRunner(sys.stdout, verbosity=2, resultclass=Result).run(tests)
    failed, skipped = len(result.failed), len(result.skipped)
    return {
        "durations": durations_of(name, result.durations, began) if began else [],
        "passed": max(0, result.testsRun - failed - skipped),
        "failed": failed,
        "skipped": [[f"{test}: {reason}", 1] for test, reason in result.skipped],
    }


def durations_of(name, of_tests, began):
    """Those of the tests, and of what the class has done beside them since it began."""
    passed, used = began.since()
    passed -= sum(duration[1] for duration in of_tests)
    used -= sum(duration[2] for duration in of_tests)
    return [*of_tests, (name + " (fixtures)", passed, used)]


# --- all of them ---


def work():
    """What a worker does: it runs what lines on stdin ask for, one after the other."""
    for line in sys.stdin:
        log, *request = json.loads(line)
        with contextlib.suppress(Exception):  # what fails here fails there, and is in the log
            importlib.import_module(module_of(request[1]))
        gc.freeze()  # what is never freed is not written to by each fork
        child = os.fork()
        if child == 0:
            run_forked(log, request)
        print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def run_forked(log, request):
    os.setsid()
    faulthandler.enable()
    print("began", os.getpid(), flush=True)
    with open(os.devnull, "rb") as nothing, open(log, "wb") as file:
        os.dup2(nothing.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    code = 1
    try:
        run_tests(*request)
        code = 0
    except Exception:  # pylint: disable=broad-exception-caught
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


class Job:
    """Tests of a class that run against a server; `whose` is said where there are several."""

    def __init__(self, suite, name, tests, server, whose=""):
        self.suite, self.name, self.tests, self.server, self.whose = suite, name, tests, server, whose


class Suite:
    """The counts of a suite while its classes come in, and its log where one is wanted."""

    def __init__(self, name, logs):
        self.name, self._logs = name, logs
        self.waiting = 0
        self.passed, self.failed, self.skipped = 0, 0, 0
        self._skipped = []
        self._output, self._failures, self._began = [], [], time.monotonic()

    def add(self, job, counts, output, seconds):
        self.waiting -= 1
        self.passed += counts["passed"]
        self.failed += counts["failed"]
        self.skipped += sum(count for _, count in counts["skipped"])
        self._skipped += [job.whose + what for what, _ in counts["skipped"]]
        text = f"=== {job.whose}{job.name} ({seconds:.0f} s)\n{output}\n"
        if self._logs:
            self._output.append(text)
            self._failures += [text] * (counts["failed"] > 0)
        else:
            print(text, flush=True)

    def has_failed(self):
        return self.failed > 0 or self.passed + self.skipped == 0

    def closing_lines(self):
        for skipped in self._skipped:
            yield f"skipped: {skipped}"
        yield f"{self.name}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    def write_log(self):
        """Its log, what of it is of classes that failed, and, as tests/run wants it, a line of exit code and seconds;
        then its name is printed."""
        with open(os.path.join(self._logs, self.name + ".log"), "w", encoding="utf-8") as file:
            file.writelines(self._output)
            file.writelines(line + "\n" for line in self.closing_lines())
        if self._failures:
            with open(os.path.join(self._logs, self.name + ".failures"), "w", encoding="utf-8") as file:
                file.writelines(self._failures)
        with open(os.path.join(self._logs, self.name + ".result"), "w", encoding="ascii") as file:
            file.write(f"{int(self.has_failed())} {time.monotonic() - self._began:.0f}\n")
        print(self.name, flush=True)


def tests_of(module, is_wanted):
    """The test classes that a module itself has: {name: wanted tests}."""
    found = {}
    for one in vars(importlib.import_module(module)).values():
        if isinstance(one, type) and issubclass(one, unittest.TestCase) and one.__module__ == module:
            tests = unittest.defaultTestLoader.getTestCaseNames(one)
            found[f"{module}.{one.__name__}"] = [test for test in tests if is_wanted(getattr(one, test))]
    return {name: tests for name, tests in found.items() if tests}


def is_in_test_run(test):
    return getattr(test, "in_test_run", True)


def is_in_soak(test):
    return getattr(test, "in_soak", False)


def share_of(classes, number, count):
    """Of all these tests one of so many shares: a test goes to the next share after that of the one before."""
    numbered = itertools.count()
    shares = {name: [test for test in tests if next(numbered) % count == number] for name, tests in classes.items()}
    return {name: tests for name, tests in shares.items() if tests}


def in_order(jobs):
    """Those that take longest first."""
    order = {name: number for number, name in enumerate(SLOW)}
    return sorted(jobs, key=lambda job: order.get(job.name, len(SLOW)))


def jobs_of(suites, options, servers):
    """One for each class that has tests to run, and each server."""
    is_wanted = is_in_soak if options.soak else is_in_test_run
    whose, classes = {}, {}
    for suite in suites:
        for module in SUITES[suite.name]:
            found = tests_of(module, is_wanted)
            classes.update(found)
            whose.update(dict.fromkeys(found, suite))
    if options.share:
        classes = share_of(classes, *options.share)
    jobs = []
    for name, tests in classes.items():
        for server in servers[:1] if whose[name].name in WITH_ONE_SERVER else servers:
            jobs.append(Job(whose[name], name, tests, server, f"{server.name}: " if len(servers) > 1 else ""))
    return in_order(jobs)


def write_durations(path, durations):
    """Of each test, and of what a class has done beside its tests: seconds of processors, seconds, name."""
    with open(path, "w", encoding="utf-8") as file:
        for name, passed, used in sorted(durations, key=lambda duration: -duration[2]):
            file.write(f"{used:8.2f} {passed:8.2f}  {name}\n")


def run_suites(options, servers):
    suites = [Suite(name, options.logs) for name in options.suites or SUITES]
    jobs = jobs_of(suites, options, servers)
    suites = [suite for suite in suites if any(job.suite is suite for job in jobs)]
    for job in jobs:
        job.suite.waiting += 1
    durations = []
    with tempfile.TemporaryDirectory(prefix="rdbferry-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)  # servers of other users have their folders in it
        pool = Pool(folder, LIMIT_OF_SOAK if options.soak else LIMIT)
        with concurrent.futures.ThreadPoolExecutor(options.j) as threads:
            try:
                running = {threads.submit(pool.run, number, job): job for number, job in enumerate(jobs)}
                for done in concurrent.futures.as_completed(running):
                    job = running[done]
                    counts, output, seconds = done.result()
                    job.suite.add(job, counts, output, seconds)
                    durations += [[job.whose + name, *used] for name, *used in counts["durations"]]
                    if options.logs and job.suite.waiting == 0:
                        job.suite.write_log()
            finally:
                pool.close()
    if options.durations:
        write_durations(options.durations, durations)
    if not options.logs:
        for suite in suites:
            print("\n".join(suite.closing_lines()))
    return 1 if not suites or any(suite.has_failed() for suite in suites) else 0


def read_share(text):
    number, count = map(int, text.split("/"))
    if not 0 < number <= count:
        raise ValueError
    return number - 1, count


def parsed(arguments):
    parser = argparse.ArgumentParser(prog="tests/server/run", description="Runs test suites against real servers.")
    parser.add_argument("suites", metavar="SUITE", nargs="*", help=f"any of {', '.join(SUITES)}; none: all")
    at_once = AT_ONCE * os.cpu_count()
    parser.add_argument("-j", metavar="N", type=int, default=at_once, help="classes at the same time (%(default)s)")
    parser.add_argument("--logs", metavar="FOLDER", help="write logs there; print suites as they are done")
    parser.add_argument("--durations", metavar="FILE", help="write there how long each test took")
    parser.add_argument("--soak", action="store_true", help="the tests, and all cases, that are left to the soak")
    parser.add_argument("--share", metavar="I/N", type=read_share, help="of the tests the I-th of N shares")
    options = parser.parse_args(arguments)
    if unknown := set(options.suites) - SUITES.keys():
        parser.error(f"no suite is called {', '.join(sorted(unknown))}")
    return options


def end_on(number, _):
    raise SystemExit(128 + number)


def forgotten():
    """Modules of tests that are in no suite."""
    return {path.removesuffix(".py") for path in glob.glob("test_*.py")} - {*itertools.chain(*SUITES.values())}


def main(arguments):
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    if arguments[:1] == ["--work"]:
        return work()
    options = parsed(arguments)
    if forgotten():
        print(f"tests/server/run: in no suite: {', '.join(sorted(forgotten()))}", file=sys.stderr)
        return 2
    if not os.access(program.PROGRAM, os.X_OK):
        print(f"tests/server/run: no program at '{program.PROGRAM}'", file=sys.stderr)
        return 2
    try:
        servers = kinds.kinds_of(os.environ.get("SERVERS", "").split())
    except kinds.Unknown as error:
        print(f"tests/server/run: {error}", file=sys.stderr)
        return 2
    if not servers:
        print(f"tests/server/run: no {' or '.join(kinds.ON_PATH)} on PATH, and SERVERS names none", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # in the background SIGINT comes ignored
        signal.signal(number, end_on)
    if options.soak:
        os.environ["RDBFERRY_SOAK"] = "1"
    if options.durations:
        os.environ["RDBFERRY_MEASURING"] = "1"
    return run_suites(options, servers)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
