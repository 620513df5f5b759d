import type { Figure } from "./figure.ts"
import { appSignIn } from "./figures/app-sign-in.ts"
import { challenge } from "./figures/challenge.ts"
import { fsyncs } from "./figures/fsyncs.ts"
import { refusal } from "./figures/refusal.ts"
import { register, registerAlone } from "./figures/register.ts"
import { renew } from "./figures/renew.ts"
import { revocations } from "./figures/revocations.ts"
import { sdkVerify } from "./figures/sdk-verify.ts"
import { store } from "./figures/store.ts"
import { trail } from "./figures/trail.ts"
import { validateBeside } from "./figures/validate-beside.ts"
import { validateNew } from "./figures/validate-new.ts"
import { validateSeen } from "./figures/validate-seen.ts"

/** Every figure, in the table's order. */
export const figures: readonly Figure[] = [
  validateSeen,
  validateNew,
  challenge,
  register,
  registerAlone,
  renew,
  appSignIn,
  fsyncs,
  store,
  validateBeside,
  trail,
  revocations,
  sdkVerify,
  refusal,
]
