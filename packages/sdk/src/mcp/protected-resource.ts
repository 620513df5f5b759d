import { isScope } from "@agentwrit/core"
import type { Verifier } from "../verify/verifier.ts"

/** The metadata of a protected resource, as far as it can be told here (RFC 9728, section 2). */
export interface ProtectedResourceMetadata {
  /** The URL that clients know the server by. */
  readonly resource: string
  /** The broker, which issues the tokens. */
  readonly authorization_servers: readonly string[]
  readonly bearer_methods_supported: readonly ["header"]
  readonly scopes_supported?: readonly string[]
  readonly resource_name?: string
}

/** What {@link protectedResource} is made from. */
export interface ProtectedResourceOptions {
  readonly verifier: Pick<Verifier, "brokerUrl">
  /** The URL of the MCP endpoint, as clients know it. */
  readonly resource: string | URL
  /** The scopes that its tools ask for. */
  readonly scopes?: readonly string[] | undefined
  /** For people. */
  readonly name?: string | undefined
}

/** The RFC 9728 metadata that the MCP specification asks of servers, and where it has to be served. */
export interface ProtectedResource {
  readonly metadata: ProtectedResourceMetadata
  /** The path to serve the metadata at, as JSON: `/.well-known/oauth-protected-resource` before the resource's own (RFC 9728, section 3.1). */
  readonly path: string
  /** Its URL, for `resourceMetadataUrl` of the SDK's `requireBearerAuth` and `resourceMetadata` of this package's guards. */
  readonly metadataUrl: string
}

/**
 * The metadata of an MCP server. Clients learn from it which broker to get a token from; the broker is no OAuth authorization server,
 * so they do so by its own API and not by a redirect of a browser.
 * @throws `TypeError` when the resource is no http or https URL without a fragment, or a scope is none.
 * @example
 * const { path, metadata } = protectedResource({ verifier, resource: "https://tools.example/mcp" })
 * app.get(path, (_, res) => res.json(metadata))
 */
export function protectedResource({ verifier, resource, scopes, name }: ProtectedResourceOptions): ProtectedResource {
  const url = URL.parse(String(resource))
  if (url === null || !/^https?:$/.test(url.protocol) || url.hash !== "")
    throw new TypeError("resource must be an http or https URL without a fragment")
  if (scopes?.every(isScope) === false) throw new TypeError("scopes must be of the form action:resource:identifier")
  const path = `/.well-known/oauth-protected-resource${url.pathname === "/" ? "" : url.pathname}`
  return {
    metadata: {
      resource: String(resource),
      authorization_servers: [verifier.brokerUrl],
      bearer_methods_supported: ["header"],
      ...(scopes !== undefined && { scopes_supported: scopes }),
      ...(name !== undefined && { resource_name: name }),
    },
    path,
    metadataUrl: `${url.origin}${path}${url.search}`,
  }
}
