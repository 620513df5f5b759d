import type { Observer } from "@agentwrit/authority"

const HOOKS = {
  committed: true,
  denied: true,
  tokenIssued: true,
  revoked: true,
  validated: true,
  storeFailed: true,
  maintained: true,
  maintenanceFailed: true,
  unrecorded: true,
  clockSkew: true,
  checkpointFailed: true,
  trailVerified: true,
  trailUnverified: true,
} as const satisfies Record<keyof Observer, true>

/** An observer that tells others, in their order. */
export function tellAll(...observers: readonly Observer[]): Observer {
  const hooks = (Object.keys(HOOKS) as (keyof Observer)[]).map((name) => [
    name,
    (...told: unknown[]) => {
      // What a hook is told fits the hook of the same name.
      for (const observer of observers) (observer[name] as ((...told: unknown[]) => void) | undefined)?.(...told)
    },
  ])
  return Object.fromEntries(hooks) as Observer
}
