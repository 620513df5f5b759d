const APP_ID = /^app-[a-z][a-z0-9-]{1,63}-[0-9a-f]{6}$/
const SUBJECT_PREFIX = "app:"

/** Whether a text has the form of an app id (CONTRACT 2, "App"). */
export function isAppId(text: unknown): text is string {
  return typeof text === "string" && APP_ID.test(text)
}

/** The `sub` of an app's own tokens: `app:{app_id}` (CONTRACT 2, "Claims"). */
export function appSubject(appId: string): string {
  return SUBJECT_PREFIX + appId
}

/** The app id in the `sub` of an app's own token; `undefined` for every other subject. */
export function appIdOf(subject: string): string | undefined {
  const id = subject.startsWith(SUBJECT_PREFIX) ? subject.slice(SUBJECT_PREFIX.length) : undefined
  return isAppId(id) ? id : undefined
}
