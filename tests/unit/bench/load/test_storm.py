from bench.load.storm import Measured


def test_peak_and_drain_of_a_storm_by_hand():
    measured = Measured(
        depths=[], uploads=[0.0, 1.0, 2.0, 3.0], done=[0.5, 4.0, 5.0, 6.0], handler_s=[1.0] * 4
    )
    assert measured.peak_waiting == 3
    assert measured.drained_s == 3.0
    assert measured.latencies_s == [0.5, 3.0, 3.0, 3.0]
