import pytest

from shop.webhooks.errors import UnusableUrl
from shop.webhooks.urls import LONGEST_URL, Target, parse_url


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("https://a.example", Target("https", "a.example", 443, "/")),
        ("https://a.example:443/x?y=1&z", Target("https", "a.example", 443, "/x?y=1&z")),
        ("HTTPS://A.Example./x", Target("https", "a.example", 443, "/x")),
        ("https://bücher.example/", Target("https", "xn--bcher-kva.example", 443, "/")),
        ("https://under_score.example/", Target("https", "under_score.example", 443, "/")),
        ("http://127.0.0.1:9999/hook", Target("http", "127.0.0.1", 9999, "/hook")),
        ("https://[2606:2800:0::1]/", Target("https", "2606:2800::1", 443, "/")),
        ("https://①②⑦.⓪.⓪.①/", Target("https", "127.0.0.1", 443, "/")),
    ],
)
def test_a_url_is_taken_apart_into_what_is_connected_to(text: str, target: Target) -> None:
    assert parse_url(text) == target


@pytest.mark.parametrize(
    "text",
    [
        *("", "a.example", "//a.example", "https://", "https:///x", "https:a.example"),
        *("ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "javascript:alert(1)"),
        *("https://user@a.example/", "https://user:word@a.example/", "https://@a.example/"),
        *("https://x#@a.example/", "https://a.example/#part", "https://x\\@a.example/"),
        *(
            "https://a.example/\r\nX: y",
            "https://a.example/a b",
            "https://a.example/\x00",
            "\thttps://a.example",
        ),
        *("https://a.example:0/", "https://a.example:99999/", "https://a.example:x/", "https://a.example/ü"),
        *("https://127.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://0/"),
        *(
            "https://0x7f000001/",
            "https://1.2.3/",
            "https://1.2.3.4.5/",
            "https://a.0x/",
            "https://256.1.1.1/",
        ),
        *("https://[fe80::1%25lo]/", "https://[fe80::1%lo]/", "https://[::1/", "https://[v1.x]/"),
        *("https://a..example/", "https://-a.example/", "https://a*.example/", "https://.a.example/"),
        *("https://" + "a" * 64 + ".example/", "https://" + "a." * 127 + "example/"),
        "https://a.example/" + "x" * LONGEST_URL,
    ],
)
def test_what_nothing_is_sent_to_is_refused(text: str) -> None:
    with pytest.raises(UnusableUrl) as refused:
        parse_url(text)

    assert [error.field for error in refused.value.errors] == ["url"]


@pytest.mark.parametrize(
    ("text", "authority", "ordinary"),
    [
        ("https://a.example/", "a.example", True),
        ("https://a.example:8443/", "a.example:8443", False),
        ("http://a.example/", "a.example", False),
        ("http://[2606:2800::1]:81/", "[2606:2800::1]:81", False),
    ],
)
def test_the_host_header_names_a_port_that_is_not_the_usual_one(
    text: str, authority: str, ordinary: bool
) -> None:
    target = parse_url(text)

    assert (target.authority, target.ordinary) == (authority, ordinary)
