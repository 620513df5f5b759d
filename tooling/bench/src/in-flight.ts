/** Operations under way at a time wherever throughput is measured (the "64 in flight"). */
export const IN_FLIGHT = 64
