// The conversation that a form was opened from, so that one can go back to it with what was changed.

import { create } from "zustand";

export const useOrigin = create<{ conversation: string }>()(() => ({ conversation: "" }));
