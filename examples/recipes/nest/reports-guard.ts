import { type CanActivate, type ExecutionContext, HttpException, Injectable } from "@nestjs/common"
import type { Request as Incoming, Response as Outgoing } from "express"
import { readReports } from "../guard.ts"

@Injectable()
export class ReportsGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp()
    const request = http.getRequest<Incoming>()
    const url = `${request.protocol}://${request.host}${request.originalUrl}`
    const headers = request.headers as Record<string, string>
    const result = await readReports(new Request(url, { method: request.method, headers }))
    if (result.ok) {
      Object.assign(request, { claims: result.claims })
      return true
    }
    http.getResponse<Outgoing>().setHeaders(result.response.headers)
    throw new HttpException(JSON.parse(await result.response.text()), result.response.status)
  }
}
