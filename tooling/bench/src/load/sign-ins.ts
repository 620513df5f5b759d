import { requestText } from "./connection.ts"
import { expectStatus, type Scenario } from "./scenario.ts"

/** Sign-ins of an app, each from another address, as a trusted proxy would tell it. */
export interface SignInsOptions {
  readonly clientId: string
  readonly clientSecret: string
}

/** Over all runs, so that no address comes twice and none meets its limit. */
let calls = 0

export const signIns: Scenario<SignInsOptions> = async (_, { clientId, clientSecret }) => {
  const from = (address: string): string =>
    requestText({
      method: "POST",
      path: "/v1/app/auth",
      headers: { "x-forwarded-for": address },
      json: { client_id: clientId, client_secret: clientSecret },
    })
  return (connection) => async () => {
    calls++
    const address = `10.${(calls >> 16) & 255}.${(calls >> 8) & 255}.${calls & 255}`
    expectStatus(await connection.send(from(address)), 200)
    return true
  }
}
