import { isDone, memberOf, shows } from '../kit/world.ts'
import type { Check } from '../kit/world.ts'
import { logIn } from './log-in.ts'

const CORA = 'cora@mail.example'
const CORAS_CAR = '7a1e1c52-3c1f-4b6e-9a52-0d5d4c1b0a11'

function asked(
  [name, gains]: readonly [string, string],
  who: string,
  line: string,
  pattern: RegExp,
  body?: Record<string, unknown>,
): Check {
  const [method = '', target = ''] = line.split(' ')
  return {
    name,
    gains,
    works: async (world) => {
      const headers = await world.as(who)
      return shows(
        await world.ask({ method, target, headers, ...(body === undefined ? {} : { body }) }),
        pattern,
      )
    },
  }
}

/** What customers, mechanics and managers of the garage do every day. */
export const HONEST_CALLS: readonly Check[] = [
  {
    name: 'join',
    gains: 'an account, and a token for it',
    works: async (world) => {
      const body = {
        email: 'eve@mail.example',
        name: 'Eve',
        number: '555-0404',
        password: 'x-Y-z-12',
      }
      const joined = await world.ask({ method: 'POST', target: '/api/signup', body })
      const got = await logIn(world, body.email, body.password)
      return shows(joined, /Registered/) && typeof memberOf(got, 'access_token') === 'string'
    },
  },
  asked(['own-profile', 'who one is'], CORA, 'GET /api/me', /"name":"Cora".*"credit":100/),
  asked(['change-own-profile', 'another number'], CORA, 'PUT /api/me', /555-7777/, {
    email: CORA,
    number: '555-7777',
  }),
  {
    name: 'forgotten-password',
    gains: 'a new one, by the code that was sent',
    works: async (world) => {
      await world.ask({ method: 'POST', target: '/api/password/forgot', body: { email: CORA } })
      for (const otp of ['0471', '0417']) {
        const body = { email: CORA, otp, password: 'brand-New-3' }
        await world.ask({ method: 'POST', target: '/api/v3/password/check-otp', body })
      }
      return memberOf(await logIn(world, CORA, 'brand-New-3'), 'access_token') !== undefined
    },
  },
  asked(['own-vehicles', 'one’s cars'], CORA, 'GET /api/vehicles', /7a1e1c52.*cora@/),
  asked(
    ['own-location', 'where one’s car stands'],
    CORA,
    `GET /api/vehicles/${CORAS_CAR}/location`,
    /37\.746/,
  ),
  asked(['own-horn', 'it sounds'], CORA, `POST /api/vehicles/${CORAS_CAR}/horn`, /It sounds/),
  asked(
    ['own-report', 'what is wrong with it'],
    CORA,
    'GET /api/mechanic/report?report_id=1',
    /squeal/,
  ),
  asked(
    ['contact-mechanic', 'a request at the mechanic'],
    CORA,
    'POST /api/mechanic/contact',
    /received/,
    {
      mechanic_api: 'http://mechanics.garage.example/receive',
      mechanic_code: 'M1',
      problem: 'it "squeals" -- again; why?',
      vin: '1CORA000000000001',
      repeat_request_if_failed: true,
      number_of_repeats: 2,
    },
  ),
  asked(
    ['requests-for-mechanic', 'what there is to do'],
    'mike@garage.example',
    'GET /api/mechanic/requests',
    /squeal.*petrol/,
  ),
  asked(
    ['report-for-mechanic', 'any report'],
    'mike@garage.example',
    'GET /api/mechanic/report?report_id=2',
    /petrol/,
  ),
  asked(
    ['board', 'what others write'],
    CORA,
    'GET /api/posts?limit=10',
    /New tyres.*"nickname":"Dan"/,
  ),
  asked(['post', 'a post'], CORA, 'POST /api/posts', /Thanks/, {
    title: 'Thanks',
    content: "O'Brien & sons <3 do good work",
  }),
  asked(['products', 'what there is'], CORA, 'GET /api/shop/products', /Wheel/),
  asked(['buy', 'an order'], CORA, 'POST /api/shop/orders', /"credit":80/, {
    product_id: 1,
    quantity: 2,
  }),
  asked(['own-orders', 'what one bought'], CORA, 'GET /api/shop/orders?limit=30', /Seat/),
  asked(['own-order', 'one order'], CORA, 'GET /api/shop/orders/1', /cora@.*Seat/),
  asked(
    ['return-own-order', 'it goes back'],
    CORA,
    'POST /api/shop/orders/return?order_id=1',
    /return pending/,
  ),
  asked(['valid-coupon', 'whether it is good'], CORA, 'POST /api/coupons/validate', /SPRING10/, {
    coupon_code: 'SPRING10',
  }),
  asked(['use-coupon', 'money'], CORA, 'POST /api/coupons/apply', /"credit":110/, {
    coupon_code: 'SPRING10',
    amount: 10,
  }),
  {
    name: 'upload-and-rename',
    gains: 'a film of one’s own, under another name',
    works: async (world) => {
      const { authorization } = await world.as(CORA)
      const body =
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n' +
        'Content-Type: video/mp4\r\n\r\nframes\r\n--b--\r\n'
      const type = { authorization, 'content-type': 'multipart/form-data; boundary=b' }
      const kept = await world.ask({ method: 'POST', target: '/api/videos', headers: type, body })
      const target = `/api/videos/${String(memberOf(kept, 'id'))}`
      const headers = { authorization }
      const renamed = await world.ask({ method: 'PUT', target, headers, body: { name: 'b.mp4' } })
      return (
        shows(renamed, /b\.mp4/) && isDone(await world.ask({ method: 'DELETE', target, headers }))
      )
    },
  },
  asked(
    ['people-for-manager', 'everybody'],
    'mona@garage.example',
    'GET /api/manager/people',
    /cora@.*mike@/,
  ),
  asked(
    ['disk-for-manager', 'how full it is'],
    'mona@garage.example',
    'GET /api/manager/disk?parameters=-h',
    /42%/,
  ),
  asked(
    ['video-removed-by-manager', 'a film less'],
    'mona@garage.example',
    'DELETE /api/manager/videos/2',
    /Deleted/,
  ),
]
