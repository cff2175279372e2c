"""The GitHub action and the GitLab job: what they run, run here with a gate that only listens."""

from __future__ import annotations

import json
import os
import re
import subprocess
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import playwright
import pytest
from gate_outcomes import one_of_each
from places import ROOT

from isthmus.benchmarks.gate.outputs.to_markdown import comment, marker

EXAMPLES = sorted((ROOT / "docs" / "ci").glob("*.yml"))
NODE = Path(playwright.__file__).parent / "driver" / "node"

# What the action's `Comment` step finds in actions/github-script, with a memory for GitHub.
STAND_IN = """
const [script, state] = process.argv.slice(2);
const fs = require("fs");
const said = JSON.parse(fs.readFileSync(state, "utf8"));
const refused = () => { if (said.refuse) throw new Error("Resource not accessible"); };
const context = { repo: { owner: "o", repo: "r" }, issue: { number: 7 } };
const core = { warning: (text) => said.warnings.push(text) };
const github = {
  paginate: async (list, where) => where.issue_number === 7 ? said.comments : [],
  rest: { issues: {
    listComments: {},
    createComment: async ({ body }) => { refused(); said.comments.push({ id: 9, body }); },
    updateComment: async ({ comment_id, body }) => {
      said.comments.find(({ id }) => id === comment_id).body = body;
    },
  } },
};
const run = new (async () => {}).constructor("github", "context", "core", "require", script);
run(github, context, core, require).then(() => fs.writeFileSync(state, JSON.stringify(said)));
"""


def yaml_of(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = import_module("yaml").safe_load(path.read_text(encoding="utf-8"))
    return loaded


ACTION = yaml_of(ROOT / "action.yml")
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
SCRIPTS = [step["run"] for step in STEPS.values() if "run" in step]


def run(inputs: dict[str, str], folder: Path, code: int = 0) -> tuple[list[str], dict[str, str]]:
    """The step `Compare` with these inputs: what the gate was called with, the step's outputs."""
    heard, gate = folder / "heard", folder / "isthmus" / "bin" / "isthmus"
    gate.parent.mkdir(parents=True)
    gate.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > '{heard}'\nexit {code}\n")
    gate.chmod(0o755)
    given = dict.fromkeys(STEPS["Compare"]["env"], "") | inputs
    told = {"RUNNER_TEMP": str(folder), "GITHUB_OUTPUT": str(folder / "outputs")}
    script = STEPS["Compare"]["run"]
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    done = subprocess.run(bash, env=os.environ | given | told, cwd=folder, check=False)
    assert done.returncode == 0
    outputs = (folder / "outputs").read_text().splitlines()
    return heard.read_text().splitlines(), dict(line.split("=", 1) for line in outputs)


def test_every_input_is_used_and_documented() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    for name, about in ACTION["inputs"].items():
        assert f"inputs.{name}" in text and about["description"] and "default" in about
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    for about in ACTION["outputs"].values():
        assert about["description"] and about["value"].startswith("${{ steps.gate.outputs.")


def test_no_expression_stands_inside_a_script() -> None:
    scripts = [*SCRIPTS, STEPS["Comment"]["with"]["script"]]
    assert len(scripts) == 4 and not any("${{" in script for script in scripts)


def test_scripts_are_bash() -> None:
    for script in SCRIPTS:
        subprocess.run(["bash", "-n", "-c", script], check=True)
    assert all(step["shell"] == "bash" for step in STEPS.values() if "run" in step)


def test_a_suite_is_measured_against_a_revision(tmp_path: Path) -> None:
    inputs = {"AGAINST": "origin/main", "PYTEST": "a b\ntests", "MARGIN": "0.1", "BUDGET": "5m"}
    heard, outputs = run(inputs | {"INSTALL": ".[test]\nnumpy", "STRICT": "true"}, tmp_path)
    assert heard[:2] == ["gate", "--github"]
    options = list(pairwise(heard))
    for option in [
        ("--against", "origin/main"),
        ("--pytest", "a b"),
        ("--pytest", "tests"),
        ("--install", ".[test]"),
        ("--install", "numpy"),
        ("--margin", "0.1"),
        ("--budget", "5m"),
    ]:
        assert option in options
    assert heard[-1] == "--strict" and "--command" not in heard
    assert outputs == {"exit-code": "0", "folder": str(tmp_path / "isthmus-gate")}


def test_an_environment_is_measured_instead_of_a_revision(tmp_path: Path) -> None:
    pins = "openvino==2026.3.0,onnxruntime==1.31.1"
    inputs = {"AGAINST": "origin/main", "AGAINST_ENVIRONMENT": pins, "WORKLOADS": "resnet-50"}
    heard, _ = run(inputs, tmp_path)
    start = heard.index("--against-environment")
    assert heard[start : start + 3] == ["--against-environment", pins, "resnet-50"]
    assert "--against" not in heard
    assert "AGAINST_ENVIRONMENT" in STEPS["Install the gate"]["env"]


def test_files_are_compared_without_measuring(tmp_path: Path) -> None:
    heard, _ = run({"BASE": "base file.json", "HEAD": "head.json", "AGAINST": "main"}, tmp_path)
    assert "--against" not in heard and {"base file.json", "head.json"} <= set(heard)


def test_workloads_are_words_and_nothing_is_run_of_an_input(tmp_path: Path) -> None:
    evil = "$(touch evil); `touch evil` \"; touch evil; '"
    inputs = {"AGAINST": evil, "COMMAND": evil, "WORKLOADS": "bert-base-128\n resnet-50  *"}
    heard, _ = run(inputs, tmp_path)
    assert heard.count(evil) == 2 and not (tmp_path / "evil").exists()
    start = heard.index(evil) + 1
    assert heard[start : start + 3] == ["bert-base-128", "resnet-50", "*"]


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 5, 70])
def test_the_exit_code_is_kept_for_the_last_step(tmp_path: Path, code: int) -> None:
    _, outputs = run({"AGAINST": "main"}, tmp_path, code)
    assert outputs["exit-code"] == str(code)
    verdict = ["bash", "-e", "-c", STEPS["Verdict"]["run"]]
    assert subprocess.run(verdict, env={"CODE": str(code)}, check=False).returncode == code


def commented(folder: Path, state: dict[str, Any], body: str | None, name: str = "") -> Any:
    """The step `Comment` on a pull request with these comments; the state after it."""
    files = {"script": STEPS["Comment"]["with"]["script"], "state": json.dumps(state)}
    for file, text in {**files, "stand-in.js": STAND_IN}.items():
        (folder / file).write_text(text, encoding="utf-8")
    if body is not None:
        (folder / "gate.md").write_text(body, encoding="utf-8")
    told = {"NAME": name, "CODE": "2", "COMMENT": str(folder / "gate.md")}
    command = [NODE, folder / "stand-in.js", files["script"], folder / "state"]
    subprocess.run(command, env=os.environ | told, check=True, timeout=60)
    return json.loads((folder / "state").read_text(encoding="utf-8"))


def stated(*comments: dict[str, Any], refuse: bool = False) -> dict[str, Any]:
    return {"comments": list(comments), "warnings": [], "refuse": refuse}


def test_one_comment_is_created_and_then_updated(tmp_path: Path) -> None:
    first, second = (comment(one_of_each(strict=strict)) for strict in (False, True))
    other = {"id": 1, "body": "I quote:\n<!-- isthmus-gate -->"}
    after = commented(tmp_path, stated(other), first + "é")
    assert [each["body"] for each in after["comments"]] == [other["body"], first + "é"]
    after = commented(tmp_path, after, second)
    assert [each["body"] for each in after["comments"]] == [other["body"], second]
    assert after["warnings"] == []


@pytest.mark.parametrize("name", ["gpu", "a --> <b>", "", "-->"])
def test_a_name_has_a_comment_of_its_own(tmp_path: Path, name: str) -> None:
    before = stated({"id": 1, "body": f"{marker('another')}\nold"}, {"id": 2, "body": None})
    after = commented(tmp_path, before, comment(one_of_each()), name)
    assert after["comments"][0]["body"].endswith("old")
    assert after["comments"][2]["body"] == comment(one_of_each(), name)


def test_a_gate_that_compared_nothing_says_so(tmp_path: Path) -> None:
    old = {"id": 3, "body": comment(one_of_each())}
    (only,) = commented(tmp_path, stated(old), None)["comments"]
    assert only["body"].startswith("<!-- isthmus-gate -->\n### Isthmus gate: nothing was compared")
    assert "Exit code 2" in only["body"]


def test_a_token_that_may_not_write_is_a_warning(tmp_path: Path) -> None:
    after = commented(tmp_path, stated(refuse=True), comment(one_of_each()))
    (warning,) = after["warnings"]
    assert "not written: Resource not accessible" in warning and after["comments"] == []


def test_the_examples_use_what_there_is() -> None:
    assert [path.name for path in EXAMPLES] == ["github.yml", "gitlab.yml"]
    github, gitlab = map(yaml_of, EXAMPLES)
    checkout, gate, _ = github["jobs"]["gate"]["steps"]
    assert checkout["with"]["fetch-depth"] == 0
    assert set(gate["with"]) <= set(ACTION["inputs"])
    assert github["permissions"]["pull-requests"] == "write"
    job = gitlab["isthmus-gate"]
    assert job["variables"]["GIT_DEPTH"] == "0"
    junit = job["artifacts"]["reports"]["junit"]
    assert job["artifacts"]["when"] == "always" and f"--junit {junit}" in job["script"][-1]
    for line in (*job["before_script"], *job["script"]):
        subprocess.run(["bash", "-n", "-c", line], check=True)


@pytest.mark.parametrize("path", [ROOT / "action.yml", *EXAMPLES], ids=lambda path: path.name)
def test_options_are_those_of_the_command_line(path: Path) -> None:
    said = (ROOT / "isthmus" / "cli" / "gate.py").read_text(encoding="utf-8")
    parameters = set(re.findall(r"^    (\w+): ", said, re.MULTILINE))
    used = set(re.findall(r"--([a-z]+)(?=[ \n)])", path.read_text(encoding="utf-8")))
    assert used - {"quiet"} <= parameters
