import * as v from "valibot"
import { flag } from "./fields.ts"
import { message } from "./message.ts"

/** The body of `POST /v1/token/release`, which may be absent. */
export const releaseRequest = message({
  cascade: v.exactOptional(flag("Whether what was delegated from the token ends too. Default false"), false),
})
