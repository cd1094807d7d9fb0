import type { Json } from "@/api/types";
import type { Field, Values } from "@/form/fields";
import { AspectField } from "./AspectField";
import { CountField } from "./CountField";
import { EnumField } from "./EnumField";
import { JsonField } from "./JsonField";
import { LoraField } from "./LoraField";
import { NumberField } from "./NumberField";
import { PictureField } from "./PictureField";
import { SeedField } from "./SeedField";
import { SizeField } from "./SizeField";
import { SliderField } from "./SliderField";
import { SwitchField } from "./SwitchField";
import { TextField } from "./TextField";

export interface FieldProps {
  field: Field;
  value: Json | undefined;
  /** Undefined goes back to the default. */
  onChange: (value: Json | undefined) => void;
  problem?: string;
  values?: Values;
}

/** One parameter, drawn as its kind asks. */
export function ParameterField(props: FieldProps) {
  switch (props.field.kind) {
    case "size":
      return <SizeField {...props} />;
    case "aspect":
      return <AspectField {...props} />;
    case "seed":
      return <SeedField {...props} />;
    case "count":
      return <CountField {...props} />;
    case "slider":
      return <SliderField {...props} />;
    case "safety":
      return <SliderField {...props} />;
    case "number":
      return <NumberField {...props} />;
    case "switch":
      return <SwitchField {...props} />;
    case "enum":
    case "format":
      return <EnumField {...props} />;
    case "lora":
      return <LoraField {...props} />;
    case "text":
    case "color":
      return <TextField {...props} />;
    case "ref":
      return <PictureField {...props} />;
    default:
      return <JsonField {...props} />;
  }
}
