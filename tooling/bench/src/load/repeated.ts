import { expectStatus, type Scenario } from "./scenario.ts"

/** Requests that the connections send in turn, again and again. */
export interface RepeatedOptions {
  readonly requests: readonly string[]
  readonly status: number
  /** Sends each request once; the load ends with the last. */
  readonly once?: boolean
}

export const repeated: Scenario<RepeatedOptions> = async (_, { requests, status, once = false }) => {
  let next = 0
  return (connection) => async () => {
    if (once && next >= requests.length) return false
    const request = requests[next++ % requests.length] ?? ""
    expectStatus(await connection.send(request), status)
    return true
  }
}
