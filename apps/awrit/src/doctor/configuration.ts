import type { Context } from "../context.ts"
import { NoSecretError } from "../errors.ts"
import { folderOpenToOthers } from "../open-folder.ts"
import { SessionFile } from "../session-file.ts"
import { type Finding, ok, problem, warning } from "./finding.ts"

/** Checks the context, the config file and the admin secret. */
export function configurationFindings({ io, settings }: Context): Finding[] {
  const findings: Finding[] = []
  try {
    const context = settings.context()
    if (context !== undefined) findings.push(ok("context", `${context.value}, by ${context.from}`))
  } catch (error) {
    return [problem("context", (error as Error).message, "correct its file, or write it with awrit context set")]
  }
  try {
    const { path } = settings.config()
    const openFolder = path === undefined ? undefined : folderOpenToOthers(path)
    findings.push(
      openFolder === undefined
        ? ok("config file", path ?? "none; awrit uses flags and environment")
        : warning("config file", `other users can replace ${path}`, `chmod go-w ${openFolder}`),
    )
  } catch (error) {
    findings.push(
      problem("config file", (error as Error).message, "correct the file, or replace it with awrit init --force"),
    )
    // The unreadable file may contain the secret.
    if (!io.env["AACTL_ADMIN_SECRET"] && !io.env["AACTL_ADMIN_SECRET_FILE"]) return findings
  }
  return [...findings, secretFinding(settings)]
}

function secretFinding(settings: Context["settings"]): Finding {
  try {
    return ok("admin secret", `from ${settings.findAdminSecret().from}`)
  } catch (error) {
    const { message } = error as Error
    if (error instanceof NoSecretError && hasSession(settings)) return ok("admin secret", "none; awrit login signed in")
    return problem("admin secret", message, "set AACTL_ADMIN_SECRET")
  }
}

/** Whether there is a session. Whether it is still good, the sign-in shows. */
function hasSession(settings: Context["settings"]): boolean {
  try {
    return new SessionFile(settings.brokerUrl()).read() !== undefined
  } catch {
    // Another finding tells of a wrong URL, and the sign-in of a session file that is refused.
    return true
  }
}

/** Checks the broker's URL: plain HTTP to another machine exposes the admin secret. */
export function urlFinding(brokerUrl: string): Finding {
  const { hostname, protocol } = new URL(brokerUrl)
  if (protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return ok("broker URL", brokerUrl)
  return warning("broker URL", `${brokerUrl} is not encrypted: it exposes the admin secret`, "use https, or a tunnel")
}
