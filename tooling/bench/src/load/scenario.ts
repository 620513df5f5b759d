import type { Connection } from "./connection.ts"

/** One operation of a client from its first request to its last answer; `false` when there is nothing left to do. */
export type Operation = () => Promise<boolean>

/** Prepares a kind of load, without being measured, and answers what each connection does. */
export type Scenario<Options> = (
  connections: readonly Connection[],
  options: Options,
) => Promise<(connection: Connection, lane: number) => Operation>

/** @throws when the server did not answer as it should: what was measured would be something else. */
export function expectStatus(
  { status, body }: { readonly status: number; readonly body: string },
  expected: number,
): string {
  if (status !== expected) throw new Error(`answered ${status}, not ${expected}: ${body}`)
  return body
}

/** The text of a member that a JSON answer holds, without reading all of it. */
export function memberOf(body: string, name: string): string {
  const begin = body.indexOf(`"${name}":"`) + name.length + 4
  return body.slice(begin, body.indexOf('"', begin))
}
