import type { AuthoritySettings } from "@agentwrit/authority"

/** The settings of an authority under test: the broker's defaults. */
export const TEST_SETTINGS: AuthoritySettings = {
  trustDomain: "agentwrit.local",
  issuer: "",
  defaultTtl: 300,
  maxTtl: 86_400,
  maxAgentLifetime: 0,
  adminTokenTtl: 300,
  appTokenTtl: 1800,
}
