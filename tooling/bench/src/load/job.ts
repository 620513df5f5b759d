import type { Connection, LoadAnswer } from "./connection.ts"
import type { RegistrationsOptions } from "./registrations.ts"
import type { RenewalsOptions } from "./renewals.ts"
import type { RepeatedOptions } from "./repeated.ts"

/** What a load process does. */
export type LoadJob = {
  readonly url: string
  /** The server's process, whose CPU time is measured. */
  readonly pid: number
  /** Operations in flight. */
  readonly inFlight: number
  readonly seconds: number
  /** Operations per second. Absent: as many as the server answers. */
  readonly rate?: number
  /**
   * Whether the load process polls instead of sleeping. On loopback the server pays for waking its client, and the slower server pays
   * more often. Polling takes one core, so it is off where the server needs both.
   */
  readonly polls?: boolean
} & LoadKind

/** The kinds of load. */
export type LoadKind =
  | { readonly kind: "repeated"; readonly options: RepeatedOptions }
  | { readonly kind: "registrations"; readonly options: RegistrationsOptions }
  | { readonly kind: "renewals"; readonly options: RenewalsOptions }

/** What a load measured. */
export interface Load {
  readonly operations: number
  /** Operations per second. */
  readonly rate: number
  /** Milliseconds of one operation. */
  readonly latency: { readonly p50: number; readonly p99: number }
  /** Microseconds of the server's CPU for one operation. */
  readonly serverCpu: number
  /** The load process's share of one core; absent when it polled. */
  readonly clientCpu?: number
}

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
