export {
  type ConfigFile,
  type ConfigFileContent,
  type ConfigFileKey,
  type ConfigFilePlaces,
  readConfigFile,
  userConfigPath,
  writeConfigFile,
} from "./config-file.ts"
export { codeOf, PrivateFileError, readPrivateFile, type WriteOptions, writeWhole } from "./private-file.ts"
