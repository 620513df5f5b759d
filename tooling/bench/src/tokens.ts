import { createPrivateKey, randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { createSigningKey, decodeBase64Url, formatAgentId, type SigningKey, signToken } from "@agentwrit/core"
import { requestText } from "./load/connection.ts"

/** Reads a key file of the broker. */
export function readKey(path: string): SigningKey {
  const { d } = createPrivateKey(readFileSync(path)).export({ format: "jwk" })
  return createSigningKey(decodeBase64Url(d ?? ""))
}

/** A token of an agent that the broker has not seen yet. `boundTo`: the thumbprint of the agent's key. */
export function newToken(key: SigningKey, boundTo?: string): string {
  const now = Math.floor(Date.now() / 1000)
  const instance = randomBytes(8).toString("hex")
  const ids = { orchId: "crm", taskId: "enrich-customer-7291" }
  const claims = {
    iss: "",
    sub: formatAgentId({ trustDomain: "agentwrit.local", ...ids, instance }),
    exp: now + 3600,
    nbf: now,
    iat: now,
    jti: randomBytes(16).toString("hex"),
    kind: "agent",
    scope: ["read:data:customer-7291"],
    task_id: ids.taskId,
    orch_id: ids.orchId,
    ...(boundTo !== undefined && { cnf: { jkt: boundTo } }),
  } as const
  return signToken({ ...claims, scope: [...claims.scope] }, key)
}

/** The request that validates a token. */
export const validation = (token: string): string =>
  requestText({ method: "POST", path: "/v1/token/validate", json: { token } })
