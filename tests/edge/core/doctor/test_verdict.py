from __future__ import annotations

from shopbell_edge.core.doctor.verdict import failed, has_failed, passed, warned


def test_only_a_fail_is_one() -> None:
    sound = [passed("daemon", "runs"), warned("memory", "nearly full", "end other programs")]
    assert not has_failed([])
    assert not has_failed(sound)
    assert has_failed([*sound, failed("kernel", "too old", "a newer one")])
