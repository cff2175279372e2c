"""Revisions taken out of real repositories: what git refuses is told by its first telling line."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from isthmus.benchmarks.gate.suites.checkout import Project
from isthmus.benchmarks.gate.suites.git import telling
from isthmus.benchmarks.gate.suites.naming import check_files, check_works
from isthmus.benchmarks.gate.suites.worktrees import prefix, sweep
from isthmus.errors import IsthmusError, UsageError

WHO = (
    *("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"),
    *("-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"),
)


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *WHO, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def made(folder: Path, **files: str) -> Path:
    """A repository with a commit of these files."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    commit(folder, **files)
    return folder


def commit(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "--allow-empty", "-m", "a")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Where revisions are taken out."""
    folder = tmp_path / "place"
    folder.mkdir()
    yield folder


def worktrees(root: Path) -> int:
    return git(root, "worktree", "list").count("\n") + 1


# --- what git refuses ---------------------------------------------------------------------------


def test_a_repository_of_another_user_is_told_with_what_trusts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = made(tmp_path / "theirs", a="")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    with pytest.raises(UsageError) as caught:
        Project.around(root)
    said = str(caught.value)
    assert "detected dubious ownership in repository" in said and "need a git" not in said
    assert said.endswith(f"git config --global --add safe.directory {root}")


def test_a_hook_that_fails_is_told_and_leaves_no_worktree(tmp_path: Path, place: Path) -> None:
    root = made(tmp_path / "project", a="")
    hook = root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'run make first' >&2\necho 'then again' >&2\nexit 3\n")
    hook.chmod(0o755)
    project = Project.around(root)
    words = "hook post-checkout failed for HEAD: run make first"
    with (
        pytest.raises(IsthmusError, match=words),
        project.taken_out(project.revision("HEAD"), place / "tree"),
    ):
        raise AssertionError("not reached")
    assert worktrees(root) == 1 and not (place / "tree").exists()


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("nothing", "not a git repository.*; two revisions need a git repository"),
        ("bare", "must be run in a work tree; a bare repository has none"),
        ("empty", "do not have the initial commit yet; commit something first"),
        ("forgotten", "not a git repository: .*; this worktree was forgotten"),
    ],
)
def test_what_is_no_repository_of_revisions(tmp_path: Path, kind: str, words: str) -> None:
    folder = tmp_path / kind
    folder.mkdir()
    if kind in ("bare", "empty"):
        git(folder, "init", "-q", *(["--bare"] if kind == "bare" else []))
    if kind == "forgotten":
        (folder / ".git").write_text(f"gitdir: {tmp_path}/gone/.git/worktrees/forgotten\n")
    with pytest.raises(UsageError, match=words):
        Project.around(folder).change()


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("warning: x\nfatal: the cause\nTo add an exception\n\n\tgit config", "the cause"),
        ("hint: y\nerror: first\nfatal: second", "first"),
        ("hook words\nmore", "hook words"),
        ("", "it failed and said nothing"),
    ],
)
def test_the_first_grave_line_is_the_telling_one(said: str, line: str) -> None:
    assert telling(said) == line


def test_a_gate_in_a_hook_finds_its_own_repository(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, other = made(tmp_path / "project", a="mine"), made(tmp_path / "other", a="theirs")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    project = Project.around(root)
    assert project.root == root
    with project.taken_out(project.change(), place / "tree") as inside:
        assert (inside / "a").read_text() == "mine"


# --- revisions that are not here ----------------------------------------------------------------


def typed(said: str) -> list[str]:
    """The command of git that a message proposes."""
    return said.partition("git fetch")[2].partition("&&")[0].split()


@pytest.mark.parametrize("name", ["feature", "origin/feature", "v1", "origin/feature~1"])
def test_what_is_proposed_for_an_unknown_revision_works(tmp_path: Path, name: str) -> None:
    """In a clone of a single branch, as CI makes them."""
    origin = made(tmp_path / "origin", a="1")
    git(origin, "branch", "feature")
    git(origin, "checkout", "-q", "feature")
    commit(origin, a="2")
    git(origin, "tag", "v1")
    git(origin, "checkout", "-q", "main")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--single-branch", "-b", "main", origin.as_uri(), str(clone))
    git(clone, "tag", "-d", "v1") if name == "v1" and git(clone, "tag") else None
    project = Project.around(clone)
    with pytest.raises(UsageError, match="no such revision in this clone") as caught:
        project.revision(name)
    git(clone, "fetch", *typed(str(caught.value)))
    again = str(caught.value).rpartition("isthmus gate against ")[2]
    asked = name.removeprefix("origin/")
    assert project.revision(again).commit == git(origin, "rev-parse", asked)


def test_a_shallow_clone_is_deepened(tmp_path: Path) -> None:
    origin = made(tmp_path / "origin", a="1")
    commit(origin, a="2")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", origin.as_uri(), str(clone))
    with pytest.raises(UsageError, match="this clone is shallow") as caught:
        Project.around(clone).revision("HEAD~1")
    git(clone, "fetch", *typed(str(caught.value)))
    assert Project.around(clone).revision("HEAD~1").commit == git(origin, "rev-parse", "HEAD~1")


def test_an_ancestor_or_a_remote_that_is_not_there(tmp_path: Path) -> None:
    project = Project.around(made(tmp_path / "project", a=""))
    with pytest.raises(UsageError, match="HEAD has no such ancestor"):
        project.revision("HEAD~7")
    with pytest.raises(UsageError, match="git branch --all and git tag list"):
        project.revision("nowhere")
    with pytest.raises(UsageError, match="no such revision"):
        project.revision("--help")


# --- submodules ---------------------------------------------------------------------------------


@pytest.fixture
def nested(tmp_path: Path) -> Path:
    """A project with a submodule that has one, checked out; all of them have two commits."""
    inner = made(tmp_path / "inner", deep="1")
    outer = made(tmp_path / "outer", lib="1")
    git(outer, "submodule", "add", "-q", str(inner), "inner")
    commit(outer)
    root = made(tmp_path / "project", a="1")
    git(root, "submodule", "add", "-q", str(outer), "vendor/outer")
    git(root, "submodule", "update", "-q", "--init", "--recursive")
    commit(root)
    commit(root / "vendor" / "outer", lib="2")
    git(outer, "pull", "-q", str(root / "vendor" / "outer"), "HEAD")
    commit(root, a="2")
    return root


def test_submodules_are_of_their_revision_and_of_the_working_tree(
    nested: Path, place: Path
) -> None:
    (nested / "vendor" / "outer" / "lib").write_text("not committed")
    before = git(nested, "status", "--porcelain")
    project = Project.around(nested)
    with ExitStack() as stack:
        base, head = (
            stack.enter_context(project.taken_out(one, place / name))
            for name, one in (("base", project.revision("HEAD~1")), ("head", project.change()))
        )
        texts = [(side / "vendor" / "outer" / "lib").read_text() for side in (base, head)]
        assert texts == ["1", "not committed"]
        assert (base / "vendor" / "outer" / "inner" / "deep").read_text() == "1"
    assert worktrees(nested) == worktrees(nested / "vendor" / "outer") == 1
    assert git(nested, "status", "--porcelain") == before


def test_a_submodule_that_is_empty_here_stays_empty(nested: Path, place: Path) -> None:
    git(nested, "submodule", "deinit", "--force", "-q", "vendor/outer")
    project = Project.around(nested)
    with project.taken_out(project.revision("HEAD"), place / "tree") as inside:
        assert list((inside / "vendor" / "outer").iterdir()) == []


def test_a_submodule_that_has_been_removed_is_fetched_or_told(
    nested: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(nested, "rm", "-q", "-f", "vendor/outer")
    commit(nested)
    project = Project.around(nested)
    for name, value in (("COUNT", "1"), ("KEY_0", "protocol.file.allow"), ("VALUE_0", "never")):
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    with (
        pytest.raises(IsthmusError, match=r"submodule vendor/outer: .*update --init"),
        project.taken_out(project.revision("HEAD~1"), place / "refused"),
    ):
        raise AssertionError("not reached")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "always")
    with project.taken_out(project.revision("HEAD~1"), place / "tree") as inside:
        assert (inside / "vendor" / "outer" / "lib").read_text() == "2"


# --- what is left behind ------------------------------------------------------------------------


def test_worktrees_of_a_killed_gate_are_forgotten_and_others_stay(tmp_path: Path) -> None:
    root = made(tmp_path / "project", a="")
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead = tmp_path / f"isthmus-gate-{ended.pid}-abc" / "base" / "tree"
    gone = tmp_path / f"isthmus-gate-{ended.pid}-xyz" / "base" / "tree"
    mine = tmp_path / f"{prefix()}abc" / "base" / "tree"
    users = tmp_path / "users"
    for one in (dead, gone, mine, users):
        git(root, "worktree", "add", "-q", "--detach", str(one))
    subprocess.run(["rm", "-r", str(gone.parents[1]), str(users)], check=True)
    sweep(root)
    assert not dead.parents[1].exists() and mine.exists()
    listed = git(root, "worktree", "list", "--porcelain")
    assert str(mine) in listed and str(users) in listed, "a user's may be on a disk that is away"
    assert str(dead) not in listed and str(gone) not in listed


def test_what_a_program_left_in_a_worktree_costs_no_verdict(tmp_path: Path, place: Path) -> None:
    root = made(tmp_path / "project", a="")
    project = Project.around(root)
    with project.taken_out(project.revision("HEAD"), place / "tree") as inside:
        subprocess.run(["rm", "-r", str(inside)], check=True)
        inside.write_text("a file where the folder was")
    assert worktrees(root) == 1


# --- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("works", "shapes", "words"),
    [
        (["mobilenet-v2"], ["foo"], "--shape foo: give NAME=SIZES"),
        (["mobilenet-v2"], ["x=1,3"], "shapes are of a model of yours"),
        (["my.module:net"], ["x=1,a"], "--shape x=1,a: give NAME=SIZES"),
        ([], ["x=1"], "shapes are of a model of yours"),
        (["my.module:net", "mobilenet-v22"], [], "no workload 'mobilenet-v22'; the nearest"),
    ],
)
def test_names_and_shapes_are_checked(works: list[str], shapes: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check_works(works, shapes)


@pytest.mark.parametrize(
    ("works", "pytest_arguments", "words"),
    [
        (["model.onnx"], [], r"model\.onnx: not in main nor in the working tree; check the path"),
        (["head.xml"], [], r"head\.xml: not in main; name what both have"),
        ([], ["both.py", "no/test_x.py::test_a"], r"no/test_x\.py: not in main nor"),
    ],
)
def test_files_are_looked_for_in_both(
    tmp_path: Path, works: list[str], pytest_arguments: list[str], words: str
) -> None:
    trees = {"main": tmp_path / "base", "the working tree": tmp_path / "head"}
    for tree in trees.values():
        tree.mkdir()
        (tree / "both.py").touch()
    (trees["the working tree"] / "head.xml").touch()
    with pytest.raises(UsageError, match=words):
        check_files(works, pytest_arguments, trees)
    check_files(["both.onnx:net"], ["both.py::test[a::b]", "-k", "name", "--x=1", "-q"], trees)
    check_files([], ["--pyargs", "package"], trees)
