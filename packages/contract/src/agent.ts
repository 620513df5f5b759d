import * as v from "valibot"
import { agentId, appId, instant, oneOf, pathSegment, scopeList, text } from "./fields.ts"
import { message } from "./message.ts"
import { pageFields, pageQuery } from "./page.ts"

const STATUSES = ["active", "expired", "released", "revoked"] as const

/** The query parameters of `GET /v1/admin/agents`. An agent must match all filters. */
export const agentsQuery = message({
  status: v.exactOptional(oneOf("The agent's status", STATUSES)),
  task_id: v.exactOptional(pathSegment("The task's id")),
  orch_id: v.exactOptional(pathSegment("The orchestration's id")),
  app_id: v.exactOptional(appId("The app that launched it")),
  ...pageQuery,
})

/** An agent in a list. */
export const agentResponse = message({
  agent_id: agentId("Its SPIFFE id"),
  orch_id: text("Its orchestration"),
  task_id: text("Its task"),
  app_id: v.exactOptional(text("The app that launched it; absent when the operator launched it")),
  scope: scopeList("What its own token allows"),
  status: oneOf("Its status", STATUSES),
  registered_at: instant("When it registered"),
  expires_at: instant("When its present token expires"),
})

/** The answer to `GET /v1/admin/agents`. */
export const agentsResponse = message({
  agents: v.array(agentResponse, "must be a list of agents"),
  ...pageFields,
})
