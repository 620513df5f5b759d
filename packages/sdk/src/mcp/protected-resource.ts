import { isScope } from "@agentwrit/core"
import { requireKnownOptions } from "../known-options.ts"

/** Metadata of a protected resource (RFC 9728, section 2). */
export interface ProtectedResourceMetadata {
  /** The server's URL, as clients know it. */
  readonly resource: string
  /** OAuth authorization servers that issue its tokens. A broker is none: its agents register by its own API. */
  readonly authorization_servers?: readonly string[]
  readonly bearer_methods_supported: readonly ["header"]
  /** The algorithms of DPoP proofs (RFC 9728, section 2). */
  readonly dpop_signing_alg_values_supported: readonly ["EdDSA", "Ed25519"]
  readonly scopes_supported?: readonly string[]
  readonly resource_name?: string
}

/** What {@link protectedResource} is made from. */
export interface ProtectedResourceOptions {
  /** The URL of the MCP endpoint, as clients know it. */
  readonly resource: string | URL
  /** The scopes that its tools need. */
  readonly scopes?: readonly string[] | undefined
  /** A name for people. */
  readonly name?: string | undefined
  /**
   * Issuers of OAuth authorization servers that give tokens for it. Default: none. A client that has no token then gets
   * a plain 401, instead of looking for an OAuth server where none is.
   */
  readonly authorizationServers?: readonly string[] | undefined
}

/** The RFC 9728 metadata that the MCP specification requires of servers, and where to serve it. */
export interface ProtectedResource {
  readonly metadata: ProtectedResourceMetadata
  /**
   * Serve the metadata as JSON at this path: `/.well-known/oauth-protected-resource` and the resource's path (RFC 9728,
   * section 3.1).
   */
  readonly path: string
  /**
   * The metadata's URL, for `resourceMetadataUrl` of the MCP SDK's `requireBearerAuth` and `resourceMetadata` of this
   * package's guards.
   */
  readonly metadataUrl: string
}

/**
 * Makes the metadata of an MCP server.
 * @throws `TypeError` when a URL is not an http or https URL without a fragment, or a scope is malformed.
 * @example
 * import express from "express"
 *
 * const { path, metadata } = protectedResource({ resource: "https://tools.example/mcp" })
 * express().get(path, (_, res) => { res.json(metadata) })
 */
export function protectedResource(options: ProtectedResourceOptions): ProtectedResource {
  requireKnownOptions("protectedResource", options, {
    resource: true,
    scopes: true,
    name: true,
    authorizationServers: true,
  })
  const { resource, scopes, name, authorizationServers } = options
  const url = webUrl("resource", resource)
  for (const issuer of authorizationServers ?? []) webUrl("authorizationServers", issuer)
  if (scopes?.every(isScope) === false || scopes?.length === 0)
    throw new TypeError("scopes must be of the form action:resource:identifier, at least one")
  const path = `/.well-known/oauth-protected-resource${url.pathname === "/" ? "" : url.pathname}`
  return {
    metadata: {
      resource: String(resource),
      ...(authorizationServers !== undefined && { authorization_servers: authorizationServers }),
      bearer_methods_supported: ["header"],
      dpop_signing_alg_values_supported: ["EdDSA", "Ed25519"],
      ...(scopes !== undefined && { scopes_supported: scopes }),
      ...(name !== undefined && { resource_name: name }),
    },
    path,
    metadataUrl: `${url.origin}${path}${url.search}`,
  }
}

function webUrl(option: string, value: string | URL): URL {
  const url = URL.parse(String(value))
  if (url === null || !/^https?:$/.test(url.protocol) || url.hash !== "")
    throw new TypeError(`${option} must be an http or https URL without a fragment`)
  return url
}
