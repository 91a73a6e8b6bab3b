# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
"""`keima sync prove` on real repositories, in the rooms that this machine gives."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from keima_cli.errors import ConfigError, WrongUseError
from keima_sync.cli import app
from keima_sync.config import read_config
from keima_sync.errors import RoomError, SyncUsageError
from keima_sync.proof.prove import prove
from keima_sync.proof.rooms import missing_for

RULES = """
[paths]
unmatched = "include"
[[paths.rules]]
exclude = "/internal/"
[leaks]
words = ["Falcon"]
patterns = ['TICKET-\\d+']
[proof]
"""
ISOLATED = pytest.mark.skipif(missing_for("host") != "", reason=missing_for("host") or "bubblewrap may be used")
ROOMS = [pytest.param("host", marks=ISOLATED), "bare"]


def _rules(project: Any, *steps: str, room: str = "bare", more: str = "", rules: str = RULES) -> Any:
    text = f'{rules}steps = {json.dumps(steps)}\nroom = "{room}"\n{more}'
    return read_config(project.write_config(text))


def _prove(project: Any, *steps: str, room: str = "bare", more: str = "") -> Any:
    return prove(_rules(project, *steps, room=room, more=more), "HEAD", project.folder / "cache")


def _log(proof: Any) -> str:
    text: str = proof.verdict.log.read_text(errors="replace")
    return text


@pytest.mark.parametrize("room", ROOMS)
def test_the_trimmed_tree_alone_is_in_the_room(project: Any, room: str) -> None:
    script = "set -e\ntest ! -e internal\ntest ! -e .git\ntest -x build.sh\ntest $(readlink link) = a.txt\ncat a.txt\n"
    project.commit(build_dot_sh=script, a_dot_txt="hello room\n", internal__x="hidden")
    (project.internal / "build.sh").chmod(0o755)
    (project.internal / "link").symlink_to("a.txt")
    project.commit()
    proof = _prove(project, "sh build.sh", 'echo "home $HOME"; touch "$HOME/x" "$TMPDIR/y"', room=room)
    assert proof.verdict.passed and not proof.verdict.cached and proof.culprit is None
    assert "hello room" in _log(proof) and "[exit status 0]" in _log(proof)
    assert proof.room.kind == room
    assert ("not isolated" in proof.room.evidence) == (room == "bare")


@ISOLATED
def test_the_isolated_room_has_no_network_no_host_files_and_no_privilege(project: Any) -> None:
    secret = project.folder / "host-secret"
    secret.write_text("x")
    script = f"""
test ! -e {secret} && test ! -e {Path.home()} && test ! -e /work
! touch /usr/x 2>/dev/null && ! touch /etc/x 2>/dev/null
test "$(ls /sys/class/net 2>/dev/null | wc -l)" = 0
test "$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ')" = lo
test "$(id -u)" = 1000 && test -z "$CANARY" && grep -q 'CapEff:.0000000000000000' /proc/self/status
test "$(ls -d /proc/[0-9]* | wc -l)" -lt 12
"""
    project.commit(build_dot_sh=script)
    os.environ["CANARY"] = "seen"
    try:
        proof = _prove(project, "sh -e -x build.sh", room="host")
    finally:
        del os.environ["CANARY"]
    assert proof.verdict.passed, _log(proof)


@pytest.mark.parametrize("room", ROOMS)
def test_hooks_filters_and_git_configuration_of_the_repository_do_not_run(project: Any, room: str) -> None:
    trap = f"touch {project.folder}/ran-%s"
    project.commit(_dot_gitattributes="* filter=evil diff=evil merge=evil text eol=crlf ident\n", a_dot_txt="$Id$\n")
    config = project.internal / ".git" / "config"
    with config.open("a") as file:
        file.write(f'[filter "evil"]\nsmudge = {trap % "smudge"}\nclean = {trap % "clean"}\nrequired = true\n')
        file.write(f"[core]\nfsmonitor = {trap % 'fsmonitor'}\n")
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        hook = project.internal / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\n{trap % name}\n")
        hook.chmod(0o755)
    proof = _prove(project, "test \"$(cat a.txt)\" = '$Id$'", room=room)
    assert proof.verdict.passed, _log(proof)
    assert list(project.folder.glob("ran-*")) == []


def test_a_verdict_is_kept_by_public_tree_and_rules(project: Any) -> None:
    project.commit(a="1", internal__x="1")
    counter = project.folder / "count"
    step = f"echo run >> {counter}"
    assert not _prove(project, step).verdict.cached
    project.commit(internal__x="2")  # the public tree is the same
    again = _prove(project, step)
    assert again.verdict.cached and again.verdict.passed
    assert counter.read_text() == "run\n"
    assert not _prove(project, step, "true").verdict.cached
    assert not prove(_rules(project, step), "HEAD", project.folder / "cache", again=True).verdict.cached
    project.commit(a="2")
    assert not _prove(project, step).verdict.cached


def test_a_damaged_verdict_is_made_again(project: Any) -> None:
    project.commit(a="1")
    proof = _prove(project, "true")
    for text in ("", "{}", '{"steps": []}', '{"tree": "x", "steps": [{"command": "true"}]}', "[1]", "\x00"):
        (proof.verdict.log.parent / "verdict.json").write_text(text)
        assert not _prove(project, "true").verdict.cached
    assert _prove(project, "true").verdict.cached


def test_the_first_failing_step_ends_the_proof(project: Any) -> None:
    project.commit(a="1")
    proof = _prove(project, "echo one", "exit 7", "echo three")
    assert not proof.verdict.passed
    assert [step.status for step in proof.verdict.steps] == [0, 7]
    assert "three" not in _log(proof)
    assert _prove(project, "echo one", "exit 7", "echo three").verdict.cached


def test_leaks_are_masked_in_the_log(project: Any) -> None:
    key = "AKIA" + "IOSFODNN7" + "QQQQQQQ"
    project.commit(a="1")
    begin, end = (f"-----{word} PRIVATE KEY-----" for word in ("BEGIN", "END"))
    steps = (
        "echo for falcon falcon falcon, TICKET-12",
        f"echo id = {key}",
        f"echo '{begin}\\nabc\\n{end}'; echo after",
    )
    rules = RULES.replace("[proof]", "secrets = true\n[proof]")
    proof = prove(_rules(project, *steps, rules=rules), "HEAD", project.folder / "cache")
    text = _log(proof)
    assert proof.verdict.passed
    for word in ("falcon", "TICKET-12", key, "abc"):
        assert word not in text
    assert text.count("[masked]") >= 5 and "after" in text


@pytest.mark.parametrize("room", ROOMS)
def test_a_step_that_does_not_end_is_ended_with_all_that_it_started(
    project: Any, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keima_sync.proof.prove._SECONDS_A_MINUTE", 1.0)
    stamp = f"{time.time_ns()}"
    script = f"setsid sh -c 'exec -a daemon-{stamp} sleep 1000' &\n(sleep 1001.{stamp} &)\nsleep 1002.{stamp}\n"
    script = script.replace("sh -c 'exec -a", "bash -c 'exec -a")
    project.commit(build_dot_sh=script)
    proof = _prove(project, "sh build.sh", room=room, more="limit-minutes = 2")
    assert [step.stopped for step in proof.verdict.steps] == ["time"]
    assert "over the limit of time" in _log(proof)
    assert stamp not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert not _prove(project, "sh build.sh", room=room, more="limit-minutes = 2").verdict.cached


@pytest.mark.parametrize("room", ROOMS)
def test_a_daemon_does_not_outlive_a_step_that_ends(project: Any, room: str) -> None:
    stamp = f"{time.time_ns()}"
    project.commit(a="1")
    proof = _prove(project, f"setsid sleep 1000.{stamp} & sleep 0.2", room=room)
    assert proof.verdict.passed
    assert (
        f"1000.{stamp}" not in subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    )


@pytest.mark.parametrize(
    "script",
    [
        "x = bytearray(1 << 30)",
        "import os, time; os.fork(); os.fork(); x = b'x' * (90 << 20); time.sleep(30)",  # none is over it alone
    ],
)
def test_memory_is_limited(project: Any, script: str) -> None:
    project.commit(build_dot_py=script)
    proof = _prove(project, "python3 build.py", more="limit-mib = 200")
    assert not proof.verdict.passed
    assert "MemoryError" in _log(proof) or proof.verdict.steps[0].stopped == "memory"


@pytest.mark.parametrize(
    ("step", "stopped"),
    [
        ("for i in 1 2 3 4 5 6 7 8; do head -c 5000000 /dev/zero > f$i; done; sleep 60", "disk"),
        ("for i in 1 2 3 4 5 6 7 8; do head -c 5000000 /dev/zero > f$i; done", "disk"),
        ("head -c 50000000 /dev/zero > large", "disk"),  # the kernel refuses to write on
        ("for i in $(seq 40); do sleep 60 & done; wait", "processes"),
    ],
)
def test_disk_and_processes_are_limited(project: Any, step: str, stopped: str) -> None:
    project.commit(a="1")
    proof = _prove(project, step, more="limit-disk-mib = 20\nlimit-processes = 20")
    assert not proof.verdict.passed
    assert proof.verdict.steps[0].stopped == stopped and proof.verdict.steps[0].seconds < 60


def test_a_step_that_prints_without_end_keeps_a_bounded_log(project: Any) -> None:
    project.commit(a="1")
    proof = _prove(project, "echo first; head -c 60000000 /dev/zero | tr '\\0' x; echo; echo last")
    assert proof.verdict.passed
    text = _log(proof)
    assert len(text) < 9 << 20 and "bytes left out" in text
    assert "first\n" in text[:100] and "last\n" in text[-100:]


def _history(project: Any) -> dict[str, str]:
    """A good history with a merge; "break" is the internal commit that cuts what the public tree needs."""
    made = {"base": project.commit("base", run_dot_sh="test -f dep\n", dep="x")}
    for number in range(4):
        made[f"good{number}"] = project.commit(f"good {number}", notes=f"{number}")
    subprocess.run(["git", "-C", project.internal, "checkout", "-qb", "side"], check=True)
    made["side"] = project.commit("side", side="x")
    made["break"] = project.commit("move dep inside", dep=None, internal__dep="x")
    made["after"] = project.commit("after", side="y")
    subprocess.run(["git", "-C", project.internal, "checkout", "-q", "main"], check=True)
    made["main"] = project.commit("main", other="x")
    who = ["-c", "user.name=M", "-c", "user.email=m@corp.example"]
    subprocess.run(["git", "-C", project.internal, *who, "merge", "-q", "--no-edit", "side"], check=True)
    for number in range(5):
        made[f"bad{number}"] = project.commit(f"bad {number}", notes=f"later {number}")
    return made


def test_the_culprit_is_found_on_a_side_branch_with_its_author(project: Any) -> None:
    made = _history(project)
    proof = _prove(project, "sh run.sh")
    assert not proof.verdict.passed and proof.culprit is not None
    assert proof.culprit.commit == made["break"]
    assert proof.culprit.author == "Ann <ann@corp.example>"
    assert proof.culprit.subject == "move dep inside"
    assert not proof.culprit.verdict.passed


def test_the_search_begins_at_the_last_proven_commit(project: Any) -> None:
    made = _history(project)
    rules = _rules(project, "sh run.sh")
    cache = project.folder / "cache"
    assert prove(rules, made["good1"], cache).verdict.passed
    said: list[str] = []
    proof = prove(rules, "HEAD", cache, say=said.append)
    assert proof.culprit is not None and proof.culprit.since == made["good1"]
    assert proof.culprit.commit == made["break"]
    assert len([line for line in said if "passes" in line or "fails" in line]) <= 7
    assert prove(rules, "HEAD", cache, good=made["good3"]).culprit.commit == made["break"]
    with pytest.raises(SyncUsageError, match="is not good"):
        prove(rules, "HEAD", cache, good=made["bad1"])


def test_a_commit_without_a_public_tree_is_a_suspect(project: Any) -> None:
    good = project.commit("good", run_dot_sh="test -f dep\n", dep="x")
    broken = project.commit("broken", dep=None, a="BEGIN-INTERNAL\n")
    bad = project.commit("bad", a="")
    rules = RULES.replace("[proof]", '[[blocks]]\nbegin = "BEGIN-INTERNAL"\nend = "END-INTERNAL"\n[proof]')
    found = prove(_rules(project, "sh run.sh", rules=rules), "HEAD", project.folder / "cache").culprit
    assert found is not None
    assert (found.commit, found.suspects, found.since) == (bad, (broken,), good)


def test_what_never_passed_has_no_culprit(project: Any) -> None:
    for number in range(5):
        project.commit(a=str(number))
    proof = _prove(project, "false")
    assert not proof.verdict.passed and proof.culprit is None


def test_the_command(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _history(project)
    _rules(project, "sh run.sh")
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(project.folder / "cache"))
    runner = CliRunner()
    ran = runner.invoke(app, ["prove", "--json"])
    told = json.loads(ran.stdout)
    assert ran.exit_code == 1 and not told["passed"]
    assert told["culprit"]["commit"] == made["break"] and told["culprit"]["verdict"]["steps"][0]["status"] == 1
    assert told["log"].startswith(str(project.folder / "cache"))
    ran = runner.invoke(app, ["prove"])
    assert f"culprit: {made['break']} of Ann <ann@corp.example>: move dep inside" in ran.stdout
    ran = runner.invoke(app, ["prove", made["base"], "--json", "--room", "bare"])
    assert ran.exit_code == 0 and json.loads(ran.stdout)["passed"]
    assert isinstance(runner.invoke(app, ["prove", "--room", "cellar"]).exception, WrongUseError)


def test_a_configuration_without_steps(project: Any) -> None:
    project.commit(a="1")
    with pytest.raises(SyncUsageError, match=r"no \[proof\] steps"):
        prove(read_config(project.write_config('[paths]\nunmatched = "include"')), "HEAD", project.folder)


@pytest.mark.parametrize(
    ("rules", "line", "message"),
    [
        ('steps = ["x"]\nroom = "cellar"', 8, "one of auto, debian"),
        ('packages = ["--option"]', 6, "not the name of a Debian package"),
        ('requirements = ["--index-url=x"]', 7, "not options of pip"),
        ("limit-minutes = 0", 6, "at least 1"),
        ("limit-processes = 0", 6, "at least 1"),
        ('limit-disk-mib = "much"', 7, "a number"),
        ("step = []", 7, "unknown key 'step'"),
    ],
)
def test_a_wrong_proof_table_names_its_line(project: Any, rules: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"sync.toml:{line}: .*{message}"):
        read_config(project.write_config("[proof]\n" + rules))


def test_a_room_that_cannot_be_had(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    project.commit(a="1")
    monkeypatch.setattr("keima_sync.proof.rooms.shutil.which", lambda name: None)
    with pytest.raises(RoomError, match="bwrap is not installed"):
        _prove(project, "true", room="host")
    proof = _prove(project, "true", room="auto")
    assert proof.room.kind == "bare" and "bwrap is not installed" in proof.room.evidence


def test_the_public_repository_is_unchanged(project: Any) -> None:
    project.commit(a="1")
    before = sorted(path for path in project.public.rglob("*"))
    _prove(project, "true")
    assert sorted(path for path in project.public.rglob("*")) == before


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(missing_for("debian") != "", reason=missing_for("debian") or "mmdebstrap is there")
def test_a_debian_root_has_what_is_named_and_no_more(project: Any) -> None:
    project.commit(makefile="all: a\na: a.c\n", a_dot_c="int main(void) { return 0; }\n")
    steps = ("make -f makefile CC=gcc && ./a", "! command -v git && ! command -v python3")
    first = _prove(project, *steps, room="debian", more='packages = ["gcc", "libc6-dev", "make"]')
    assert first.verdict.passed, _log(first)
    assert "Debian root" in first.room.evidence
    again = _prove(project, "make -f makefile", room="auto", more='packages = ["gcc", "libc6-dev", "make"]')
    assert again.room.kind == "debian" and again.verdict.passed


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_requirements_are_in_a_fresh_virtual_environment(project: Any, room: str) -> None:
    project.commit(a_dot_py="import iniconfig, sys; print(sys.prefix)\n")
    proof = _prove(project, "python a.py", room=room, more='requirements = ["iniconfig"]')
    assert proof.verdict.passed, _log(proof)
    assert "venv" in _log(proof)
    assert not _prove(project, "python3 -c 'import iniconfig'", room="bare").verdict.passed
