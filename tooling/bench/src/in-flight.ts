/** Operations under way at a time wherever throughput is measured. */
export const IN_FLIGHT = 64
