/** What answers hand out by the contract (CONTRACT 3), each in this field and nowhere else. */
const FIELDS: Readonly<Record<string, string>> = {
  "POST /v1/register": "access_token",
  "POST /v1/token/renew": "access_token",
  "POST /v1/delegate": "access_token",
  "POST /v1/admin/auth": "access_token",
  "POST /v1/app/auth": "access_token",
  "POST /v1/admin/launch-tokens": "launch_token",
  "POST /v1/app/launch-tokens": "launch_token",
  "POST /v1/admin/apps": "client_secret",
}

/** The secret that a success of this operation hands out, where it does. */
export function handedOut(operation: string, { status, text }: { status: number; text: string }): string | undefined {
  const field = FIELDS[operation]
  return field === undefined || status >= 300 ? undefined : JSON.parse(text)[field]
}
