import pytest

from runtime.errors import ConfigurationError
from web.admin import SESSION_SECONDS, AdminPolicy, Caller, Gate, is_loopback
from web.errors import Forbidden, TooManyAttempts, Unauthorized
from web.events import WebEvents

LOCAL = "127.0.0.1"
ELSEWHERE = "203.0.113.9"


class HandClock:
    """Stands still until it is moved."""

    def __init__(self):
        self.seconds = 1000.0

    def now(self):
        return self.seconds

    def monotonic(self):
        return self.seconds

    def boot(self):
        return "test"


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def gate(clock, token):
    return Gate(AdminPolicy(token), clock, WebEvents())


@pytest.fixture
def open_gate(clock):
    return Gate(AdminPolicy(), clock, WebEvents())


def test_without_a_token_whoever_is_on_this_machine_is_an_operator(open_gate):
    for address in ("127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"):
        open_gate.admit(Caller(address=address))


@pytest.mark.parametrize("address", [ELSEWHERE, "10.0.0.1", "::ffff:10.0.0.1", "fe80::1", "junk", None])
def test_without_a_token_nobody_else_is(open_gate, address):
    with pytest.raises(Forbidden):
        open_gate.admit(Caller(address=address))


def test_without_a_token_what_a_local_proxy_sends_on_is_not_local(open_gate):
    with pytest.raises(Forbidden):
        open_gate.admit(Caller(address=LOCAL, forwarded=True))


def test_with_a_token_being_local_is_not_enough(gate):
    with pytest.raises(Unauthorized):
        gate.admit(Caller(address=LOCAL))


def test_whoever_shows_the_token_is_an_operator_from_anywhere(gate, token):
    gate.admit(Caller(address=ELSEWHERE, bearer=token, forwarded=True))


@pytest.mark.parametrize("wrong", ["", "a-token", "A-TOKEN-THAT-NOBODY-GUESSES", "é", "\ud800", "x" * 10_000])
def test_a_wrong_token_is_refused(gate, wrong):
    with pytest.raises(Unauthorized):
        gate.admit(Caller(address=ELSEWHERE, bearer=wrong))


def test_after_ten_wrong_tokens_an_address_must_wait_even_with_the_right_one(gate, clock, token):
    for _ in range(10):
        with pytest.raises(Unauthorized):
            gate.admit(Caller(address=ELSEWHERE, bearer="wrong"))

    with pytest.raises(TooManyAttempts) as refused:
        gate.admit(Caller(address=ELSEWHERE, bearer=token))
    gate.admit(Caller(address=LOCAL, bearer=token))

    clock.seconds += refused.value.retry_after
    gate.admit(Caller(address=ELSEWHERE, bearer=token))


def test_right_tokens_are_not_counted(gate, token):
    for _ in range(50):
        gate.admit(Caller(address=ELSEWHERE, bearer=token))


def test_a_session_stands_for_the_token_until_it_is_closed(gate):
    session = gate.open_session()
    gate.admit(Caller(address=ELSEWHERE, session=session))

    gate.close_session(session)

    with pytest.raises(Unauthorized):
        gate.admit(Caller(address=ELSEWHERE, session=session))


def test_a_session_ends_after_twelve_hours(gate, clock):
    session = gate.open_session()
    clock.seconds += SESSION_SECONDS

    with pytest.raises(Unauthorized):
        gate.admit(Caller(address=LOCAL, session=session))


def test_a_session_that_was_never_opened_is_refused(gate):
    gate.open_session()
    with pytest.raises(Unauthorized):
        gate.admit(Caller(address=LOCAL, session="made-up"))


def test_sessions_differ_and_are_long(gate):
    first, second = gate.open_session(), gate.open_session()
    assert first != second
    assert len(first) >= 32


def test_a_form_token_is_good_for_its_session_only(gate):
    session, other = gate.open_session(), gate.open_session()
    gate.check_form(gate.form_token(session), session)

    for wrong in (gate.form_token(other), gate.form_token(None), "", "é", "\ud800"):
        with pytest.raises(Forbidden):
            gate.check_form(wrong, session)


def test_a_form_token_of_another_server_is_refused(gate, open_gate):
    with pytest.raises(Forbidden):
        gate.check_form(open_gate.form_token(None), None)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "shop.example"])
def test_other_addresses_are_not_listened_on_without_a_token(host, token):
    with pytest.raises(ConfigurationError, match="CRECHE_ADMIN_TOKEN"):
        AdminPolicy().check_address(host)
    AdminPolicy(token).check_address(host)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost", "LOCALHOST"])
def test_loopback_addresses_are(host):
    AdminPolicy().check_address(host)
    assert is_loopback(host)


def test_the_token_comes_from_the_environment_and_an_empty_one_is_none():
    assert AdminPolicy.read({"CRECHE_ADMIN_TOKEN": " secret "}).token == "secret"
    assert AdminPolicy.read({"CRECHE_ADMIN_TOKEN": " "}).token is None
    assert AdminPolicy.read({}).token is None


@pytest.mark.parametrize("bad", ["two words", "päss", "a\x00b"])
def test_a_token_that_no_header_can_carry_is_refused(bad):
    with pytest.raises(ConfigurationError):
        AdminPolicy.read({"CRECHE_ADMIN_TOKEN": bad})


def test_neither_policy_nor_caller_shows_its_secret(token):
    caller = Caller(address=LOCAL, bearer=token, session=token)
    assert token not in repr(AdminPolicy(token)) + repr(caller)
