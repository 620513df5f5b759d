import { crashes } from "./crashes.ts"
import { everyWrite } from "./every-write.ts"
import { power } from "./power.ts"
import { protocolAbuse } from "./protocol-abuse.ts"
import type { Scenario } from "./stage.ts"
import { storageFaults } from "./storage-faults.ts"
import { tampering } from "./tampering.ts"

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [crashes, power, storageFaults, tampering, protocolAbuse, everyWrite]
