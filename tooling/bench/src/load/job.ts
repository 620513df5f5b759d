import type { RegistrationsOptions } from "./registrations.ts"
import type { RenewalsOptions } from "./renewals.ts"
import type { RepeatedOptions } from "./repeated.ts"
import type { SignInsOptions } from "./sign-ins.ts"

/** What a load process is asked to do. */
export type LoadJob = {
  readonly url: string
  /** The server's process, whose CPU is taken. */
  readonly pid: number
  /** Operations under way at a time. */
  readonly inFlight: number
  /** Seconds that are measured. */
  readonly seconds: number
  /** Operations a second; absent: as many as the server answers. */
  readonly rate?: number
  /**
   * Whether the load process polls instead of sleeping: on loopback the server pays for waking it, and the slower server more often.
   * It takes a core, so not where the server has a use for it.
   */
  readonly polls?: boolean
} & LoadKind

/** The kinds of load, and what each wants to know. */
export type LoadKind =
  | { readonly kind: "repeated"; readonly options: RepeatedOptions }
  | { readonly kind: "registrations"; readonly options: RegistrationsOptions }
  | { readonly kind: "renewals"; readonly options: RenewalsOptions }
  | { readonly kind: "signIns"; readonly options: SignInsOptions }

/** What came of it. */
export interface Load {
  readonly operations: number
  /** A second. */
  readonly rate: number
  /** Of one operation, in milliseconds. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly most: number }
  /** Microseconds of the server's CPU for one operation. */
  readonly serverCpu: number
  /** Share of one core that the load process took; absent when it polled, and took all of it. */
  readonly clientCpu?: number
}
