import { call } from "@agentwrit/testing/client"
import { digestOf, feedVerifier } from "@agentwrit/testing/feed"

/**
 * What was made one after another, whatever the clock said; each list of the broker must have it in that order (CONTRACT 3 and 5;
 * the agents', that of `awrit agent list`).
 */
export class ListedOrder {
  readonly #apps: string[] = []
  readonly #agents: string[] = []
  readonly #tasks: string[] = []

  /** An agent that was registered after all that were noted before. */
  agent(agentId: string): void {
    this.#agents.push(agentId)
  }

  /** Makes the next app and the next revocation. */
  async add(url: string, admin: string): Promise<void> {
    const name = `step-${this.#tasks.length}`
    const json = { name, scopes: ["read:data:*"] }
    const created = await call(url, "POST /v1/admin/apps", { bearer: admin, json })
    const revoked = await call(url, "POST /v1/revoke", { bearer: admin, json: { level: "task", target: name } })
    for (const { status, text } of [created, revoked]) if (status >= 300) throw new Error(text)
    this.#apps.push(created.body.app_id)
    this.#tasks.push(name)
  }

  /** Lists that are not in their order. */
  async problems(url: string, admin: string): Promise<string[]> {
    const { apps } = (await call(url, "GET /v1/admin/apps", { bearer: admin })).body
    const { agents } = (await call(url, "GET /v1/admin/agents?limit=1000", { bearer: admin })).body
    const feed = await readFeed(url)
    return [
      ...outOfOrder(
        "apps are not listed newest first",
        this.#apps.toReversed(),
        apps.map((app: { app_id: string }) => app.app_id),
      ),
      ...outOfOrder(
        "agents are not listed newest first",
        this.#agents.toReversed(),
        agents.map((agent: { agent_id: string }) => agent.agent_id),
      ),
      ...outOfOrder(
        "the feed does not have revocations as they were made",
        this.#tasks.map((task) => digestOf("task", task)),
        feed.digests,
      ),
      ...feed.problems,
    ]
  }
}

/** Those of `listed` that are expected must be all of them, in their order; others may stand between. */
function outOfOrder(problem: string, expected: readonly string[], listed: readonly string[]): string[] {
  const known = new Set(expected)
  const found = listed.filter((one) => known.has(one))
  return found.join(" ") === expected.join(" ") ? [] : [`${problem}: ${found.join(", ")}`]
}

/** The whole feed, as one that polls reads it: each number is above the one before it. */
async function readFeed(url: string): Promise<{ digests: string[]; problems: string[] }> {
  const open = await feedVerifier(url)
  const digests: string[] = []
  const problems: string[] = []
  let last = 0
  for (let since = 0; ; ) {
    const { entries, to, head } = open((await call(url, `GET /v1/revocations?since=${since}`)).text)
    for (const { seq, digest } of entries) {
      if (seq <= last) problems.push(`entry ${seq} of the feed comes after ${last}`)
      last = seq
      digests.push(digest)
    }
    if (to >= head) return { digests, problems }
    if (to <= since) return { digests, problems: [...problems, `the feed ends at ${to} and its head is ${head}`] }
    since = to
  }
}
