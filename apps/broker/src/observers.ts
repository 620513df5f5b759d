import type { Observer } from "@agentwrit/authority"

const HOOKS = {
  committed: true,
  denied: true,
  tokenIssued: true,
  revoked: true,
  validated: true,
  storeFailed: true,
  keyRotationFailed: true,
  maintained: true,
  maintenanceFailed: true,
  unrecorded: true,
  clockSkew: true,
  checkpointFailed: true,
  trailVerified: true,
  trailUnverified: true,
  recordTampered: true,
  recordsSealed: true,
  trailUnproven: true,
} as const satisfies Record<keyof Observer, true>

/** An observer that calls several others, in order. */
export function combineObservers(...observers: readonly Observer[]): Observer {
  const hooks = (Object.keys(HOOKS) as (keyof Observer)[]).map((name) => [
    name,
    (...args: unknown[]) => {
      // Hooks of one name take the same arguments.
      for (const observer of observers) (observer[name] as ((...args: unknown[]) => void) | undefined)?.(...args)
    },
  ])
  return Object.fromEntries(hooks) as Observer
}
