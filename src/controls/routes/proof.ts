import type { Proof } from '../../pipeline/proof.ts'

/** What no document declares. */
export const proof: Proof = {
  control: 'routes',
  // As a proxy does by prefix: whatever stands below an API's base path goes there.
  naive: (exchange, sites) => {
    const below = sites.filter(({ publicBase }) => exchange.path.startsWith(`${publicBase}/`))
    exchange.site = below.toSorted((a, b) => b.publicBase.length - a.publicBase.length)[0]
  },
  attacks: [
    {
      id: 'RTE-01',
      name: 'calls a debug route that no document declares',
      run: (range) =>
        range.anyPasses([
          { target: '/debug/env' },
          { target: '/PUBLIC' },
          { target: '/public/' },
          { target: '/items/1/secrets' },
        ]),
    },
    {
      id: 'RTE-01',
      name: 'uses a method that the document does not declare for a path',
      run: (range) =>
        range.anyPasses(
          ['DELETE', 'PUT', 'PATCH'].map((method) => ({ method, target: '/public' })),
        ),
    },
  ],
}
