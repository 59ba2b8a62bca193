from shop.texts import day_of, money


def test_money_has_two_decimals_and_groups_thousands() -> None:
    assert [money(cents) for cents in (0, 5, 8999, 123_456_789)] == [
        "$0.00",
        "$0.05",
        "$89.99",
        "$1,234,567.89",
    ]


def test_days_are_those_of_utc() -> None:
    assert day_of(1_767_225_600.0) == "2026-01-01"
    assert day_of(1_767_225_599.0) == "2025-12-31"
