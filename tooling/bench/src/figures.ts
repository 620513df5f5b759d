import type { Figure } from "./figure.ts"
import { fsyncs } from "./figures/fsyncs.ts"
import { refusal } from "./figures/refusal.ts"
import { requestFigures } from "./figures/requests.ts"
import { revocations } from "./figures/revocations.ts"
import { sdkVerify } from "./figures/sdk-verify.ts"
import { store } from "./figures/store.ts"
import { trail } from "./figures/trail.ts"
import { validateBeside } from "./figures/validate-beside.ts"

/** All figures, in the order of the table. */
export const figures: readonly Figure[] = [
  ...requestFigures,
  fsyncs,
  store,
  validateBeside,
  trail,
  revocations,
  sdkVerify,
  refusal,
]
