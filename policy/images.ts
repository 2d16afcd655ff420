/** What must hold for the images that containers run. */
import { isRolling } from "../components/services/images";
import { all, type Expected, inputsHold, type Rule, types } from "./graph";

const { container } = types;

/** Last part of a reference's repository. */
const repository = (reference: string): string => /([^/:@]+)(:[^/]*)?$/.exec(reference)?.[1] ?? "";

/** Whether a reference has the digest that the lock file has for it; where that has none, a tag will do. */
function hasDigest(reference: unknown, { digests }: Expected): boolean {
  const [tagged = "", digest] = String(reference).split("@");
  const locked = digests.get(tagged);
  return locked === undefined || digest === locked;
}

export const imageRules: readonly Rule[] = [
  {
    name: "exact image",
    why: "a rolling tag may move back to an older version, and takes the data with it",
    fix: "name a whole version, better a digest",
    check: inputsHold(
      container,
      ["image"],
      ({ image }) => typeof image === "string" && !isRolling(image, repository(image)),
    ),
  },
  {
    name: "digest as locked",
    why: "a tag that somebody moves would bring another program to the same data",
    fix: "take the reference from imageReference(), which adds the digest of images.lock.json",
    check: all(
      inputsHold(container, ["image"], ({ image }, _, { expected }) => hasDigest(image, expected)),
      inputsHold(types.image, ["name"], ({ name }, _, { expected }) => hasDigest(name, expected)),
    ),
  },
  {
    name: "image pulled first",
    why: "a pull that fails after the old container is gone is an outage",
    fix: "depend on the RemoteImage with the same reference",
    scope: "graph",
    check: inputsHold(container, ["image"], ({ image }, { dependencies }, { resources }) =>
      resources.some(
        ({ type, urn, inputs }) =>
          type === types.image && dependencies.includes(urn) && inputs["name"] === image,
      ),
    ),
  },
];
