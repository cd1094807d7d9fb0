import { screen, waitFor } from "@testing-library/react";
import { act } from "react";
import { beforeEach, describe, expect, it } from "vitest";
import { useLook } from "@/look";
import { gateway, rendered } from "@/testing/rendered";
import { Filters } from "./Filters";
import type { GallerySearch } from "./search";

const box = () => screen.getByRole<HTMLInputElement>("textbox", { name: "Search prompts" });

/** The filters over an address that the test changes when it likes. */
async function filters() {
  let come: (search: GallerySearch) => void = () => {};
  const { useState } = await import("react");
  function Held() {
    const [search, setSearch] = useState<GallerySearch>({});
    come = setSearch;
    return <Filters search={search} facets={undefined} />;
  }
  gateway({});
  const view = await rendered(<Held />);
  const asked = () => (view.router.state.location.search as GallerySearch).q;
  return { ...view, asked, arrives: (q: string) => act(() => come(q ? { q } : {})) };
}

beforeEach(() => useLook.setState({ language: "en" }));

describe("what is searched", () => {
  it("stands in the address a moment later, and what is typed on is not overwritten by it", async () => {
    const { user, asked, arrives } = await filters();
    await user.type(box(), "red");
    await waitFor(() => expect(asked()).toBe("red"));
    await user.type(box(), " shoe");
    arrives("red");
    expect(box().value).toBe("red shoe");
    await waitFor(() => expect(asked()).toBe("red shoe"));
    arrives("red shoe");
    expect(box().value).toBe("red shoe");
  });

  it("of several that are under way, none comes back", async () => {
    const { user, asked, arrives } = await filters();
    await user.type(box(), "a");
    await waitFor(() => expect(asked()).toBe("a"));
    await user.type(box(), "b");
    await waitFor(() => expect(asked()).toBe("ab"));
    await user.type(box(), "c");
    for (const q of ["a", "ab"]) arrives(q);
    expect(box().value).toBe("abc");
  });

  it("is what an address says that comes from elsewhere", async () => {
    const { user, asked, arrives } = await filters();
    arrives("a kept search");
    expect(box().value).toBe("a kept search");
    await user.clear(box());
    await user.type(box(), "mine");
    await waitFor(() => expect(asked()).toBe("mine"));
    arrives("mine");
    arrives("");
    expect(box().value).toBe("");
  });
});
