const LOOPBACK_URL = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?:[/?#]|$)/i

/**
 * Whether an absolute URL names this machine. Names under localhost do not: some resolvers send them to other machines
 * (RFC 6761 section 6.3).
 * @example isLoopbackUrl("http://127.0.0.1:8080/v1/challenge") // true
 */
export const isLoopbackUrl = (url: string): boolean => LOOPBACK_URL.test(url)
