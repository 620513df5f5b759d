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
   * Whether the load process polls instead of sleeping. On loopback the server pays for waking its client, and the
   * slower server pays more often. Polling takes one core, so it is off where the server needs both.
   */
  readonly polls?: boolean
} & LoadKind

/** The kinds of load. */
export type LoadKind =
  | { readonly kind: "repeated"; readonly options: RepeatedOptions }
  | { readonly kind: "registrations"; readonly options: RegistrationsOptions }
  | { readonly kind: "renewals"; readonly options: RenewalsOptions }

/** The result of a load. */
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
