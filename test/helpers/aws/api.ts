/**
 * A double of what the doctor asks of AWS, in memory and on loopback, that the real SDK drives: EC2's and STS's query
 * protocol, the Systems Manager's and Service Quotas' JSON, signatures, rights, and dry runs. What it knows of the real
 * one is from AWS's API reference and the SDK's own models; it was never compared with the real one.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type Account, emptyAccount } from "./account";
import { ec2 } from "./ec2";
import { isSigned, scopeOf } from "./signature";
import { AwsError, type Call, xml } from "./types";

export interface Options {
  /** What the key may not do, such as `ec2:DescribeVpcs`. */
  readonly without?: readonly string[];
}

export class AwsApi {
  readonly key = { id: "AKIAIOSFODNN7EXAMPLE", secret: "aws-secret-that-nobody-may-see" };
  readonly account: Account = emptyAccount();
  /** Every call, such as `us-east-1 ec2:DescribeRegions`; a dry run ends with ` (dry)`. */
  readonly calls: string[] = [];
  /** What a call that isn't a dry run would have made. */
  readonly changes: string[] = [];
  /** How many more calls are answered by a broken line. */
  broken = 0;
  /** Whether calls are left without an answer. */
  silent = false;
  private readonly server: Server = createServer();

  private constructor(private readonly without: readonly string[]) {
    this.server.on("request", (request, response) => {
      this.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start({ without = [] }: Options = {}): Promise<AwsApi> {
    const api = new AwsApi(without);
    await new Promise<void>((listening) => api.server.listen(0, "127.0.0.1", listening));
    return api;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /** For `AWS_ENDPOINT_URL`. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const { region, service } = scopeOf(request);
    const target = request.headers["x-amz-target"];
    const isJson = typeof target === "string";
    const params = isJson
      ? new Map(Object.entries(JSON.parse(body) as Record<string, string>))
      : new Map(new URLSearchParams(body));
    const name = isJson ? (target.split(".").at(-1) ?? "") : (params.get("Action") ?? "");
    const dry = params.get("DryRun") === "true";
    this.calls.push(`${region} ${service}:${name}${dry ? " (dry)" : ""}`);
    if (this.silent) return;
    if (this.broken > 0) {
      this.broken -= 1;
      response.destroy();
      return;
    }
    const say = (status: number, said: string): void => {
      response.writeHead(status, { "content-type": isJson ? "application/x-amz-json-1.1" : "text/xml" });
      response.end(said);
    };
    try {
      this.authorize(request, body, { region, service, name });
      const said = this.carryOut({ region, name, params }, service, dry);
      say(200, typeof said === "string" ? said : JSON.stringify(said));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { code, message, status } = error;
      if (isJson) say(status, JSON.stringify({ __type: code, message }));
      else if (service === "ec2")
        say(
          status,
          xml`<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`,
        );
      else
        say(
          status,
          xml`<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
        );
    }
  }

  /** Each service says in its own words that it doesn't know the key. */
  private authorize(
    request: IncomingMessage,
    body: string,
    { region, service, name }: { region: string; service: string; name: string },
  ): void {
    const { keyId } = scopeOf(request);
    const enabled = this.account.regions.get(region) === true;
    if (keyId !== this.key.id || !enabled) {
      if (service === "ec2")
        throw new AwsError(
          "AuthFailure",
          "AWS was not able to validate the provided access credentials",
          401,
        );
      if (service === "sts")
        throw new AwsError(
          "InvalidClientTokenId",
          "The security token included in the request is invalid.",
          403,
        );
      throw new AwsError(
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
      );
    }
    if (!isSigned(request, body, this.key.secret))
      throw new AwsError(
        service === "ec2" ? "AuthFailure" : "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
        403,
      );
    if (this.without.includes(`${service}:${name}`))
      throw service === "ec2"
        ? new AwsError("UnauthorizedOperation", "You are not authorized to perform this operation.", 403)
        : new AwsError("AccessDeniedException", `User is not authorized to perform: ${service}:${name}`);
  }

  private carryOut(call: Call, service: string, dry: boolean): string | Record<string, unknown> {
    const { account } = this;
    const { name, params } = call;
    switch (`${service}:${name}`) {
      case "sts:GetCallerIdentity":
        return xml`<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::${account.id}:user/muster</Arn><UserId>AIDA</UserId><Account>${account.id}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
      case "ssm:GetParameter": {
        const Value = account.parameters.get(params.get("Name") ?? "");
        if (Value === undefined) throw new AwsError("ParameterNotFound", "");
        return { Parameter: { Name: params.get("Name"), Type: "String", Value } };
      }
      case "servicequotas:GetServiceQuota":
        return quotaIn(account.quotas, params);
      case "servicequotas:GetAWSDefaultServiceQuota":
        return quotaIn(account.defaultQuotas, params);
    }
    const read = service === "ec2" ? ec2[name] : undefined;
    if (read !== undefined) return read(call, account);
    if (!dry) this.changes.push(name);
    const refused = account.dryRuns.get(name);
    throw dry
      ? new AwsError(
          refused ?? "DryRunOperation",
          "Request would have succeeded, but DryRun flag is set.",
          refused === undefined ? 412 : 400,
        )
      : new AwsError("InvalidAction", `The double can't ${name}`);
  }
}

function quotaIn(quotas: ReadonlyMap<string, number>, params: Call["params"]): Record<string, unknown> {
  const Value = quotas.get(`${params.get("ServiceCode") ?? ""} ${params.get("QuotaCode") ?? ""}`);
  if (Value === undefined) throw new AwsError("NoSuchResourceException", "The request failed");
  return { Quota: { Value } };
}
