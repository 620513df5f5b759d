import { appParameters, decode } from "@agentwrit/contract"
import type { AgentWritAdmin } from "@agentwrit/sdk/admin"
import { CommandError, UsageError } from "./errors.ts"

/**
 * The id of the app that the command line names by its id or its name. A text of an id's form is taken as one.
 * @throws UsageError that names the argument, CommandError if no app has the name.
 */
export async function appIdOf(given: string | undefined, where: string, admin: AgentWritAdmin): Promise<string> {
  if (given === undefined) throw new UsageError(`${where} is missing: give an app's id or name, such as billing`)
  if (decode(appParameters, { id: given }).ok) return given
  if (!/^[a-z][a-z0-9-]{1,63}$/.test(given)) throw new UsageError(`${where} must be an app's id or name`)
  const { apps } = await admin.listApps()
  const app = apps.find(({ name }) => name === given)
  if (app === undefined) throw new CommandError(`${where} is no app's id or name; awrit app list shows them`)
  return app.appId
}

/** A subject of the trail, with the app's id where the command line says `app:{name}`. Any other text stays. */
export async function subjectOf(
  given: string | undefined,
  where: string,
  admin: AgentWritAdmin,
): Promise<string | undefined> {
  const [, name] = /^app:(.+)$/.exec(given ?? "") ?? []
  return name === undefined ? given : `app:${await appIdOf(name, where, admin)}`
}
