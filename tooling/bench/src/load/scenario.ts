import type { Connection, LoadAnswer } from "./connection.ts"

/** One operation, from its first request to its last answer; `false` when nothing is left to do. */
export type Operation = () => Promise<boolean>

/** Prepares a load, which is not measured, and returns what each connection does. */
export type Scenario<Options> = (
  connections: readonly Connection[],
  options: Options,
) => Promise<(connection: Connection, lane: number) => Operation>

/** Returns the body. @throws Error when the status is another, because the load would measure something else. */
export function expectStatus({ status, body }: LoadAnswer, expected: number): string {
  if (status !== expected) throw new Error(`answered ${status}, not ${expected}: ${body}`)
  return body
}

/** A text member of a JSON answer, without parsing the whole answer. */
export function memberOf(body: string, name: string): string {
  const begin = body.indexOf(`"${name}":"`) + name.length + 4
  return body.slice(begin, body.indexOf('"', begin))
}
