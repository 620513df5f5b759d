import { type ConflictCode, ConflictError } from "@agentwrit/authority/ports"

/** For `assert.rejects`: whether the error is the conflict of that code. */
export const conflict =
  (code: ConflictCode) =>
  (error: unknown): boolean =>
    error instanceof ConflictError && error.code === code
