import { type ConnectionOptions, connect } from "node:tls"
import { codeOf } from "@agentwrit/config-file"
import type { Context } from "../context.ts"
import { exact } from "../time.ts"
import { certificateAdvice } from "../tls-advice.ts"
import { type Finding, ok, problem, warning } from "./finding.ts"

/** A certificate with less time left should be renewed. */
const RENEWAL_MS = 14 * 86_400_000

const TIMEOUT_MS = 5000

/** Checks the broker's certificate if its URL is https. */
export async function certificateFindings({ settings }: Context, brokerUrl: string): Promise<Finding[]> {
  const { hostname, port, protocol } = new URL(brokerUrl)
  if (protocol !== "https:") return []
  const host = hostname.replace(/^\[|\]$/g, "")
  try {
    return [
      await certificateFinding({
        host,
        port: Number(port) || 443,
        servername: /^[\d.]+$|:/.test(host) ? "" : host,
        ...settings.tls(),
      }),
    ]
  } catch (error) {
    return [
      problem(
        "certificate",
        (error as Error).message,
        certificateAdvice(codeOf(error)) ?? "check http or https in the broker's URL, and any proxy before it",
      ),
    ]
  }
}

function certificateFinding(options: ConnectionOptions): Promise<Finding> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, timeout: TIMEOUT_MS })
    socket.once("timeout", () => socket.destroy(new Error("the broker did not answer in time")))
    socket.once("error", reject)
    socket.once("secureConnect", () => {
      if (!socket.authorized) {
        socket.destroy()
        return resolve(
          problem(
            "certificate",
            "it is not verified",
            "unset NODE_TLS_REJECT_UNAUTHORIZED: anyone can pretend to be the broker",
          ),
        )
      }
      const end = Date.parse(socket.getPeerCertificate().valid_to)
      const protocol = socket.getProtocol() ?? "TLS"
      socket.end()
      const found = `trusted (${protocol}), valid until ${exact(end)}`
      resolve(end - Date.now() < RENEWAL_MS ? warning("certificate", found, "renew it soon") : ok("certificate", found))
    })
  })
}
