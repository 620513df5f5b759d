import type { Fault } from "../fault.ts"

/** By what a broker does in the long run: floods, a wrong clock, a soak. */
export const ENDURANCE_FAULTS = {
  "hangs up on strangers": [
    {
      file: "broker/dist/server.js",
      from: "        adapter(incoming, outgoing).catch",
      to: "        globalThis.asked = (globalThis.asked ?? 0) + 1;\n        if (globalThis.asked % 500 === 0) incoming.socket.destroy();\n        adapter(incoming, outgoing).catch",
    },
  ],
  "remembers strangers": [
    {
      file: "authority/dist/challenge.js",
      from: "    return { nonce",
      to: "    (globalThis.kept ??= []).push(Buffer.alloc(100_000, 1));\n    return { nonce",
    },
  ],
  "forgets by the clock alone": [
    { file: "authority/dist/clock.js", from: "if (elapsed === undefined)", to: "if (true)" },
  ],
} as const satisfies Record<string, readonly Fault[]>
