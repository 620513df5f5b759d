import { clock } from "./clock.ts"
import { crashes } from "./crashes.ts"
import { detectors } from "./detectors.ts"
import { everyWrite } from "./every-write.ts"
import { floods } from "./floods.ts"
import { keyRotation } from "./key-rotation.ts"
import { model } from "./model.ts"
import { power } from "./power.ts"
import { protocol } from "./protocol.ts"
import { soak } from "./soak.ts"
import { sockets } from "./sockets.ts"
import type { Scenario } from "./stage.ts"
import { storage } from "./storage/storage.ts"
import { tampering } from "./tampering.ts"
import { tokens } from "./tokens.ts"

/** All scenarios, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  detectors,
  tampering,
  tokens,
  model,
  storage,
  power,
  crashes,
  protocol,
  sockets,
  clock,
  floods,
  keyRotation,
  soak,
  everyWrite,
]
