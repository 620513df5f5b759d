import { type ConflictCode, ConflictError, UnavailableError } from "@agentwrit/authority"
import { DatabaseError, type DatabaseErrorCode } from "./errors.ts"

/** An error on its way from one thread to another, where it would lose its class. */
export type Failure =
  | { readonly kind: "conflict"; readonly code: ConflictCode }
  | { readonly kind: "unavailable"; readonly code: UnavailableError["code"]; readonly message: string }
  | { readonly kind: "database"; readonly code: DatabaseErrorCode; readonly message: string }
  | {
      readonly kind: "other"
      readonly name: string
      readonly code: unknown
      readonly message: string
      readonly stack: string | undefined
    }

export function toFailure(error: unknown): Failure {
  if (error instanceof ConflictError) return { kind: "conflict", code: error.code }
  if (error instanceof UnavailableError) return { kind: "unavailable", code: error.code, message: error.message }
  if (error instanceof DatabaseError) return { kind: "database", code: error.code, message: error.message }
  return error instanceof Error
    ? { kind: "other", name: error.name, code: "code" in error ? error.code : undefined, ...textsOf(error) }
    : { kind: "other", name: "Error", code: undefined, message: String(error), stack: undefined }
}

const textsOf = ({ message, stack }: Error) => ({ message, stack })

export function fromFailure(failure: Failure): Error {
  switch (failure.kind) {
    case "conflict":
      return new ConflictError(failure.code)
    case "unavailable":
      return new UnavailableError(failure.code, failure.message)
    case "database":
      return new DatabaseError(failure.code, failure.message)
    case "other": {
      const error = new Error(failure.message)
      error.name = failure.name
      if (failure.code !== undefined) Object.assign(error, { code: failure.code })
      // Where it happened, not where it arrived.
      if (failure.stack !== undefined) error.stack = failure.stack
      return error
    }
  }
}
