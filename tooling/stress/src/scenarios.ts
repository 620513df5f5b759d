import { clockSteps } from "./clock-steps.ts"
import { crashes } from "./crashes.ts"
import { everyWrite } from "./every-write.ts"
import { floods } from "./floods.ts"
import { power } from "./power.ts"
import { protocolAbuse } from "./protocol-abuse.ts"
import { rawSockets } from "./raw-sockets.ts"
import { soak } from "./soak.ts"
import type { Scenario } from "./stage.ts"
import { storageFaults } from "./storage-faults.ts"
import { tampering } from "./tampering.ts"
import { tokens } from "./tokens.ts"

/** In the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  ...[
    tampering,
    tokens,
    storageFaults,
    power,
    crashes,
    protocolAbuse,
    rawSockets,
    clockSteps,
    floods,
    soak,
    everyWrite,
  ],
]
