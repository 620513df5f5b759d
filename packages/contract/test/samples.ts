import { type Sample, samples } from "../src/openapi/samples.ts"

type Samples = typeof samples
type Requests = {
  -readonly [N in keyof Samples as Samples[N] extends { readonly request: object } ? N : never]: Samples[N] extends {
    readonly request: infer R
  }
    ? R
    : never
}
type Answers = {
  -readonly [N in keyof Samples as Samples[N] extends { readonly answer: object } ? N : never]: readonly object[]
}

const all = Object.entries<Sample>(samples)

/** A good wire form of every request body, with every optional field. Tests change one field at a time. */
export const REQUESTS = Object.fromEntries(
  all.flatMap(([name, { request }]) => (request === undefined ? [] : [[name, request]])),
) as Requests

export const AGENT: string = samples.register.answer.agent_id
export const HEX_64: string = samples.register.request.launch_token
export const JTI: string = samples.validate.answer.claims.jti

/** Good wire forms of every answer, and of those that have more than one form, each. */
export const ANSWERS: Answers = {
  ...(Object.fromEntries(
    all.flatMap(([name, { answer }]) => (answer === undefined ? [] : [[name, [answer]]])),
  ) as unknown as Answers),
  validate: [
    samples.validate.answer,
    {
      valid: true,
      claims: {
        ...samples.validate.answer.claims,
        aud: ["api"],
        sid: "s",
        delegation_chain: samples.delegate.answer.delegation_chain,
        chain_hash: HEX_64,
        x_later: [1],
      },
    },
    { valid: false, error: "token is invalid or expired" },
  ],
  listApps: [
    { apps: [{ ...samples.getApp.answer, ...samples.deregisterApp.answer }, samples.getApp.answer], total: 2 },
  ],
  auditEvents: [
    samples.auditEvents.answer,
    {
      events: [
        { ...samples.auditEvents.answer.events[0], deleg_depth: 1, deleg_chain_hash: HEX_64, bytes_transferred: 5 },
        {
          id: "evt-000002",
          timestamp: "2026-02-15T12:00:01.000Z",
          event_type: "resource_accessed",
          detail: "",
          hash: HEX_64,
          prev_hash: HEX_64,
          later: 1,
        },
      ],
      total: 2,
      offset: 0,
      limit: 100,
    },
  ],
  health: [samples.health.answer, samples.health.otherwise],
}
