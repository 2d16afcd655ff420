import { makeNeighbour, removeNeighbour } from "../e2e/network";
import { missingParts } from "../e2e/parts";

jest.mock("../e2e/network");

describe("what the end-to-end tests need", () => {
  afterEach(() => jest.resetAllMocks());
  const missing = async (every: boolean, possible: boolean): Promise<string> => {
    jest.mocked(makeNeighbour).mockReturnValue(possible);
    return (await missingParts(every)).join("\n");
  };

  it("is a network namespace too, where every part is required", async () => {
    expect(await missing(true, false)).toContain("a network namespace");
    expect(removeNeighbour).toHaveBeenCalled();
    expect(await missing(true, true)).not.toContain("a network namespace");
  });

  it("is less where parts may be missing: the steps that need one are skipped", async () => {
    expect(await missing(false, false)).not.toContain("a network namespace");
  });
});
