import type { Fault } from "../fault.ts"

/** By what a broker does with requests that no honest client sends. */
export const WIRE_FAULTS = {
  "has a bug": [
    {
      file: "authority/dist/validation.js",
      from: "const verdict = checkToken(context, token);",
      to: "if (token.length % 3 === 0) throw new Error(token); const verdict = checkToken(context, token);",
    },
  ],
  "waits for slow headers": [
    { file: "broker/dist/server.js", from: "headersTimeout: 5_000", to: "headersTimeout: 0" },
    { file: "broker/dist/server.js", from: "requestTimeout: 15_000", to: "requestTimeout: 0" },
  ],
} as const satisfies Record<string, readonly Fault[]>
