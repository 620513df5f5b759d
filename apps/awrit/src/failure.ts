import { AuditError } from "@agentwrit/audit"
import { BrokerError, InvalidRequestError, NetworkError, UnexpectedAnswerError } from "@agentwrit/sdk/admin"
import { CommandError, ReaderGone, UsageError } from "./errors.ts"
import { visible } from "./text.ts"
import { certificateAdvice } from "./tls-advice.ts"

/** How a failed command ends: the line for stderr, none where nobody needs to be told, and the exit code. */
export interface Failure {
  readonly line?: string
  readonly exitCode: 0 | 1 | 2
}

/** What a failure of any kind is to the person before the terminal: one line that says what to do. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ReaderGone) return { exitCode: 0 }
  if (error instanceof UsageError || error instanceof InvalidRequestError) return told(error.message, 2)
  if (error instanceof BrokerError) return told(refusal(error), 1)
  if (error instanceof NetworkError) return told(`${error.message}; ${networkAdvice(error)}`, 1)
  if (error instanceof UnexpectedAnswerError) return told(`${error.message}; ${error.hint}`, 1)
  if (error instanceof CommandError || error instanceof AuditError || isDatabaseError(error))
    return told(error.message, 1)
  return told(`this is a fault of awrit, please report it: ${error instanceof Error ? error.message : "unknown"}`, 1)
}

const told = (message: string, exitCode: 1 | 2): Failure => ({
  line: `awrit: ${message
    .split(/\s*\n\s*/)
    .map(visible)
    .join("; ")}`,
  exitCode,
})

function refusal({ code, detail, hint, requestId, retryAfter }: BrokerError): string {
  const advice = hintInCommands(hint) ?? refusalAdvice(code, retryAfter)
  return `${detail} (${code}, request ${requestId})${advice === undefined ? "" : `; ${advice}`}`
}

/** The broker's hint, with the command for what it names. */
const hintInCommands = (hint: string | undefined): string | undefined =>
  hint?.replace("list the apps to see their ids", "awrit app list shows them")

function refusalAdvice(code: BrokerError["code"], retryAfter: number | undefined): string | undefined {
  if (code === "unauthorized") return "check the admin secret in AACTL_ADMIN_SECRET or the config file"
  if (retryAfter !== undefined) return `try again in ${retryAfter} s`
  // The routes that awrit calls are there; what a command asked for by its id brings a hint along.
  if (code === "not_found") return "check the broker's URL: it is given without /v1 and what follows"
  return code === "internal_error" ? "look for the request's id in the broker's log" : undefined
}

/** What to do about a failed connection, by what the platform says of it. */
function networkAdvice(error: NetworkError): string {
  const { message } = error
  const advice = certificateAdvice(message)
  if (advice !== undefined) return advice
  if (/ERR_SSL|EPROTO|HTTP_?PARSER|HPE_|UND_ERR_SOCKET|ECONNRESET/.test(message))
    return "check http or https in its URL; a broker with mutual TLS wants --cert FILE and --key FILE"
  return error.hint ?? "check that the broker runs"
}

/** Errors of the store's package, which is loaded only where a database is read. */
const isDatabaseError = (error: unknown): error is Error =>
  error instanceof Error && ["DatabaseError", "BackupError"].includes(error.name)
