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
export { formatKeyValues, type KeyValues, type ParsedKeyValues, parseKeyValues } from "./key-values.ts"
export { nameFile } from "./name-file.ts"
export {
  isCredential,
  PrivateFileError,
  type PrivateFileOptions,
  readPrivateFile,
  readSecretFile,
  type WriteOptions,
  writeWhole,
} from "./private-file.ts"
