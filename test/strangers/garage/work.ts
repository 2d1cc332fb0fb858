import type { Reply, Routes } from '../kit/serve.ts'
import type { Desk } from './desk.ts'

/** Vehicles, reports, videos, the board. */
export function workRoutes({ now, withCaller }: Desk): Routes {
  const ownerOf = (vin: string) => {
    const vehicle = now().vehicles.find((one) => one.vin === vin)
    const { email = '', number = '' } = now().people.get(vehicle?.owner ?? '') ?? {}
    return { email, number }
  }
  const videoOf = (id: string | undefined) => now().videos.find((one) => String(one.id) === id)
  const withoutVideo = (id: string | undefined): Reply => {
    if (videoOf(id) === undefined) return [404, { message: 'Not found' }]
    now().videos = now().videos.filter((one) => String(one.id) !== id)
    return [200, { message: 'Deleted', status: 200 }]
  }
  return {
    'GET /api/vehicles': withCaller((caller) => [
      200,
      now()
        .vehicles.filter(({ owner }) => owner === caller.email)
        .map(({ uuid, vin }) => ({ uuid, vin, owner: ownerOf(vin) })),
    ]),
    'GET /api/vehicles/{vehicle_id}/location': withCaller((_caller, { path }) => {
      const vehicle = now().vehicles.find(({ uuid }) => uuid === path['vehicle_id'])
      if (vehicle === undefined) return [404, { message: 'Not found' }]
      const { name = '', email = '' } = now().people.get(vehicle.owner) ?? {}
      const place = { latitude: '37.746', longitude: '-84.301' }
      return [200, { vehicle_id: vehicle.uuid, full_name: name, email, place }]
    }),
    'POST /api/vehicles/{vehicle_id}/horn': withCaller((_caller, { path }) => {
      const isThere = now().vehicles.some(({ uuid }) => uuid === path['vehicle_id'])
      return isThere
        ? [200, { message: 'It sounds', status: 200 }]
        : [404, { message: 'Not found' }]
    }),
    'GET /api/mechanic/report': withCaller((_caller, { query }) => {
      const report = now().reports.find(({ id }) => String(id) === query.get('report_id'))
      if (report === undefined) return [404, { message: 'Not found' }]
      const { id, vin, problem, mechanic_code } = report
      return [200, { id, problem, mechanic_code, vehicle: { vin, owner: ownerOf(vin) } }]
    }),
    // Shown to mechanics by the web page, to anybody by the API.
    'GET /api/mechanic/requests': withCaller(() => [
      200,
      {
        requests: now().reports.map(({ id, vin, problem }) => ({
          id,
          problem,
          vehicle: { vin, owner: ownerOf(vin) },
        })),
      },
    ]),
    'POST /api/mechanic/contact': withCaller(async (_caller, { body }) => {
      const times = body.repeat_request_if_failed === true ? body.number_of_repeats : 1
      const { hostname } = new URL(body.mechanic_api)
      // Only what is on this machine is really asked: the rehearsal stays at home.
      const isHere = /^(?:localhost|127\.)/.test(hostname)
      const answer = isHere ? await (await fetch(body.mechanic_api)).text() : 'received'
      return [200, { answer, sent: times }]
    }),
    'GET /api/posts': withCaller(() => [
      200,
      now().posts.map(({ author, ...post }) => {
        const { name = '', email = '', number = '' } = now().people.get(author) ?? {}
        const vehicle = now().vehicles.find(({ owner }) => owner === author)
        return { ...post, author: { nickname: name, email, number, vehicle_id: vehicle?.uuid } }
      }),
    ]),
    'POST /api/posts': withCaller((caller, { body }) => {
      const post = { id: `p${now().posts.length + 1}`, author: caller.email, ...body }
      now().posts.push(post)
      return [200, { id: post.id, title: post.title, content: post.content }]
    }),
    'GET /api/videos/{video_id}': withCaller((_caller, { path }) => {
      const video = videoOf(path['video_id'])
      return video === undefined ? [404, { message: 'Not found' }] : [200, video]
    }),
    'PUT /api/videos/{video_id}': withCaller((_caller, { path, body }) => {
      const video = videoOf(path['video_id'])
      if (video === undefined) return [404, { message: 'Not found' }]
      return [200, Object.assign(video, body)]
    }),
    'DELETE /api/videos/{video_id}': withCaller((_caller, { path }) =>
      withoutVideo(path['video_id']),
    ),
    'DELETE /api/manager/videos/{video_id}': withCaller((_caller, { path }) =>
      withoutVideo(path['video_id']),
    ),
    'POST /api/videos': withCaller((caller, { bytes, headers }) => {
      const type = /content-type: (\S+)/i.exec(bytes.toString('latin1'))?.[1] ?? ''
      const id = now().videos.length + 1
      now().videos.push({ id, owner: caller.email, name: 'new.mp4', conversion_params: '' })
      return [
        200,
        { id, message: `kept ${bytes.length} bytes of ${type}` },
        { 'x-sent-by': headers.host ?? '' },
      ]
    }),
  }
}
