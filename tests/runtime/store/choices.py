"""What the properties of the store choose from."""

from hypothesis import strategies as st

from runtime.model.outcomes import Cancelled, Completed, Failed, Interrupted, Snoozed, TimedOut
from runtime.model.retry import Retry
from tests.runtime.obedient import Limited, Obey, Other

MODELS = st.sampled_from([Obey, Other, Limited])
WORKERS = st.sampled_from(["w1", "w2", "w3"])
ANY = st.integers(0, 1000)
PRIORITIES = st.sampled_from([None, 0, 5, 100])
OUTCOMES = st.sampled_from(
    [
        Completed(), Failed("wrong"), Failed("hopeless", final=True), TimedOut(1.0), Cancelled("enough"),
        Snoozed(0, "now"), Snoozed(30, "later"), Interrupted("stopped"),
    ]
)  # fmt: skip
RETRIES = st.sampled_from([Retry(base=10, jitter=0), Retry(base=0)])
SECONDS = st.sampled_from([0.001, 1.0, 20.0, 5000.0, -30.0])
