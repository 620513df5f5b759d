export type { GuardOptions, RequiredScope } from "../guard/options.ts"
export { scopeFor } from "../guard/scope-for.ts"
export { type McpGuard, mcpAuthInfoOf, mcpGuard } from "./mcp-guard.ts"
export {
  type ProtectedResource,
  type ProtectedResourceMetadata,
  type ProtectedResourceOptions,
  protectedResource,
} from "./protected-resource.ts"
export {
  type McpAuthInfo,
  type McpErrors,
  type McpTokenVerifier,
  type McpTokenVerifierOptions,
  mcpAuthInfo,
  mcpTokenVerifier,
} from "./token-verifier.ts"
export {
  type GrantedScopes,
  requireToolScope,
  type ScopeChallengeContext,
  type ScopeChallengeHandler,
  scopeChallenge,
} from "./tool-scope.ts"
