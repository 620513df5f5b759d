/** The oldest Node that the programs run on, by major and minor version: `engines` of their packages. */
const MIN_NODE = [22, 18] as const

/**
 * Why a program cannot run on this Node, or `undefined`. npm only warns when it installs on an older one, where SQLite's
 * native module ends the process without a message.
 * @param version such as `24.11.0`. Default: the version of this Node.
 */
export function nodeFault(version: string = process.versions.node): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  const isOld = major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1])
  return isOld ? `Node ${MIN_NODE.join(".")} or newer is needed, this is Node ${version}` : undefined
}
