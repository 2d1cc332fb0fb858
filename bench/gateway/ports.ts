/** Ports of one run; all on loopback. */
export const PORTS: Readonly<
  Record<'upstream' | 'nginx' | 'nginxTls' | 'express' | 'bare' | 'fastify' | 'haproxy', number> &
    Record<'node' | 'fast' | 'plainNode' | 'plainFast' | 'cold', readonly [number, number]>
> = {
  upstream: 9710,
  nginx: 9711,
  nginxTls: 9712,
  express: 9713,
  bare: 9714,
  fastify: 9715,
  haproxy: 9716,
  /** Sallyport by transport: plain, TLS. */
  node: [9717, 9718],
  fast: [9719, 9720],
  /** Our own plain proxy by transport: plain, TLS. */
  plainNode: [9721, 9722],
  plainFast: [9723, 9724],
  /** One that was started a moment ago. */
  cold: [9725, 9726],
}
