// Parameters as the gateway describes them, for tests.

import type { Json, Mode, Parameter } from "@/api/types";

type Told = Partial<Omit<Parameter, "schema">> & { schema?: Record<string, Json> };

export function parameter(name: string, told: Told = {}): Parameter {
  return {
    name,
    wire: [name],
    schema: { type: "string" },
    default: null,
    provider_default: null,
    help: `About ${name}.`,
    required: false,
    ...told,
  };
}

export const SIZE: Record<string, Json> = {
  anyOf: [
    { type: "string", enum: ["square_hd", "landscape_4_3"] },
    {
      type: "object",
      properties: {
        width: { type: "integer", minimum: 256, maximum: 1440, multipleOf: 32 },
        height: { type: "integer", minimum: 256, maximum: 1440, multipleOf: 32 },
      },
      required: ["width", "height"],
    },
    { type: "string", pattern: "^\\d+x\\d+$" },
  ],
};

export function mode(...parameters: Parameter[]): Mode {
  return { parameters, max_references: 4, seconds: 5, presets: [] } as unknown as Mode;
}
