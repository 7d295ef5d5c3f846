"""A small storm on the embedded AWS: everything arrives, and what is counted fits together."""

from bench.load import storm


def test_a_storm_is_counted_whole(aws, photo):
    body = photo("storm.jpg", (320, 240)).read_bytes()
    measured = storm.run(aws.server, body, count=6, per_second=20, advance=lambda name: None)
    assert len(measured.done) == 6
    assert all(latency > 0 for latency in measured.latencies_s)
    assert all(seconds > 0 for seconds in measured.handler_s)
    assert 1 <= measured.peak_waiting <= 6
