import { type Endpoint, endpoint, success } from "./endpoint.ts"

export const challenge: Endpoint = endpoint("challenge", {
  // Bound tokens need proofs, and proofs are for the broker's URL.
  run: (authority, { http }) => success("challenge", { ...authority.challenge(), bound: http.publicUrl !== undefined }),
})
