// What the gateway says, under short names.

import type { components } from "./schema";

export type Generation = components["schemas"]["GenerationAnswer"];
export type Job = components["schemas"]["JobAnswer"];
export type Picture = components["schemas"]["ImageAnswer"];
export type Receipt = components["schemas"]["ReceiptAnswer"];
export type Quote = components["schemas"]["QuoteAnswer"];
export type Health = components["schemas"]["Health"];
export type Asset = components["schemas"]["AssetAnswer"];

export type ProviderName = "bfl" | "fal";
export type Texts = Record<string, string>;
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

type Schemas = components["schemas"];
export type ModelSummary = Omit<Schemas["ModelRow"], "routes"> & {
  routes: Partial<Record<ProviderName, Schemas["RouteRow"]>>;
};
export type Parameter = Omit<
  Schemas["ParameterAnswer"],
  "schema" | "default" | "provider_default" | "x-ui"
> & {
  schema: Record<string, Json>;
  default: Json;
  provider_default: Json;
  /** Hints for drawing it; a gateway of another version may know more kinds than this page, or fewer hints. */
  "x-ui"?: Schemas["Hint"] | null;
};
export type Mode = Omit<Schemas["ModeAnswer"], "parameters" | "presets" | "schema"> & {
  parameters: Parameter[];
  presets: { id: string; title: Texts; values: Record<string, Json> }[];
};
export type Model = Omit<Schemas["ModelAnswer"], "routes"> & {
  routes: Partial<
    Record<ProviderName, Omit<Schemas["RouteAnswer"], "modes"> & { modes: Record<string, Mode> }>
  >;
};

/** RFC 9457, with our members. */
export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail: string;
  code: string;
  next?: string;
  charge?: string;
  field?: string;
  [more: string]: unknown;
}
