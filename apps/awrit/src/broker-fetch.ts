import type { Fetch } from "@agentwrit/sdk/admin"
import { CommandError } from "./errors.ts"
import type { TlsFiles } from "./settings.ts"

/** A `fetch` that trusts the given certificates and shows the client's own; loaded only where one is given. */
export async function tlsFetch({ ca, cert, key }: TlsFiles): Promise<Fetch> {
  const { Agent, fetch } = await import("undici")
  const connect = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
  try {
    const [{ X509Certificate }, { createSecureContext }] = await Promise.all([
      import("node:crypto"),
      import("node:tls"),
    ])
    // Certificates that cannot be read would be left out without a word.
    if (ca !== undefined) new X509Certificate(ca)
    createSecureContext(connect)
  } catch (error) {
    throw new CommandError(`the files of --ca, --cert and --key cannot be used together: ${(error as Error).message}`)
  }
  const dispatcher = new Agent({ connect })
  // Written out, because this library's types are not those of the platform's own copy; the SDK's bodies are texts.
  return (url, { body, headers, method = "GET", redirect = "manual", signal = null }) =>
    fetch(url, {
      method,
      redirect,
      signal,
      headers: [...new Headers(headers)],
      body: typeof body === "string" ? body : null,
      dispatcher,
    })
}
