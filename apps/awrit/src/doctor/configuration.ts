import type { Context } from "../context.ts"
import { folderOpenToOthers } from "../open-folder.ts"
import { type Finding, ok, problem, warning } from "./finding.ts"

/** The config file, and where broker and secret come from. */
export function configurationFindings({ io, settings }: Context): Finding[] {
  const findings: Finding[] = []
  const isInEnvironment = (io.env["AACTL_ADMIN_SECRET"] ?? "") !== ""
  try {
    const { path } = settings.config()
    const openFolder = path === undefined ? undefined : folderOpenToOthers(path)
    findings.push(
      openFolder === undefined
        ? ok("config file", path ?? "there is none; flags and environment are used")
        : warning("config file", `others may put a file in the place of ${path}`, `chmod go-w ${openFolder}`),
    )
  } catch (error) {
    findings.push(
      problem("config file", (error as Error).message, "mend the file, or write it anew with awrit init --force"),
    )
    // What it would say of the secret is unknown.
    if (!isInEnvironment) return findings
  }
  try {
    settings.adminSecret()
    findings.push(ok("admin secret", isInEnvironment ? "from AACTL_ADMIN_SECRET" : "from the config file"))
  } catch (error) {
    findings.push(problem("admin secret", (error as Error).message, "set AACTL_ADMIN_SECRET"))
  }
  return findings
}

/** Where the broker is; a plain connection to another machine shows the admin secret to whoever listens. */
export function urlFinding(brokerUrl: string): Finding {
  const { hostname, protocol } = new URL(brokerUrl)
  if (protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return ok("broker URL", brokerUrl)
  return warning(
    "broker URL",
    `${brokerUrl} is not encrypted: the admin secret travels in the clear`,
    "use https, or a tunnel",
  )
}
