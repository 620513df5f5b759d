import type { AuditEvent } from "@agentwrit/audit"
import type { Observer } from "@agentwrit/authority"
import type { Log } from "./log/log.ts"

/** Logs each event once it is durable in the trail, and what could not be written to it. */
export function eventLog(log: Log): Observer {
  return {
    committed(events) {
      for (const event of events)
        log[event.outcome === "success" ? "ok" : "warn"]("audit", event.event_type, fields(event))
    },
    unrecorded({ eventType, detail }, cause) {
      log.fail("audit", "denied, but the trail could not be written", {
        event_type: eventType,
        detail,
        cause: messageOf(cause),
      })
    },
    trailVerified(problem) {
      if (problem === undefined) log.ok("audit", "audit trail verified from its first event")
      else log.fail("audit", "the audit trail does not verify", { problem })
    },
    recordTampered(problem) {
      log.fail("audit", "the database was changed by someone else", { problem })
    },
    recordsSealed({ apps, launchTokens, agents }) {
      log.warn(
        "audit",
        "records of an earlier version are sealed as they were found: its events do not say what they gave",
        {
          apps,
          launch_tokens: launchTokens,
          agents,
        },
      )
    },
    trailUnproven(since, events) {
      log.warn("audit", "the audit trail has no checkpoint: nothing since its first event can be proven", {
        since,
        events,
      })
    },
    trailUnverified(cause) {
      log.warn("audit", "the audit trail could not be verified and will be tried again", { cause: messageOf(cause) })
    },
    keyRotationFailed(cause) {
      log.fail("keys", "a signing key could not be rotated on time and will be tried again", {
        cause: messageOf(cause),
      })
    },
    maintained({ tokens, nonces, launchTokens, issuedTokens, agents }) {
      const counts = {
        "pruned expired JTIs": tokens,
        "pruned spent nonces": nonces,
        "pruned expired launch tokens": launchTokens,
        "pruned expired issued tokens": issuedTokens,
        "expired agents": agents,
      }
      for (const [what, count] of Object.entries(counts)) if (count > 0) log.ok("maintenance", what, { count })
    },
    maintenanceFailed(cause) {
      log.warn("maintenance", "stopped before its end and will be tried again", { cause: messageOf(cause) })
    },
    checkpointFailed(cause) {
      log.fail("audit", "checkpoint could not be signed", { cause: messageOf(cause) })
    },
  }
}

function fields({ id, agent_id, task_id, orch_id, actor, source, request_id, resource, detail }: AuditEvent) {
  return { id, agent_id, task_id, orch_id, actor, source, request_id, resource, detail }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
