import type { Fault } from "../fault.ts"

/** By what a broker believes of its trail, of tokens and of chains. */
export const TRAIL_FAULTS = {
  "verifies nothing behind its start": [
    {
      file: "store-sqlite/dist/trail-verification-worker.js",
      from: "if (checkpoint === undefined)",
      to: "if (checkpoint !== undefined)",
    },
  ],
  "ignores the root": [
    {
      file: "store-sqlite/dist/trail-verification-worker.js",
      from: "verifyTrail(eventsUpTo(checkpoint.size), { checkpoint })",
      to: "verifyTrail(eventsUpTo(checkpoint.size))",
    },
    { file: "store-sqlite/dist/trail-state.js", from: "|| !root.equals(edge.root())", to: "" },
    {
      file: "authority/dist/checkpoint.js",
      from: "&& encodeBase64(stored.root) === encodeBase64(signed.root)",
      to: "",
    },
  ],
  "ignores the witness": [
    { file: "authority/dist/checkpoint.js", from: "if (kept !== undefined) {", to: "if (false) {" },
  ],
  "names another event": [
    {
      file: "audit/dist/trail-verifier.js",
      from: "audit trail broken at event \u0024{position}:",
      to: "audit trail broken at event \u0024{position + 1}:",
    },
  ],
  "says that a broken trail is sound": [
    { file: "authority/dist/health.js", from: "context.trailProblem === undefined", to: "true" },
  ],
  "signs a broken trail": [
    {
      file: "authority/dist/checkpoint.js",
      from: "if (context.trailProblem !== undefined)",
      to: "if (false)",
    },
  ],
  "believes strangers": [
    { file: "core/dist/jws.js", from: "if (!key.verify(", to: "if (false && !key.verify(" },
    { file: "core/dist/delegation.js", from: "if (!key.verify(", to: "if (false && !key.verify(" },
    { file: "core/dist/ed25519-bounds.js", from: "if (SMALL_ORDER_Y.some(", to: "if ([].some(" },
    // OpenSSL knows points of small order itself.
    { file: "authority/dist/registration.js", from: "if (key.verify(", to: "if (key || key.verify(" },
  ],
  "takes any spelling": [
    {
      file: "core/dist/platform/encoding-node.js",
      from: "return bytes.toString(encoding) === text ? new Uint8Array(bytes) : undefined;",
      to: "return new Uint8Array(bytes);",
    },
  ],
} as const satisfies Record<string, readonly Fault[]>
