import { AwsApi, type Options } from "./api";

/** Doubles of AWS that the environment leads to; each test's end stops its own, and puts the environment back. */
export function startsAws(): (options?: Options) => Promise<AwsApi> {
  const apis: AwsApi[] = [];
  const environment = { ...process.env };
  afterEach(async () => {
    process.env = { ...environment };
    await Promise.all(apis.splice(0).map((api) => api.stop()));
  });
  return async (options = {}) => {
    const api = await AwsApi.start(options);
    apis.push(api);
    process.env["AWS_ENDPOINT_URL"] = api.url;
    return api;
  };
}
