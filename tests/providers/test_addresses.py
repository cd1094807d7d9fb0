"""Which addresses are fetched, and which of them see the key."""

from __future__ import annotations

import pytest

from fluxroom.providers import Hosts, dialect
from fluxroom.types import Provider

BFL = Hosts(submit="https://api.bfl.ai")
BFL_EU = Hosts(submit="https://api.eu.bfl.ai", region="eu")
BFL_LOCAL = Hosts(submit="http://127.0.0.1:7861")
BFL_PREFIX = Hosts(submit="https://door.example/bfl")
FAL = Hosts(submit="https://queue.fal.run", rest="https://rest.fal.ai", run="https://fal.run", api="https://api.fal.ai")
FAL_LOCAL = Hosts(submit="http://localhost:7862/queue", rest="http://localhost:7862/rest")

HOSTILE = [
    "https://{good}.evil.com/v1/x",
    "https://evil.com/{good}",
    "https://evil.com?{good}",
    "https://evil.com#{good}",
    "https://evilbfl.ai/x",
    "https://evilfal.run/x",
    "https://fal.run.ai/x",
    "https://user@evil.com/x",
    "https://{good}@evil.com/x",
    "https://{good}:443@evil.com/x",
    "https://user:pass@{good}/x",
    "https://evil.com\\@{good}/x",
    "https://{good}\\.evil.com/x",
    "https://{good}/x\\y",
    "http://{good}/v1/x",
    "HTTP://{good}/v1/x",
    "https://{good}:8443/x",
    "https://{good}:80/x",
    "https://{good}:99999/x",
    "https://{good}:/x",
    "https://{good}.:443/x",
    "https://{good}./x",
    "https://.{good}/x",
    "https://a..{good}/x",
    "https://-a.{good}/x",
    "https://{good}%2eevil.com/x",
    "https://{good}%00.evil.com/x",
    "https://{good}\u3002evil.com/x",
    "https://{good}\uff0eevil.com/x",
    "https://\uff41.{good}/x",
    "https://{good}/\u202e",
    "https://{good}/x y",
    "https://{good}/x\r\nhost: evil.com",
    "https://{good}/\tx",
    " https://{good}/x",
    "https://{good}/x\n",
    "https://{good}/a/../b",
    "https://{good}/a/%2e%2e/b",
    "https:/{good}/x",
    "https:{good}/x",
    "https:///{good}/x",
    "//{good}/x",
    "{good}/x",
    "ftp://{good}/x",
    "wss://{good}/x",
    "file:///etc/passwd",
    "javascript:alert(1)//{good}",
    "data:text/html,{good}",
    "https://[{good}]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://xn--bf-aja.ai/x",
    "",
    "https://",
    "https://{good}/" + "x" * 9000,
]
MACHINES = [
    "http://127.0.0.1/x",
    "http://127.0.0.1:9999/x",
    "http://127.1.2.3/x",
    "http://localhost/x",
    "http://LOCALHOST:1/x",
    "http://[::1]:80/x",
    "https://127.0.0.1/x",
]
NEVER = [
    "http://2130706433/x",
    "http://0x7f000001/x",
    "http://0177.0.0.1/x",
    "http://127.1/x",
    "http://0.0.0.0/x",
    "http://[::]/x",
    "http://[::ffff:7f00:1]/x",
    "http://10.0.0.1/x",
    "http://192.168.1.1/x",
    "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]/x",
    "http://localhost.evil.com/x",
    "http://localhost./x",
    "http://127.0.0.1.nip.io/x",
    "http://127.0.0.1@evil.com/x",
    "https://10.0.0.1/x",
]
PAIRS: list[tuple[Provider, Hosts, str]] = [("bfl", BFL, "api.bfl.ai"), ("fal", FAL, "queue.fal.run")]


@pytest.mark.parametrize("pattern", HOSTILE)
@pytest.mark.parametrize(("provider", "hosts", "good"), PAIRS)
def test_lookalikes_are_not_fetched_and_see_no_key(provider: Provider, hosts: Hosts, good: str, pattern: str) -> None:
    url = pattern.replace("{good}", good)
    assert not dialect(provider).trusts(hosts, url)
    assert not dialect(provider).takes_key(hosts, url)


@pytest.mark.parametrize("pattern", HOSTILE)
@pytest.mark.parametrize(
    ("provider", "hosts", "good"), [("bfl", BFL_LOCAL, "api.bfl.ai"), ("fal", FAL_LOCAL, "queue.fal.run")]
)
def test_a_local_setting_opens_nothing_else(provider: Provider, hosts: Hosts, good: str, pattern: str) -> None:
    assert not dialect(provider).trusts(hosts, pattern.replace("{good}", good))


@pytest.mark.parametrize("url", MACHINES)
def test_this_machine_is_trusted_only_when_the_settings_name_it(url: str) -> None:
    assert not dialect("bfl").trusts(BFL, url)
    assert not dialect("fal").trusts(FAL, url)
    assert dialect("bfl").trusts(BFL_LOCAL, url)
    assert dialect("fal").trusts(FAL_LOCAL, url)


@pytest.mark.parametrize("url", NEVER)
@pytest.mark.parametrize(
    ("provider", "hosts"), [("bfl", BFL), ("bfl", BFL_LOCAL), ("fal", FAL), ("fal", FAL_LOCAL), ("bfl", BFL_PREFIX)]
)
def test_other_private_addresses_are_never_fetched(provider: Provider, hosts: Hosts, url: str) -> None:
    assert not dialect(provider).trusts(hosts, url)
    assert not dialect(provider).takes_key(hosts, url)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://api.bfl.ai/v1/get_result?id=1", True),
        ("https://API.BFL.AI:443/v1/get_result", True),
        ("https://api.eu2.bfl.ai/v1/get_result?id=1", True),
        ("https://gateway.bfl.ai/v1/get_result?id=1", True),
        ("https://delivery-eu4.bfl.ai/results/a.png?sig=1", False),
        ("https://delivery.ice.bfl.ai/ephemeral/a.png?sig=1", False),
        ("https://bfl.ai/x", False),
    ],
)
def test_hosts_of_bfl(url: str, key: bool) -> None:
    assert dialect("bfl").trusts(BFL, url)
    assert dialect("bfl").takes_key(BFL, url) is key


def test_the_old_storage_of_bfl_is_anybodys() -> None:
    assert not dialect("bfl").trusts(BFL, "https://bflapi.blob.core.windows.net/public/a.png?sig=1")


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://api.eu.bfl.ai/v1/get_result?id=1", True),
        ("https://api.eu2.bfl.ai/v1/get_result?id=1", True),
        ("https://delivery-eu4.bfl.ai/a.png", True),
        ("https://api.bfl.ai/v1/get_result?id=1", True),  # names no region
        ("https://gateway.bfl.ai/v1/get_result?id=1", True),
        ("https://api.us2.bfl.ai/v1/get_result?id=1", False),
        ("https://delivery-us1.bfl.ai/a.png", False),
        ("https://delivery.us3.bfl.ai/a.png", False),
        ("https://api.isr.bfl.ai/v1/get_result?id=1", False),
        ("https://delivery.ice.bfl.ai/a.png", False),
        ("https://api.eur.bfl.ai/a.png", False),
    ],
)
def test_a_job_for_one_region_stays_there(url: str, trusted: bool) -> None:
    assert dialect("bfl").trusts(BFL_EU, url) is trusted
    assert dialect("bfl").takes_key(BFL_EU, url) is (trusted and "delivery" not in url)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://127.0.0.1:7861/v1/get_result?id=1", True),
        ("http://127.0.0.1:7861/v1/flux-2-pro", True),
        ("http://127.0.0.1:7861/delivery/a.png", False),
        ("http://127.0.0.1:7861/v1", False),
        ("http://127.0.0.1:7861/v1x/a", False),
        ("http://127.0.0.1:7999/v1/get_result?id=1", False),  # a regional port: polls work without a key
        ("http://localhost:7861/v1/get_result?id=1", False),
    ],
)
def test_the_key_stays_in_the_api_folder_of_a_local_base(url: str, key: bool) -> None:
    assert dialect("bfl").trusts(BFL_LOCAL, url)
    assert dialect("bfl").takes_key(BFL_LOCAL, url) is key


@pytest.mark.parametrize(
    ("url", "trusted", "key"),
    [
        ("https://door.example/bfl/v1/get_result?id=1", True, True),
        ("https://door.example/files/a.png", True, False),
        ("http://door.example/bfl/v1/get_result?id=1", False, False),
        ("https://door.example:8443/bfl/v1/x", False, False),
        ("https://other.example/bfl/v1/x", False, False),
        ("https://api.bfl.ai/v1/get_result?id=1", True, True),
    ],
)
def test_a_base_of_the_owners_vouches_for_itself(url: str, trusted: bool, key: bool) -> None:
    assert dialect("bfl").trusts(BFL_PREFIX, url) is trusted
    assert dialect("bfl").takes_key(BFL_PREFIX, url) is key


def test_no_key_in_clear_text_over_a_network() -> None:
    assert not dialect("bfl").takes_key(Hosts(submit="http://10.0.0.5"), "http://10.0.0.5/v1/credits")
    assert not dialect("fal").takes_key(Hosts(submit="http://10.0.0.5"), "http://10.0.0.5/fal-ai/flux-2")


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://queue.fal.run/fal-ai/flux-2/requests/1/status", True),
        ("https://fal.run/fal-ai/flux-2", True),
        ("https://rest.fal.ai/storage/upload/initiate", True),
        ("https://api.fal.ai/v1/models", True),
        ("https://v3b.fal.media/files/b/a.png", False),
        ("https://v3.fal.media/files/b/a.png", False),
        ("https://fal.media/files/a.png", False),
        ("https://storage.fal.ai/x", False),
        ("https://fal.ai/models", False),
    ],
)
def test_hosts_of_fal(url: str, key: bool) -> None:
    assert dialect("fal").trusts(FAL, url)
    assert dialect("fal").takes_key(FAL, url) is key


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://localhost:7862/queue/fal-ai/flux-2/requests/1/status", True),
        ("http://localhost:7862/rest/storage/upload/initiate", True),
        ("http://localhost:7862/queued/x", False),
        ("http://localhost:7862/files/a.png", False),
        ("http://localhost:7863/queue/x", False),
    ],
)
def test_the_key_stays_in_the_folders_of_local_bases(url: str, key: bool) -> None:
    assert dialect("fal").trusts(FAL_LOCAL, url)
    assert dialect("fal").takes_key(FAL_LOCAL, url) is key
