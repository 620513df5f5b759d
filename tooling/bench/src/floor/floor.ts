import { fork } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type Bench, profilingFlags } from "../figure.ts"
import { nextMessage } from "../next-message.ts"

/** Native work that a route of the floor does for each request. */
export type Work = "import" | "verify" | "sign" | "commit"

/** A route of the floor: it parses the body, does the work, and always gives the same answer. */
export interface FloorRoute {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly answer: { readonly status: number; readonly headers: Record<string, string>; readonly body: string }
  readonly work: readonly Work[]
}

/** The settings of a floor. */
export interface FloorSettings {
  readonly routes: readonly FloorRoute[]
  /** Where `commit` writes. */
  readonly databasePath: string
}

/** The best that Node and Hono can do on this machine: bare routes with the broker's own answers. */
export interface Floor extends AsyncDisposable {
  readonly url: string
  readonly pid: number
}

const SERVER = fileURLToPath(new URL("floor-server.ts", import.meta.url))

/** Starts a floor in its own process. */
export async function startFloor(
  folder: string,
  routes: readonly FloorRoute[],
  { cpuProfiles }: Pick<Bench, "cpuProfiles"> = {},
): Promise<Floor> {
  const child = fork(SERVER, { execArgv: profilingFlags(cpuProfiles?.floor) })
  child.send({ routes, databasePath: join(folder, "floor.db") } satisfies FloorSettings)
  const port = await nextMessage<number>(child)
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const exit = once(child, "exit")
      child.kill("SIGTERM")
      await exit
    },
  }
}

/** A route that gives the answer that the broker gives now, with the same headers. */
export async function asAnswered(
  url: string,
  route: { readonly method: "GET" | "POST"; readonly path: string; readonly json?: unknown; readonly bearer?: string },
  work: readonly Work[] = [],
): Promise<FloorRoute> {
  const { method, path, json, bearer } = route
  const headers = { ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) }
  const answer = await fetch(url + path, { method, headers, ...(json !== undefined && { body: JSON.stringify(json) }) })
  const body = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${body}`)
  return {
    method,
    path,
    answer: { status: answer.status, headers: ownHeaders(answer.headers), body },
    work,
  }
}

/** Headers that Node adds by itself. */
const OF_NODE: readonly string[] = ["date", "connection", "keep-alive", "content-length"]

function ownHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !OF_NODE.includes(name)))
}
