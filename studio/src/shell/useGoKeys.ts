import { useEffect } from "react";
import { PLACES, type Place } from "./places";

const PATIENCE = 1000; // milliseconds between "g" and the letter

/** "g" and then a letter goes somewhere. */
export function useGoKeys(on: boolean, go: (to: Place["to"]) => void): void {
  useEffect(() => {
    if (!on) return;
    let armed = 0;
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA|SELECT/.test(target.tagName))
        return;
      const place = PLACES.find((one) => one.key === event.key);
      if (Date.now() - armed < PATIENCE && place) {
        armed = 0;
        event.preventDefault();
        // Before the keys of the screen itself, which has letters of its own.
        event.stopImmediatePropagation();
        go(place.to);
      } else if (event.key === "g") {
        armed = Date.now();
      }
    };
    window.addEventListener("keydown", press, true);
    return () => window.removeEventListener("keydown", press, true);
  }, [on, go]);
}
