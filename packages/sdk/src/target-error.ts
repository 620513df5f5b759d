import { isLoopbackUrl } from "@agentwrit/core"
import { AgentWritError } from "./errors.ts"

/** Why nothing was sent. */
export type TargetErrorCode = "origin_not_allowed" | "insecure_target" | "redirect_refused"

/** A token or secret must not go to this target. Nothing was sent there. */
export class TargetError extends AgentWritError<TargetErrorCode> {
  override readonly name = "TargetError"
  /** The refused origin. The rest of the URL may contain secrets and is left out. */
  readonly origin: string

  constructor(code: TargetErrorCode, origin: string, detail: string, hint: string) {
    super(code, `${origin}: ${detail}; ${hint}`, { detail, hint })
    this.origin = origin
  }
}

export function isHttp({ protocol }: URL): boolean {
  return protocol === "https:" || protocol === "http:"
}

/** Whether what is sent there can be read on the wire: `http` to another machine. */
export function isPlainHttp({ protocol, href }: URL): boolean {
  return protocol === "http:" && !isLoopbackUrl(href)
}
