import { connect } from "node:net"

/** Requests written ahead of their answers on each connection. */
const AHEAD = 50

/** Milliseconds without a byte after which the broker is taken to answer no more, and the flood ends. */
const SILENCE = 10_000

/** What a flood got back, by status, or {@link UNANSWERED}. */
export type Statuses = Map<number, number>

/** In the place of a status: the connection ended before the answer. */
export const UNANSWERED = 0

/**
 * Sends requests as fast as the broker takes them, over a few connections, each with some under way, and reads no more of the
 * answers than their status.
 * @param statuses where they are added up.
 */
export async function flood(
  url: string,
  count: number,
  connections: number,
  next: () => string,
  statuses: Statuses = new Map(),
): Promise<Statuses> {
  let left = count
  const lane = async (): Promise<void> => {
    while (left > 0) if (!(await burst(url, next, () => left-- > 0, statuses))) left = 0
  }
  await Promise.all(Array.from({ length: connections }, lane))
  return statuses
}

/** One connection, until nothing is left to ask or the broker ends it; `false`: until the broker fell silent. */
function burst(url: string, next: () => string, take: () => boolean, statuses: Statuses): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    let under = 0
    let rest = ""
    let isSilent = false
    const count = (status: number, times: number): void =>
      void statuses.set(status, (statuses.get(status) ?? 0) + times)
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
        count(Number(found[1]), 1)
        under--
        end = found.index + found[0].length
      }
      // Enough to find a status line that came in two pieces.
      rest = rest.slice(Math.max(end, rest.length - 12))
      send()
    })
    socket.on("error", () => socket.destroy())
    socket.setTimeout(SILENCE, () => {
      isSilent = true
      socket.destroy()
    })
    socket.once("close", () => {
      if (under > 0) count(UNANSWERED, under)
      resolve(!isSilent)
    })
  })
}
