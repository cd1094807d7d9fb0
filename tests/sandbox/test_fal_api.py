from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fluxroom.sandbox.fal_catalog import endpoints
from fluxroom.sandbox.fal_openapi import openapi_of

if TYPE_CHECKING:
    from tests.sandbox.conftest import Caller

pytestmark = pytest.mark.anyio
KEY = {"Authorization": "Key id:secret"}


async def test_models_that_are_asked_for(call: Caller) -> None:
    url = f"{call.box.fal_api_url}/v1/models?endpoint_id=fal-ai/flux-2&endpoint_id=fal-ai/flux-2-pro&expand=openapi-3.0"
    found = (await call.get(url)).json()
    assert [model["endpoint_id"] for model in found["models"]] == ["fal-ai/flux-2", "fal-ai/flux-2-pro"]
    assert found["models"][0]["metadata"]["category"] == "text-to-image"
    assert found["models"][0]["openapi"]["info"]["x-fal-metadata"]["endpointId"] == "fal-ai/flux-2"
    assert (found["has_more"], found["next_cursor"]) == (False, None)


async def test_the_whole_catalogue_page_by_page(call: Caller) -> None:
    names: list[str] = []
    cursor: str | None = "0"
    while cursor is not None:
        page = (await call.get(f"{call.box.fal_api_url}/v1/models", params={"limit": "40", "cursor": cursor})).json()
        names += [model["endpoint_id"] for model in page["models"]]
        cursor = page["next_cursor"]
    assert sorted(names) == sorted(endpoints())


async def test_a_search_and_a_retired_endpoint(call: Caller) -> None:
    page = (await call.get(f"{call.box.fal_api_url}/v1/models", params={"q": "lucidflux"})).json()
    assert [model["metadata"]["status"] for model in page["models"]] == ["deprecated"]


async def test_an_unknown_endpoint_has_the_platforms_envelope(call: Caller) -> None:
    answer = await call.get(f"{call.box.fal_api_url}/v1/models", params={"endpoint_id": "fal-ai/none"})
    assert answer.status == 404
    assert set(answer.json()["error"]) == {"type", "message", "docs_url", "request_id"}
    assert answer.json()["error"]["type"] == "not_found"


async def test_prices_need_a_key(call: Caller) -> None:
    url = f"{call.box.fal_api_url}/v1/models/pricing?endpoint_id=fal-ai/flux/dev"
    assert (await call.get(url)).json()["error"]["type"] == "authorization_error"
    (price,) = (await call.get(url, headers=KEY)).json()["prices"]
    assert price == {"endpoint_id": "fal-ai/flux/dev", "unit_price": 0.025, "unit": "megapixels", "currency": "USD"}
    empty = await call.get(f"{call.box.fal_api_url}/v1/models/pricing", headers=KEY)
    assert empty.json()["error"]["type"] == "validation_error"
    unknown = await call.get(f"{call.box.fal_api_url}/v1/models/pricing?endpoint_id=no/no", headers=KEY)
    assert unknown.status == 404
    many = "&".join(f"endpoint_id={number}" for number in range(51))
    assert (await call.get(f"{call.box.fal_api_url}/v1/models?{many}")).status == 400


async def test_the_openapi_file_of_one_endpoint(call: Caller) -> None:
    url = f"{call.box.fal_api_url}/openapi/queue/openapi.json"
    found = (await call.get(url, params={"endpoint_id": "fal-ai/flux-2/klein/9b/edit"})).json()
    assert "/fal-ai/flux-2/klein/9b/edit" in found["paths"]
    assert "/fal-ai/flux-2/requests/{request_id}/status" in found["paths"]
    assert (await call.get(url, params={"endpoint_id": "no/no"})).status == 404
    assert call.box.world.tasks() == []


@pytest.mark.parametrize("endpoint", sorted(endpoints()))
async def test_the_schema_of_every_endpoint_has_every_field(endpoint: str) -> None:
    schemas = openapi_of(endpoint)["components"]["schemas"]
    (schema,) = [each for name, each in schemas.items() if name.endswith("Input")]
    (made,) = [each for name, each in schemas.items() if name.endswith("Output")]
    assert set(made["properties"]) == set(endpoints()[endpoint]["output"])
    fields = endpoints()[endpoint]["fields"]
    assert schema["x-fal-order-properties"] == list(fields)
    for name, field in fields.items():
        shown = schema["properties"][name]
        assert "type" in shown or "anyOf" in shown
        if field.get("max") is not None:
            assert shown["maximum"] == field["max"]


async def test_where_webhooks_come_from(call: Caller) -> None:
    assert "127.0.0.1/32" in (await call.get(f"{call.box.fal_api_url}/v1/meta")).json()["webhook_ip_ranges"]


def test_a_list_of_objects_shows_their_fields() -> None:
    schemas = openapi_of("fal-ai/flux-2/lora")["components"]["schemas"]
    (schema,) = [each for name, each in schemas.items() if name.endswith("Input")]
    loras = schema["properties"]["loras"]
    assert loras["maxItems"] == 3
    assert loras["items"] == {
        "type": "object",
        "properties": {"path": {"type": "string"}, "scale": {"type": "number"}},
        "required": ["path"],
    }
