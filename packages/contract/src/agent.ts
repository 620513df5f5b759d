import * as v from "valibot"
import { agentId, appId, documented, instant, oneOf, pathSegment, scopeList, text } from "./fields.ts"
import { message } from "./message.ts"
import { pageFields, pageQuery } from "./page.ts"

const STATUSES = ["active", "expired", "released", "revoked"] as const

/** The query parameters of `GET /v1/admin/agents`; filters join by "and". */
export const agentsQuery = message({
  status: v.exactOptional(documented(oneOf(...STATUSES), "How the agent stands")),
  taskId: v.exactOptional(documented(pathSegment(), "The task's id")),
  orchId: v.exactOptional(documented(pathSegment(), "The orchestration's id")),
  appId: v.exactOptional(documented(appId(), "The app that launched it")),
  ...pageQuery,
})

/** An agent in a list. */
export const agentResponse = message({
  agentId: documented(agentId(), "Its SPIFFE id"),
  orchId: documented(text(), "Its orchestration"),
  taskId: documented(text(), "Its task"),
  appId: v.exactOptional(documented(text(), "The app that launched it; absent when the operator did")),
  scope: documented(scopeList(), "What its own token allows"),
  status: documented(oneOf(...STATUSES), "How it stands"),
  registeredAt: documented(instant(), "When it registered"),
  expiresAt: documented(instant(), "When the token that it holds now expires"),
})

/** The answer to `GET /v1/admin/agents`. */
export const agentsResponse = message({
  agents: v.array(agentResponse, "must be a list of agents"),
  ...pageFields,
})
