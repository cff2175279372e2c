"""Price lists: ours, the user's, and those of others; a price is dated, sourced and above zero."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from isthmus.errors import FileError, UsageError
from isthmus.reports.money.cores import vcpus_per_core
from isthmus.reports.money.price import Price, Wanted
from isthmus.reports.money.price_lists import above_zero
from isthmus.reports.money.prices import DEFAULT_INSTANCES, price_list, read_prices


def ours() -> dict[str, Price]:
    return {price.instance: price for price in read_prices()}


def test_our_prices_are_positive_dated_and_hold_the_selection() -> None:
    prices = ours()
    assert set(DEFAULT_INSTANCES) <= set(prices)
    assert (prices["c5.xlarge"].usd_per_hour, prices["g4dn.xlarge"].usd_per_hour) == (0.17, 0.526)
    assert (prices["c5.18xlarge"].vcpus, prices["m7a.48xlarge"].usd_per_hour) == (72, 11.12832)
    dates = {"aws": "2026-07-20", "azure": "2026-06-18", "gcp": "2025-03-06"}
    assert {(price.provider, price.date) for price in prices.values()} == set(dates.items())
    assert {price.price_model for price in prices.values()} == {"on-demand"}


@pytest.mark.parametrize(
    ("instance", "accelerator", "count", "usd"),
    [
        ("g4dn.12xlarge", "T4", 4, 3.912),
        ("g5.16xlarge", "A10G", 1, 4.096),
        ("g6e.48xlarge", "L40S", 8, 30.13118),
        ("p4d.24xlarge", "A100 SXM4 40GB", 8, 21.957642),
        ("p5.48xlarge", "H100 80GB HBM3", 8, 55.04),
    ],
)
def test_boxes_of_several_accelerators_say_how_many(
    instance: str, accelerator: str, count: int, usd: float
) -> None:
    price = ours()[instance]
    assert (price.accelerator, price.accelerators) == (accelerator, count)
    assert price.usd_per_hour == usd


def test_other_price_models_are_there_where_they_have_a_source() -> None:
    for model, usd in (("on-demand", 3.673385), ("spot", 1.293355), ("reserved-1-year", 2.314207)):
        found = [p for p in read_prices(wanted=Wanted(price_model=model)) if p.provider == "gcp"]
        assert [(p.instance, p.region, p.usd_per_hour) for p in found] == [
            ("a2-highgpu-1g", "us-east1", usd)
        ]
    assert {price.region for price in read_prices(wanted=Wanted(region="eastus"))} == {"eastus"}


@pytest.mark.parametrize(
    ("provider", "instance", "arch", "expected"),
    [
        ("aws", "c5.xlarge", "x86_64", 2),
        ("aws", "c7i.large", "x86_64", 2),
        ("aws", "c6a.large", "x86_64", 2),
        ("aws", "c7a.large", "x86_64", 1),
        ("aws", "m8a.xlarge", "x86_64", 1),
        ("aws", "c7g.large", "arm64", 1),
        ("azure", "F4as_v6", "x86_64", 1),
        ("azure", "D4as_v5", "x86_64", 2),
        ("other", "c7a.large", "x86_64", 2),
    ],
)
def test_a_vcpu_is_half_a_core_but_for_the_table(
    provider: str, instance: str, arch: str, expected: int
) -> None:
    assert vcpus_per_core(provider, instance, arch) == expected


def price_file(tmp_path: Path, *rows: dict[str, str]) -> Path:
    """A list of ours with a row for each change."""
    row = {"provider": "own", "instance": "rack-1", "vcpus": "8", "region": "cellar", "os": "linux"}
    row |= {"price_model": "owned", "usd_per_hour": "0.05", "date": "2026-11-01", "source": "bill"}
    every = [row | cells for cells in rows or ({},)]
    path = tmp_path / "prices.csv"
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys(name for one in every for name in one)))
        writer.writeheader()
        writer.writerows(every)
    return path


def test_a_list_of_ones_own_is_read_with_its_optional_columns(tmp_path: Path) -> None:
    cells = {"vcpus_per_core": "1", "peak_gflop_per_core": "120.5", "memory_gib": "32"}
    (price,) = read_prices(price_file(tmp_path, cells))
    assert (price.cores, price.peak_gflop_per_core, price.memory_gib) == (8, 120.5, 32)
    (plain,) = read_prices(price_file(tmp_path))
    assert (plain.cores, plain.peak_gflop_per_core, plain.accelerators) == (4, None, 0)
    (gpu,) = read_prices(price_file(tmp_path, {"accelerator": "T4"}))
    assert gpu.accelerators == 1


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        *(("usd_per_hour", cell) for cell in ("0", "0.0", "-1", "nan", "inf", "free", "")),
        ("vcpus", "0"),
        ("vcpus", "1.5"),
        ("date", "last week"),
        ("region", ""),
        ("accelerators", "0"),
        ("peak_gflop_per_core", "fast"),
    ],
)
def test_a_price_that_is_none_is_refused(tmp_path: Path, column: str, cell: str) -> None:
    with pytest.raises(FileError, match=rf"line 2: rack-1: {column} is .*;"):
        read_prices(price_file(tmp_path, {column: cell}))


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "\0", "[]", "{}"])
def test_other_files_are_no_price_list(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(content)
    with pytest.raises(FileError):
        read_prices(path)
    with pytest.raises(FileError, match="give a price list"):
        read_prices(tmp_path / "absent.csv")


def test_a_region_that_the_list_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no price with region attic; it has cellar"):
        read_prices(price_file(tmp_path), Wanted(region="attic"))
    two = price_file(tmp_path, {}, {"region": "attic", "usd_per_hour": "0.04"})
    assert [p.usd_per_hour for p in read_prices(two, Wanted(region="attic"))] == [0.04]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        *(("0.17", 0.17), (4, 4.0), (" 2 ", 2.0)),
        *(("0", None), (0.0, None), ("-1", None), ("nan", None), ("1e999", None), (10**400, None)),
        *((None, None), (True, None), ("", None), ([], None)),
    ],
)
def test_only_numbers_above_zero_are_prices(cell: object, number: float | None) -> None:
    assert above_zero(cell) == number


def instance(name: str, usd: Any = "0.17", **facts: Any) -> dict[str, Any]:
    """An object of instances.json."""
    reserved = {"yrTerm1Standard.noUpfront": "0.107", "yrTerm1Standard.allUpfront": "0.1"}
    linux = {"ondemand": usd, "reserved": reserved, "spot_avg": "0.0721"}
    pricing = {"us-east-1": {"linux": linux, "mswin": {"ondemand": "0.354"}}, "eu-west-1": "N/A"}
    return {
        "instance_type": name,
        "vCPU": 4,
        "memory": 8.0,
        "arch": ["x86_64"],
        "GPU": 0,
        "GPU_model": None,
        "pricing": pricing,
    } | facts


INSTANCES = [
    instance("c5.xlarge"),
    instance("c7g.xlarge", "0.145", arch=["arm64"]),
    instance("g4dn.12xlarge", "3.912", vCPU=48, GPU=4, GPU_model="NVIDIA T4 Tensor Core"),
    instance("g6f.large", "0.202", GPU=0.125, GPU_model="NVIDIA L4"),
    instance("mystery.gpu", "1.0", GPU=1, GPU_model=None),
    instance("m5.xlarge", "0.0"),
    instance("m5.large", None),
    instance("m5.small", pricing={"eu-west-1": {"linux": {"ondemand": "0.1"}}}),
    instance("m5.tiny", pricing={"us-east-1": "N/A"}),
    instance("m5.odd", pricing=[]),
    "no object",
]


def listed(tmp_path: Path, content: Any = None) -> Path:
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(INSTANCES if content is None else content))
    os.utime(path, (1_790_000_000, 1_790_000_000))  # 2026-09-21
    return path


def test_ec2instances_are_read_in_one_region(tmp_path: Path) -> None:
    found = price_list(listed(tmp_path), Wanted(region="us-east-1"))
    prices = {price.instance: price for price in found.prices}
    assert list(prices) == ["c5.xlarge", "c7g.xlarge", "g4dn.12xlarge"]
    assert (prices["c5.xlarge"].usd_per_hour, prices["c5.xlarge"].cores) == (0.17, 2)
    assert (prices["c7g.xlarge"].arch, prices["c7g.xlarge"].cores) == ("arm64", 4)
    box = prices["g4dn.12xlarge"]
    assert (box.accelerator, box.accelerators, box.vcpus) == ("T4", 4, 48)
    assert (box.region, box.os, box.price_model) == ("us-east-1", "linux", "on-demand")


def test_broken_rows_are_skipped_counted_and_refused_by_name(tmp_path: Path) -> None:
    found = price_list(listed(tmp_path), Wanted(region="us-east-1"))
    assert found.skipped["m5.xlarge"] == "price '0.0', not a number above zero"
    assert found.skipped["g6f.large"] == "a fraction of an accelerator"
    (note,) = found.notes()
    assert "7 of 10 instances left out" in note and "not offered in us-east-1 (2)" in note
    for name, why in (("m5.xlarge", "price '0.0'"), ("m5.large", "no on-demand price")):
        with pytest.raises(UsageError, match=rf"instance {name}: no price \({why}"):
            found.choose([name])
    with pytest.raises(UsageError, match=r"instance c9\.huge: no price; name one of the list"):
        found.choose(["c9.huge"])


@pytest.mark.parametrize(("model", "usd"), [("spot", 0.0721), ("reserved-1-year", 0.107)])
def test_ec2instances_have_other_price_models(tmp_path: Path, model: str, usd: float) -> None:
    path = listed(tmp_path, [instance("c5.xlarge")])
    (price,) = read_prices(path, Wanted("us-east-1", model))
    assert (price.usd_per_hour, price.price_model) == (usd, model)


def test_the_date_is_the_users_or_the_files(tmp_path: Path) -> None:
    path = listed(tmp_path)
    asked = read_prices(path, Wanted("us-east-1", date="2026-07-20"))[0]
    assert (asked.date, "dated by the user" in asked.source) == ("2026-07-20", True)
    found = read_prices(path, Wanted("us-east-1"))[0]
    assert (found.date, "dated by the file's modification" in found.source) == ("2026-09-21", True)
    with pytest.raises(FileError, match="not YYYY-MM-DD"):
        read_prices(path, Wanted("us-east-1", date="July"))


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(), r"2 regions; name one with --region \(eu-west-1, us-east-1\)"),
        (Wanted("mars"), "no region mars; it has eu-west-1"),
        (Wanted("us-east-1", "free"), "no price model free; use one of on-demand, spot"),
    ],
)
def test_what_a_list_cannot_give_is_refused(tmp_path: Path, wanted: Wanted, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_prices(listed(tmp_path), wanted)


def test_a_list_without_one_price_is_an_error(tmp_path: Path) -> None:
    path = listed(tmp_path, [instance("m5.xlarge", "0")])
    with pytest.raises(FileError, match=r"no usable price \(price '0', not a number above zero\)"):
        read_prices(path, Wanted("us-east-1"))
    broken = tmp_path / "cut.json"
    broken.write_text(json.dumps(INSTANCES)[:-20])
    with pytest.raises(FileError, match="is not JSON"):
        read_prices(broken, Wanted("us-east-1"))


VMS = """\
InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone,Arch
c5.xlarge,,,4.0,8.0,,0.17,0.0721,us-east-1,us-east-1a,x86_64
c5.xlarge,,,4.0,8.0,,0.17,0.0698,us-east-1,us-east-1b,x86_64
c5.xlarge,,,4.0,8.0,,0.194,0.08,eu-west-1,eu-west-1a,x86_64
c7g.xlarge,,,4.0,8.0,,0.145,,us-east-1,us-east-1a,arm64
g4dn.xlarge,T4,1.0,4.0,16.0,"{'Gpus': [{'Name': 'T4'}]}",0.526,0.2,us-east-1,us-east-1a,x86_64
p4de.24xlarge,A100-80GB,8.0,96.0,1152.0,,27.44705,,us-east-1,us-east-1a,x86_64
m5.xlarge,,,4.0,16.0,,0.0,,us-east-1,us-east-1a,x86_64
m5.large,,,,8.0,,0.096,,us-east-1,us-east-1a,x86_64
only.there,,,4.0,8.0,,0.5,,eu-west-1,eu-west-1a,x86_64
"""


def catalogue(tmp_path: Path, content: str = VMS, provider: str = "aws") -> Path:
    path = tmp_path / provider / "vms.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    return path


def test_skypilot_catalogues_are_read_in_one_region(tmp_path: Path) -> None:
    found = price_list(catalogue(tmp_path), Wanted("us-east-1"))
    prices = {price.instance: price for price in found.prices}
    assert list(prices) == ["c5.xlarge", "c7g.xlarge", "g4dn.xlarge", "p4de.24xlarge"]
    assert (prices["c5.xlarge"].provider, prices["c5.xlarge"].usd_per_hour) == ("aws", 0.17)
    assert (prices["p4de.24xlarge"].accelerator, prices["p4de.24xlarge"].accelerators) == (
        "A100 80GB",
        8,
    )
    assert found.skipped == {
        "m5.xlarge": "price '0.0', not a number above zero",
        "m5.large": "vCPUs '', not a whole number",
        "only.there": "not offered in us-east-1",
    }


def test_skypilot_spot_prices_are_those_of_the_cheapest_zone(tmp_path: Path) -> None:
    prices = read_prices(catalogue(tmp_path), Wanted("us-east-1", "spot"))
    assert {price.instance: price.usd_per_hour for price in prices} == {
        "c5.xlarge": 0.0698,
        "g4dn.xlarge": 0.2,
    }


def test_hosts_priced_apart_from_their_accelerators_are_left_out(tmp_path: Path) -> None:
    head = VMS.splitlines()[0]
    rows = [
        "n2-standard-4,,,4,16,,0.194,0.05,us-east1,us-east1-b,",
        ",A100,1,,,,2.9,0.9,us-east1,b,",
    ]
    rows.append("a2-highgpu-1g,,,12,85,,0.74,0.2,us-east1,us-east1-b,")
    found = price_list(catalogue(tmp_path, "\n".join([head, *rows]), "gcp"))
    assert [price.instance for price in found.prices] == ["n2-standard-4"]
    assert "rows of their own" in found.skipped["a2-highgpu-1g"]
