export {
  type ConfigFile,
  type ConfigFileContent,
  type ConfigFileKey,
  type ConfigFilePlaces,
  readConfigFile,
  userConfigPath,
  writeConfigFile,
} from "./config-file.ts"
export { codeOf } from "./error-code.ts"
export { nameFile } from "./name-file.ts"
export { PrivateFileError, readPrivateFile, type WriteOptions, writeWhole } from "./private-file.ts"
