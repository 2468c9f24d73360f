"""GPUs by their words: how people write them, and which types of a cloud have them."""

from __future__ import annotations

import pytest

from im.domain.errors import Refused
from im.domain.spec.gpu import Gpus, parse_gpus, types_with
from im.providers import registry


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("h100", "h100:1"),
        ("h100:8", "h100:8"),
        ("8xh100", "h100:8"),
        ("H100-80GB:2", "h100-80gb:2"),
        ("a100-80gb", "a100-80gb:1"),
        ("A100_80GB:8", "a100-80gb:8"),
        ("nvidia-tesla-t4:4", "t4:4"),
        ("nvidia-h100-80gb:8", "h100-80gb:8"),
        ("h100-sxm5", "h100:1"),
        ("RTX 6000 Ada", "rtx6000ada:1"),
        ("mi300x:8", "mi300x:8"),
    ],
)
def test_a_gpu_is_written_in_many_ways(typed: str, meant: str) -> None:
    assert str(parse_gpus(typed)) == meant


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("h1000", "did you mean h100?"),
        ("voodoo2", "known: a10, a100"),
        ("a100-60gb", "there is a100-40gb and a100-80gb"),
        ("h100:32", "write h100:1 to h100:16"),
        ("h100:0", "write h100:1"),
        ("", "write --gpu h100"),
        ("gpu!", "write --gpu h100"),
    ],
)
def test_what_is_none_is_refused_with_what_there_is(typed: str, told: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_gpus(typed)
    assert told in f"{refused.value} {refused.value.hint}"


CATALOGUE = {"small": "a100-40gb:1", "large": "a100-80gb:8", "larger": "a100-40gb:8", "other": "t4-16gb:1"}


def test_a_word_without_memory_means_every_kind_of_it_and_one_with_it_that_alone() -> None:
    assert types_with(Gpus("a100", 8), CATALOGUE, "there") == ("large", "larger")
    assert types_with(Gpus("a100", 8, 40), CATALOGUE, "there") == ("larger",)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Gpus("a100", 4), "there sells no machine with a100:4 it has a100-40gb:1, a100-40gb:8, a100-80gb:8"),
        (Gpus("a100", 1, 80), "there sells no machine with a100-80gb:1 it has a100-80gb:8"),
        (Gpus("t4", 1, 32), "there sells no t4 with 32 GB it has t4-16gb:1"),
        (Gpus("h100", 1), "there sells no h100 it has a100-40gb:1, a100-40gb:8, a100-80gb:8, t4-16gb:1"),
    ],
)
def test_what_a_cloud_does_not_sell_is_refused_with_what_it_does(wanted: Gpus, told: str) -> None:
    with pytest.raises(Refused) as refused:
        types_with(wanted, CATALOGUE, "there")
    assert f"{refused.value} {refused.value.hint}" == told


@pytest.mark.parametrize("cloud", registry.names())
def test_what_a_cloud_says_of_its_types_can_be_read_and_names_their_memory(cloud: str) -> None:
    for written in registry.profile(cloud).capabilities.gpus.values():
        read = parse_gpus(written)
        assert (str(read), read.memory is not None) == (written, True)
