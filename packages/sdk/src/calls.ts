import {
  appSignInRequest,
  appSignInResponse,
  challengeResponse,
  delegationRequest,
  delegationResponse,
  issuedLaunchToken,
  launchTokenRequest,
  registrationRequest,
  registrationResponse,
  renewalResponse,
  validationRequest,
  validationResponse,
} from "@agentwrit/contract"
import type { Call } from "./call.ts"

/** `GET /v1/challenge` */
export const challenge = {
  method: "GET",
  path: "/v1/challenge",
  repeatable: "always",
  response: challengeResponse,
} as const satisfies Call<"challenge">

/** `POST /v1/app/auth`: one token more does no harm. */
export const appSignIn = {
  method: "POST",
  path: "/v1/app/auth",
  repeatable: "always",
  request: appSignInRequest,
  response: appSignInResponse,
} as const satisfies Call<"appSignIn">

/** `POST /v1/app/launch-tokens`: one that no one got to see expires unused. */
export const createAppLaunchToken = {
  method: "POST",
  path: "/v1/app/launch-tokens",
  repeatable: "always",
  request: launchTokenRequest,
  response: issuedLaunchToken,
} as const satisfies Call<"createAppLaunchToken">

/** `POST /v1/register`: a lost answer may have spent the launch token. */
export const register = {
  method: "POST",
  path: "/v1/register",
  repeatable: "refused",
  request: registrationRequest,
  response: registrationResponse,
} as const satisfies Call<"register">

/** `POST /v1/token/renew`: a lost answer may have replaced the token. */
export const renew = {
  method: "POST",
  path: "/v1/token/renew",
  repeatable: "refused",
  response: renewalResponse,
} as const satisfies Call<"renew">

/** `POST /v1/token/release`: a second one is told that the token is revoked already. */
export const release = {
  method: "POST",
  path: "/v1/token/release",
  repeatable: "always",
} as const satisfies Call<"release">

/** `POST /v1/delegate`: a lost answer leaves a token behind that no one holds. */
export const delegate = {
  method: "POST",
  path: "/v1/delegate",
  repeatable: "refused",
  request: delegationRequest,
  response: delegationResponse,
} as const satisfies Call<"delegate">

/** `POST /v1/token/validate` */
export const validate = {
  method: "POST",
  path: "/v1/token/validate",
  repeatable: "always",
  request: validationRequest,
  response: validationResponse,
} as const satisfies Call<"validate">
