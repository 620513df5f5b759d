import { AuditError } from "@agentwrit/audit"
import {
  BrokerError,
  InvalidRequestError,
  NetworkError,
  TargetError,
  UnexpectedAnswerError,
} from "@agentwrit/sdk/admin"
import { CommandError, ReaderGone, UsageError } from "./errors.ts"
import type { Environment } from "./io.ts"
import { visible } from "./text.ts"
import { certificateAdvice } from "./tls-advice.ts"

/** How a failed command ends. */
export interface Failure {
  /** The line for stderr; absent if the reader closed the pipe. */
  readonly line?: string
  readonly exitCode: 0 | 1 | 2
}

/**
 * Turns any error into one line that says what to do, and an exit code.
 * @param env where a refused admin secret came from.
 */
export function failureOf(error: unknown, env: Environment): Failure {
  if (error instanceof ReaderGone) return { exitCode: 0 }
  if (error instanceof UsageError || error instanceof InvalidRequestError) return failure(error.message, 2)
  if (error instanceof BrokerError) return failure(refusal(error, env), 1)
  if (error instanceof TargetError)
    return failure(`${error.origin}: ${error.detail}; use https, or give --dangerously-allow-http`, 1)
  if (error instanceof NetworkError) return failure(`${error.message}; ${networkAdvice(error)}`, 1)
  if (error instanceof AuditError && error.code === "note_not_signed_by_key")
    return failure(`${error.message}; a declared restore changes the key: give the one in the broker's audit.pub`, 1)
  if (error instanceof UnexpectedAnswerError) return failure(`${error.message}; ${error.hint}`, 1)
  if (error instanceof CommandError || error instanceof AuditError || isDatabaseError(error) || isOfSystem(error))
    return failure(error.message, 1)
  return failure(`this is a bug in awrit, please report it: ${error instanceof Error ? error.message : "unknown"}`, 1)
}

const failure = (message: string, exitCode: 1 | 2): Failure => ({
  line: `awrit: ${message
    .split(/\s*\n\s*/)
    .map(visible)
    .join("; ")}`,
  exitCode,
})

function refusal({ code, detail, hint, requestId, retryAfter }: BrokerError, env: Environment): string {
  const stray = code === "unauthorized" ? strayIn(env["AACTL_ADMIN_SECRET"] ?? "") : undefined
  const advice = stray ?? hintInCommands(hint) ?? refusalAdvice(code, retryAfter)
  return `${detail} (${code}, request ${requestId})${advice === undefined ? "" : `; ${advice}`}`
}

/** Replaces an API term in the broker's hint with the command for it. */
const hintInCommands = (hint: string | undefined): string | undefined =>
  hint
    ?.replace("list the apps to see their ids", "awrit app list shows them")
    .replace("signs_in 0 and force: true", "--signs-in 0 --force")

/** What a shell or a copy added to the secret. A secret may hold such characters, so only a refusal tells of them. */
function strayIn(secret: string): string | undefined {
  const found = /[\r\n]/.test(secret)
    ? "a line break"
    : /^\s|\s$/.test(secret)
      ? "a blank at an end"
      : /^(["'`]).*\1$/.test(secret) && "quotes around it"
  return found ? `AACTL_ADMIN_SECRET has ${found}: set it to the secret alone` : undefined
}

function refusalAdvice(code: BrokerError["code"], retryAfter: number | undefined): string | undefined {
  if (code === "unauthorized") return "check the admin secret; awrit config show says where it comes from"
  if (retryAfter !== undefined) return `try again in ${retryAfter} s`
  // A missing resource comes with a hint, so this is a missing route.
  if (code === "not_found") return "check the broker's URL: give it without /v1"
  return code === "internal_error" ? "search the broker's log for the request id" : undefined
}

/** What to do about a failed connection, by Node's error code. */
function networkAdvice(error: NetworkError): string {
  const { message } = error
  const advice = certificateAdvice(message)
  if (advice !== undefined) return advice
  if (/ERR_SSL|EPROTO|HTTP_?PARSER|HPE_|UND_ERR_SOCKET|ECONNRESET/.test(message))
    return "check http or https in its URL; a broker with mutual TLS needs --cert FILE and --key FILE"
  return error.hint ?? "check that the broker is running"
}

/** Compares names because the store package is imported only by commands that read a database. */
const isDatabaseError = (error: unknown): error is Error =>
  error instanceof Error && ["DatabaseError", "BackupError"].includes(error.name)

/** Node's error for a file that the system does not let us use: the message names what was tried on which path. */
const isOfSystem = (error: unknown): error is Error => error instanceof Error && "syscall" in error
