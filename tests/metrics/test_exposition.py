"""Is what is written for Prometheus what its own client reads?"""

from prometheus_client.parser import text_string_to_metric_families

from lofi_core.metrics.exposition import Family, exposition

AWKWARD = 'a "b" \\ c\nd, {e="f"} 音'


def test_a_label_comes_back_whatever_is_in_it() -> None:
    text = exposition([Family("lofi_x_total", "counter", "x", [({"a": AWKWARD, "b": ""}, 1)])])
    (family,) = text_string_to_metric_families(text)
    assert family.samples[0].labels == {"a": AWKWARD, "b": ""}


def test_help_of_several_lines_stays_help() -> None:
    text = exposition([Family("lofi_x", "gauge", "one \\n\ntwo", [({}, 0.1)])])
    (family,) = text_string_to_metric_families(text)
    assert family.documentation == "one \\n\ntwo"
    assert family.samples[0].value == 0.1


def test_numbers_keep_all_their_digits() -> None:
    values = [0, 2**53, 1e-9, 123456789.123, float("inf")]
    text = exposition([Family("lofi_x", "gauge", "x", [({"at": str(n)}, v) for n, v in enumerate(values)])])
    (family,) = text_string_to_metric_families(text)
    assert [sample.value for sample in family.samples] == values


def test_a_metric_without_a_value_is_named() -> None:
    (family,) = text_string_to_metric_families(exposition([Family("lofi_x", "gauge", "of no value", [])]))
    assert (family.name, family.type, family.samples) == ("lofi_x", "gauge", [])
