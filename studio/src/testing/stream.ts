// A stream of events that the test speaks through, in the place of the browser's EventSource.

import { act } from "react";
import { vi } from "vitest";

export class Stream {
  static all: Stream[] = [];
  closed = false;
  onopen?: () => void;
  onerror?: () => void;
  private heard = new Map<string, (event: MessageEvent) => void>();
  readonly address: string;

  constructor(address: string) {
    this.address = address;
    Stream.all.push(this);
  }
  addEventListener(name: string, take: (event: MessageEvent) => void) {
    this.heard.set(name, take);
  }
  close() {
    this.closed = true;
  }
  say(name: string, told: unknown = {}) {
    act(() => this.heard.get(name)?.(new MessageEvent(name, { data: JSON.stringify(told) })));
  }
}

/** Take the place of the browser's streams; those that are opened from now on stand in `Stream.all`. */
export function streams(): void {
  Stream.all = [];
  vi.stubGlobal("EventSource", Stream);
}
