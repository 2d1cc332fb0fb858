import type { Proof, ProofRange } from '../../pipeline/proof.ts'

/** URLs that would send the API on errands inside. */
export const proof: Proof = {
  control: 'url-fields',
  attacks: [
    {
      id: 'VAL-07',
      name: 'has the API fetch from the cloud’s metadata service',
      run: (range) =>
        anyTaken(range, [
          'http://169.254.169.254/latest/meta-data/',
          'https://169.254.169.254/',
          'https://[fd00:ec2::254]/',
          'https://metadata.google.internal/',
        ]),
    },
    {
      id: 'VAL-07',
      name: 'has the API fetch from its own machine, in odd spellings',
      run: (range) =>
        anyTaken(range, [
          'https://127.0.0.1/',
          'https://localhost/',
          'https://2130706433/',
          'https://0177.0.0.1/',
          'https://0x7f.1/',
          'https://[::1]/',
          'https://[::ffff:127.0.0.1]/',
          'https://example.com@127.0.0.1/',
        ]),
    },
    {
      id: 'VAL-07',
      name: 'leaves https, to read files or to speak other protocols',
      run: (range) =>
        anyTaken(range, ['file:///etc/passwd', 'gopher://example.com/', 'http://example.com/']),
    },
  ],
}

function anyTaken(range: ProofRange, urls: readonly string[]): Promise<boolean> {
  return range.anyPasses(
    urls.map((callbackUrl) => ({ method: 'POST', target: '/hooks', body: { callbackUrl } })),
  )
}
