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
export { auditKeyPaths, type KeyPair, keyFiles, signingKeyPaths } from "./key-paths.ts"
export { formatKeyValues, type KeyValues, type ParsedKeyValues, parseKeyValues } from "./key-values.ts"
export { nameFile } from "./name-file.ts"
export { nodeFault } from "./node-version.ts"
export {
  isCredential,
  PrivateFileError,
  type PrivateFileOptions,
  readPrivateFile,
  readSecretFile,
  type WriteOptions,
  writeWhole,
} from "./private-file.ts"
export {
  ENCRYPTION_KEY_BYTES,
  formatPrivateKey,
  isSealedKey,
  MAX_KEY_FILE_BYTES,
  PrivateKeyError,
  readPrivateKey,
} from "./private-key.ts"
