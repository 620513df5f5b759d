import { type ConflictCode, ConflictError, UnavailableError } from "@agentwrit/authority/ports"
import { DatabaseError, type DatabaseErrorCode } from "./errors.ts"

/** An error in a message between threads, which would lose its class and code. */
export interface Failure {
  readonly name: string
  readonly code: unknown
  readonly message: string
  readonly stack: string | undefined
}

export function toFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: "Error", code: undefined, message: String(error), stack: undefined }
  const { name, message, stack } = error
  return { name, code: "code" in error ? error.code : undefined, message, stack }
}

export function fromFailure({ name, code, message, stack }: Failure): Error {
  switch (name) {
    case "ConflictError":
      return new ConflictError(code as ConflictCode)
    case "UnavailableError":
      return new UnavailableError(code as UnavailableError["code"], message)
    case "DatabaseError":
      return new DatabaseError(code as DatabaseErrorCode, message)
    default: {
      const error = Object.assign(new Error(message), { name }, code === undefined ? {} : { code })
      // The stack of the thread where it happened.
      if (stack !== undefined) error.stack = stack
      return error
    }
  }
}
