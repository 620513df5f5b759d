import type { VerifiedClaims } from "@agentwrit/sdk/verify"
import { Controller, Get, Module, Req, UseGuards } from "@nestjs/common"
import { ReportsGuard } from "./reports-guard.ts"

@Controller("reports")
export class ReportsController {
  @Get()
  @UseGuards(ReportsGuard)
  read(@Req() { claims }: { claims: VerifiedClaims }): { readBy: string } {
    return { readBy: claims.sub }
  }
}

@Module({ controllers: [ReportsController] })
export class AppModule {}
