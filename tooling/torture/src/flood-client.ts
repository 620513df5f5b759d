import { connect } from "node:net"

/** Requests written ahead of their answers on each connection. */
const AHEAD = 50

/** What a flood got back, by status. */
export type Statuses = Map<number, number>

/**
 * Sends requests as fast as the broker takes them, over a few connections, each with some under way, and reads no more of the
 * answers than their status.
 */
export async function flood(url: string, count: number, connections: number, next: () => string): Promise<Statuses> {
  const statuses: Statuses = new Map()
  let left = count
  const lane = async (): Promise<void> => {
    while (left > 0) await burst(url, next, () => left-- > 0, statuses)
  }
  await Promise.all(Array.from({ length: connections }, lane))
  return statuses
}

/** One connection, until nothing is left to ask or the broker ends it. */
function burst(url: string, next: () => string, take: () => boolean, statuses: Statuses): Promise<void> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let under = 0
    let rest = ""
    const send = (): void => {
      let requests = ""
      for (; under < AHEAD && take(); under++) requests += next()
      if (requests !== "") socket.write(requests)
      else if (under === 0) socket.end()
    }
    socket.once("connect", send)
    socket.setEncoding("latin1").on("data", (chunk: string) => {
      rest += chunk
      let end = 0
      for (const found of rest.matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
        const status = Number(found[1])
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        under--
        end = found.index + found[0].length
      }
      // Enough to find a status line that came in two pieces.
      rest = rest.slice(Math.max(end, rest.length - 12))
      send()
    })
    socket.once("close", () => resolve()).on("error", () => socket.destroy())
  })
}
