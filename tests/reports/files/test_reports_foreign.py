"""Files of other tools: which tool wrote them, and what of them is a median.

`data/benchmark_app*` are what OpenVINO 2026.4.1's benchmark_app wrote for MobileNetV2.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import DATA
from result_files import benchmark, document, write

from isthmus.errors import FileError, UsageError
from isthmus.reports import Names, Result, build_report, names_of, read

# By name: the first lines of what a tool prints, and how it writes a file instead.
PRINTED = {
    "benchmark_app": (
        "[Step 1/11] Parsing and validating input arguments\n[ INFO ] Parsing input parameters\n",
        "run it with -report_type no_counters -json_stats, and give its benchmark_report.json",
    ),
    "onnxruntime_perf_test": (
        "Setting intra_op_num_threads to 2\nSession creation time cost: 0.0412 s\n",
        "name a result file after the model in its command line",
    ),
    "onnxruntime_perf_test of 2023": (
        "Total time cost:0.45\nTotal iterations:100\nAverage time cost:4.5 ms\n",
        "name a result file after the model in its command line",
    ),
}
TABLE = "net,0.0044,94371840,98,0\nnet,0.0044,94371840,98,1\n"


def result(path: Path, names: str = "") -> Result:
    (one,) = read(path, names_of(names) if names else Names()).results
    return one


def of_text(tmp_path: Path, content: str, name: str = "net.txt") -> Result:
    path = tmp_path / name
    path.write_text(content)
    return result(path)


def test_benchmark_apps_json_is_read() -> None:
    found = result(DATA / "benchmark_app.json")
    assert (found.workload, found.variant, found.threads) == ("mobilenet-v2", "benchmark-app", 2)
    assert found.latency_ms == pytest.approx(2.10) and found.batch == 1
    assert found.scenario == "single-stream" and found.precision == ""
    seconds = (found.load_seconds, found.compile_seconds, found.first_inference_seconds)
    assert seconds == pytest.approx((0.06445, 0.15502, 0.00479))


@pytest.mark.parametrize("name", PRINTED)
def test_what_a_tool_prints_is_refused_with_the_option_that_writes_a_file(
    tmp_path: Path, name: str
) -> None:
    content, step = PRINTED[name]
    with pytest.raises(FileError, match=f"is what {name.split()[0]} printed; {step}"):
        of_text(tmp_path, content)


def test_requests_at_once_are_another_scenario_with_a_rate() -> None:
    found = result(DATA / "benchmark_app.csv")
    assert found.scenario == "2 requests at once"
    assert found.latency_ms == pytest.approx(4.07)
    assert found.requests_per_second == 443.09  # not 1 / 4.07 ms = 246


def test_two_runs_in_one_report_are_refused(tmp_path: Path) -> None:
    """The second would stand for both."""
    content = (DATA / "benchmark_app.csv").read_text()
    with pytest.raises(FileError, match="holds 2 runs; give a file for each"):
        of_text(tmp_path, content + content)


def test_the_cpp_tools_json_is_read(tmp_path: Path) -> None:
    content = (
        '{"cmd_options": [{"nthreads": 2}, {"m": "nets/resnet-50.xml"}],'
        ' "configuration_setup": {"batch_size": 4, "nireq": 1},'
        ' "execution_results": {"latency_median": 12.5, "percentile_boundary": 50,'
        ' "latency_avg": 13.0, "throughput": 307.7}}'
    )
    found = of_text(tmp_path, content, "report.json")
    assert (found.workload, found.batch, found.threads) == ("resnet-50", 4, 2)
    assert (found.latency_ms, found.requests_per_second) == pytest.approx((12.5, 320))
    ninetieth = content.replace('"percentile_boundary": 50', '"percentile_boundary": 90')
    with pytest.raises(FileError, match="has the 90th percentile of the latency, not the median"):
        of_text(tmp_path, ninetieth, "report.json")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"latency (ms)": "2.10", ', "", "has no median latency"),
        ('"latency (ms)": "2.10"', '"latency (ms)": "0.00"', "has no median latency"),
        ('"latency (ms)": "2.10"', '"latency (ms)": "nan"', "is 'nan': expected `float` >= 0"),
        ('"latency (ms)": "2.10"', '"latency (ms)": "fast"', "is 'fast': expected `float`"),
        ('"throughput": "415.94"', '"error": "out of memory"', "benchmark_app failed"),
        ('"batch size": "1"', '"batch size": "1.5"', "is '1.5': expected `int`"),
    ],
)
def test_a_report_without_a_median_is_refused(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    content = (DATA / "benchmark_app.json").read_text()
    assert old in content
    with pytest.raises(FileError, match=says):
        of_text(tmp_path, content.replace(old, new), "report.json")


def test_another_percentile_is_not_the_median() -> None:
    with pytest.raises(FileError, match=r"latency \(90 percentile\) \(ms\), not the median"):
        read(DATA / "benchmark_app_p90.json")


@pytest.mark.parametrize(
    "line",
    ["{model},0.00{ms},94371840,98,{run}", "{model},0.0009,0.00{ms},94371840,98,{run}"],
)
def test_perf_tests_result_file_has_raw_times(tmp_path: Path, line: str) -> None:
    runs = [(44, 0), (45, 1), (43, 2), (46, 0), (47, 1)]  # appended to: two processes
    lines = [line.format(model="a,b", ms=ms, run=run) for ms, run in runs]
    found = of_text(tmp_path, "\n".join([*lines, "", "P50 Latency: 0.0044 s", ""]))
    assert found.rounds == ((0.0044, 0.0045, 0.0043), (0.0046, 0.0047))
    assert (found.workload, found.median_seconds) == ("a,b", 0.0045)


def test_runs_of_two_models_are_refused(tmp_path: Path) -> None:
    content = "a,0.1,1,98,0\nb,0.1,1,98,0\n"
    with pytest.raises(FileError, match="has runs of a and b; give a file per model"):
        of_text(tmp_path, content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data(), st.sampled_from(sorted(path.name for path in DATA.glob("benchmark_app*"))))
def test_any_damage_is_read_or_refused(tmp_path: Path, data: st.DataObject, name: str) -> None:
    content = (DATA / name).read_text()
    at = data.draw(st.integers(0, len(content)))
    cut = data.draw(st.integers(0, 40))
    damaged = content[:at] + data.draw(st.text(max_size=8)) + content[at + cut :]
    path = tmp_path / name
    path.write_text(damaged, encoding="utf-8", errors="replace")
    try:
        assert all(result.median_seconds > 0 for result in read(path).results)
    except FileError as refusal:
        assert "\n" not in str(refusal)


def test_foreign_results_have_a_latency_and_no_speedup(tmp_path: Path) -> None:
    ours = write(
        tmp_path / "ours.json",
        document([benchmark("mobilenet-v2", name, [[0.01]] * 3) for name in ("numpy", "cpu")]),
    )
    made = build_report([ours, DATA / "benchmark_app.json"])
    row = made.rows[2]
    assert (row.variant, row.note, row.speedup) == ("benchmark-app", "no parity", None)
    cells = [cell.text for cell in made.tables[0].rows[2]]
    assert "benchmark_app" in cells and "not compared" in cells and "2.10" in cells


def test_names_stand_for_what_a_foreign_file_does_not_say(tmp_path: Path) -> None:
    table = tmp_path / "out.csv"
    table.write_text(TABLE)
    given_names = [names_of("workload=mini, threads=2,batch=8,precision=f32,variant=x")]
    ours = write(tmp_path / "ours.json", document([benchmark("net", "cpu", [[0.1]] * 3)]))
    first, second = build_report([ours, table], names=given_names).files
    found = second.results[0]
    assert (found.workload, found.variant, found.batch) == ("mini", "x", 8)
    assert (found.threads, found.precision) == (2, "f32")
    assert found.requests_per_second == pytest.approx(8 / 0.0044)
    assert first.results[0].workload == "net"


def test_names_go_to_the_foreign_files_in_their_order(tmp_path: Path) -> None:
    paths = [DATA / "benchmark_app.json", DATA / "benchmark_app.csv"]
    names = [names_of("workload=a"), names_of("workload=b")]
    files = build_report(paths, names=names).files
    assert [file.results[0].workload for file in files] == ["a", "b"]
    for wrong in (names * 2, [*names, names[0]]):
        with pytest.raises(UsageError, match="times for 2 foreign files"):
            build_report(paths, names=wrong)
    ours = write(tmp_path / "ours.json", document([benchmark("net", "cpu", [[0.1]] * 3)]))
    with pytest.raises(UsageError, match="1 times for 0 foreign files"):
        build_report([ours], names=names[:1])


def test_one_variant_cannot_name_several_benchmarks(tmp_path: Path) -> None:
    bare = [{"name": name, "stats": {"median": 0.1}} for name in ("test_f", "test_g")]
    path = write(tmp_path / "suite.json", document(bare))
    assert {found.threads for found in read(path, names_of("threads=3")).results} == {3}
    with pytest.raises(FileError, match="has 2 benchmarks, all to be called x"):
        read(path, names_of("variant=x"))
