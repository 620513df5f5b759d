import type { AuthoritySettings } from "@agentwrit/authority"

/** The settings of an authority under test: those of a broker that is configured with nothing but a secret. */
export const TEST_SETTINGS: AuthoritySettings = {
  trustDomain: "agentwrit.local",
  issuer: "",
  defaultTtl: 300,
  maxTtl: 86_400,
  adminTokenTtl: 300,
  appTokenTtl: 1800,
}
