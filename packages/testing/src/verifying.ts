import { createVerifier, type VerificationError, type Verifier, type VerifierOptions } from "@agentwrit/sdk/verify"
import { onTestFinished } from "vitest"
import { agent, call } from "./client.ts"

/** A verifier that is closed when its test ends. */
export function testVerifier(options: VerifierOptions): Verifier {
  const verifier = createVerifier(options)
  onTestFinished(() => verifier.close())
  return verifier
}

/** The verdict on a token in one word: its subject, or the code of the error. */
export async function verdict(verifier: Verifier, token: string): Promise<string> {
  return verifier.verify(token).then(
    ({ sub }) => sub,
    (error: VerificationError) => error.code,
  )
}

export async function revoke(url: string, admin: string, level: string, target: string): Promise<void> {
  const { status, text } = await call(url, "POST /v1/revoke", { bearer: admin, json: { level, target } })
  if (status !== 200) throw new Error(text)
}

/** Agents of which each delegated to the next one, and the last token of each. */
export async function delegationChain(url: string, admin: string, depth: number) {
  const agents = [await agent(url, admin, { task_id: `t-${crypto.randomUUID()}` })]
  const tokens = [agents[0]?.access_token ?? ""]
  for (let at = 0; at < depth; at++) {
    const next = await agent(url, admin, { task_id: `t-${crypto.randomUUID()}` })
    const json = { delegate_to: next.agent_id, scope: ["read:data:7"] }
    const { status, body, text } = await call(url, "POST /v1/delegate", { bearer: tokens[at] ?? "", json })
    if (status !== 200) throw new Error(text)
    agents.push(next)
    tokens.push(body.access_token)
  }
  return { agents: agents.map(({ agent_id }) => agent_id), own: agents.map((one) => one.access_token), tokens }
}
