import type { Context } from "../context.ts"
import { folderOpenToOthers } from "../open-folder.ts"
import { type Finding, ok, problem, warning } from "./finding.ts"

/** Checks the config file and the admin secret. */
export function configurationFindings({ io, settings }: Context): Finding[] {
  const findings: Finding[] = []
  const isInEnvironment = (io.env["AACTL_ADMIN_SECRET"] ?? "") !== ""
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

/** Checks the broker's URL: plain HTTP to another machine exposes the admin secret. */
export function urlFinding(brokerUrl: string): Finding {
  const { hostname, protocol } = new URL(brokerUrl)
  if (protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return ok("broker URL", brokerUrl)
  return warning("broker URL", `${brokerUrl} is not encrypted: it exposes the admin secret`, "use https, or a tunnel")
}
