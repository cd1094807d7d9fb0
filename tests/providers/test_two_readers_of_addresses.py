"""An address is read the same by us and by the HTTP client that calls it, or it is none: else the key goes astray.

We decide about a URL (is it the provider's? may it see the key?) by our own reading, and aiohttp calls it by yarl's.
Where two readers differ, an attacker writes an address that is the provider's to one and his to the other.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yarl import URL

from fluxroom.providers.untrusted import address, amount, identifier, number, plain, whole, wording

HOSTS = st.sampled_from(["api.bfl.ai", "queue.fal.run", "evil.example", "127.0.0.1", "[::1]", "localhost", "a.b-c.de"])
PIECES = st.sampled_from(
    [
        *("http", "https", ":", "/", "//", "@", "\\", "?", "#", "%2f", "%40", "%00", "..", ".", ":443", ":80", ":0443"),
        *("user", "api.bfl.ai", "evil.example", "127.0.0.1", "[::1]", "\t", "\n", " ", "\u3002", "\uff0f", "\u2044"),
        *("xn--", "ß", "_", ":99999", ":-1", "%", ";", "&", "=", "a", "0x7f.1", "2130706433", "017700000001"),
    ]
)
addresses = st.lists(PIECES, min_size=1, max_size=9).map("".join)
likely = st.tuples(st.sampled_from(["http://", "https://", "HTTPS://"]), HOSTS, st.lists(PIECES, max_size=5)).map(
    lambda parts: parts[0] + parts[1] + "".join(parts[2])
)


@given(addresses | likely | st.text(max_size=60).map(lambda text: f"https://{text}"))
@example("https://api.bfl.ai@evil.example/x")
@example("https://evil.example\\@api.bfl.ai/x")
@example("https://api.bfl.ai%40evil.example/")
@example("https://api.bfl.ai%2eevil.example/")
@example("https://api.bfl.ai:443@evil.example")
@example("https://api.bfl.ai#@evil.example/")
@example("https://api.bfl.ai?@evil.example/")
@example("https://api.bfl.ai;evil.example/")
@example("https://api.bfl.ai\t.evil.example/")
@example("https:///api.bfl.ai/")
@example("https:api.bfl.ai/")
@example("https://api.bfl.ai\u3002evil.example/")
@settings(max_examples=800, deadline=None)
def test_whom_we_believe_to_call_is_who_is_called(url: str) -> None:
    ours = address(url)
    if ours is None:
        return
    called = URL(url)
    assert (called.scheme, called.port) == (ours.scheme, ours.port)
    assert (called.raw_host or "").lower().strip("[]") == ours.host.strip("[]")
    assert called.user is None
    assert called.password is None
    read = urlsplit(url)
    assert (read.hostname or "").lower() == ours.host.strip("[]")
    assert "@" not in read.netloc


@given(likely)
@settings(max_examples=400, deadline=None)
def test_where_we_believe_to_call_is_what_is_called(url: str) -> None:
    """A path that climbs would leave the folder that was checked, once the client has tidied it up."""
    ours = address(url)
    if ours is None:
        return
    assert not any(step in {".", ".."} for step in ours.path.split("/"))
    tidied = URL(url).path
    base = address(f"{ours.scheme}://{ours.host}:{ours.port}/v1")
    assert base is not None
    if ours.under(base):
        assert f"{tidied}/".startswith("/v1/")


@given(st.sampled_from(["bfl.ai", "fal.run", "fal.media"]), st.text("abz.-0", max_size=12), st.booleans())
@settings(max_examples=300, deadline=None)
def test_only_the_domain_itself_and_what_lies_below_it(domain: str, other: str, behind: bool) -> None:
    host = f"{domain}{other}" if behind else f"{other}{domain}"
    found = address(f"https://{host}/x")
    if found is not None and found.within(domain):
        assert host == domain or host.endswith(f".{domain}")


@pytest.mark.parametrize(
    "url",
    ["http://api.bfl.ai/x", "https://api.bfl.ai:8443/x", "https://api.bfl.ai.evil.example/", "https://evilbfl.ai/",
     "https://bfl.ai.", "https://.bfl.ai/", "https://-.bfl.ai/", "https://a..bfl.ai/", f"https://{'a' * 64}.bfl.ai/"],
)  # fmt: skip
def test_near_it_is_not_it(url: str) -> None:
    found = address(url)
    assert found is None or not found.within("bfl.ai")


@pytest.mark.parametrize(
    "url", ["https://api.bfl.ai/" + "x" * 8200, 7, None, b"https://api.bfl.ai/", ["https://api.bfl.ai"]]
)
def test_what_is_no_address_of_a_plain_length(url: object) -> None:
    assert address(url) is None


# values --------------------------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(json_values)
@settings(max_examples=300, deadline=None)
def test_nothing_that_comes_makes_a_reader_raise(value: object) -> None:
    found = number(value)
    assert found is None or abs(found) < 2**63
    exact = whole(value)
    assert exact is None or -(2**63) < exact < 2**63
    money = amount(value)
    assert money is None or (money.is_finite() and money >= 0)
    name = identifier(value)
    assert name.isascii()
    assert len(name) <= 200
    assert "\n" not in plain(value) or "\n" in str(value)
    plain(value).encode()
    assert "\0" not in plain(value)


@given(st.text(max_size=200), st.sampled_from(["sig=abc123", "X-Amz-Signature=ff00", "token=t0ps3cret"]))
@settings(max_examples=150, deadline=None)
def test_no_signature_of_an_address_is_repeated(words: str, secret: str) -> None:
    said = wording(f"{words} https://delivery.bfl.ai/a.png?{secret} failed")
    assert secret not in said
    assert "\n" not in said
