from shop.webhooks.breaker import AT_ONCE, LONGEST_PAUSE, PACE, TRIP_AFTER, Health, wait

NOW = 1000.0


def after_failures(number: int, now: float = NOW) -> Health:
    health = Health()
    for _ in range(number):
        health = health.failed(now)
    return health


def test_a_sound_endpoint_gets_a_few_requests_at_once() -> None:
    assert Health().capacity(NOW) == AT_ONCE
    assert after_failures(TRIP_AFTER - 1).capacity(NOW) == AT_ONCE


def test_failures_in_a_row_pause_it_and_then_it_is_on_trial() -> None:
    tripped = after_failures(TRIP_AFTER)

    assert tripped.paused_until == NOW + 60
    assert [tripped.capacity(moment) for moment in (NOW, NOW + 59.9, NOW + 60)] == [0, 0, 1]


def test_each_failed_trial_doubles_the_pause_up_to_an_hour() -> None:
    pauses = [(after_failures(TRIP_AFTER + more).paused_until or 0) - NOW for more in range(9)]

    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert after_failures(5000).paused_until == NOW + LONGEST_PAUSE


def test_an_endpoint_that_asks_to_be_left_alone_is_and_does_not_count_as_failing() -> None:
    resting = Health().asked_to_wait(NOW + 30)

    assert (resting.capacity(NOW + 29), resting.capacity(NOW + 30)) == (0, AT_ONCE)
    assert resting.asked_to_wait(NOW + 10) == resting


def test_those_that_wait_come_back_after_the_pause_and_spread_out() -> None:
    paused = after_failures(TRIP_AFTER)

    assert wait(paused, NOW, waiting=1, chance=0) == 61
    assert wait(paused, NOW, waiting=100, chance=0.5) == 61 + 50 * PACE
    assert wait(Health(), NOW, waiting=1, chance=0) == 1
