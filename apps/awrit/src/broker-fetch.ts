import type { Fetch } from "@agentwrit/sdk/admin"
import { CommandError } from "./errors.ts"
import type { TlsFiles } from "./settings.ts"

/** A `fetch` with the given CA and client certificates. undici is imported here because few calls need it. */
export async function tlsFetch({ ca, cert, key }: TlsFiles): Promise<Fetch> {
  // The default export: a bundle of this CommonJS package has no named ones.
  const { Agent, fetch } = (await import("undici")).default
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
    // undici ignores a CA file that it cannot parse.
    if (ca !== undefined) new X509Certificate(ca)
    createSecureContext(connect)
  } catch (error) {
    throw new CommandError(`the files of --ca, --cert and --key cannot be used together: ${(error as Error).message}`)
  }
  const dispatcher = new Agent({ connect })
  // undici's types differ from those of the global fetch. The SDK sends only text bodies.
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
