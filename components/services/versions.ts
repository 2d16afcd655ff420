/**
 * What is known of versions: which lines are supported, which ended, which versions are bad, and where an upgrade
 * stops on its way. Known on 2026-11-21. Data, not a clock: the same settings give the same plan every day.
 */
import { type ImageName, imageNames } from "./images";

/** Versions that nobody should run, although their line is supported. */
export interface BadVersions {
  /** Range, as the package `semver` reads it; PostgreSQL's versions get a third number, 0. */
  versions: string;
  why: string;
  source: string;
}

/** A product whose data a version can spoil. */
export interface Product {
  title: string;
  /** Images that it comes in. */
  images: readonly ImageName[];
  /** How many of a version's numbers name its line: the last one counts the fixes. */
  lineNumbers: 1 | 2;
  /** Lines that get fixes, with the last day on which they do. */
  supported: Readonly<Record<string, string>>;
  /** Lines that ended, with that day. Every line that is older than one of these has ended too. */
  ended: Readonly<Record<string, string>>;
  bad: readonly BadVersions[];
  /** Lines that an upgrade must not jump over, oldest first. */
  stops: readonly string[];
  /** What going back to an older version of the same line, or of another, means. */
  downgrade: { severity: "error" | "warning"; problem: string };
}

/**
 * Lines and days: mattermost/docs, product-overview/mattermost-server-releases.md and release-policy.md of
 * 2026-08-21. Of 12.x the days aren't published there; they follow from the policy of three months.
 */
const mattermost: Product = {
  title: "Mattermost",
  images: ["mattermost-team", "mattermost-enterprise"],
  lineNumbers: 2,
  supported: {
    "11.7": "2027-05-15",
    "11.11": "2026-12-15",
    "12.0": "2027-01-15",
    "12.1": "2027-02-15",
  },
  ended: {
    "9.11": "2025-05-15",
    "10.5": "2025-11-15",
    "10.6": "2025-06-15",
    "10.7": "2025-07-15",
    "10.8": "2025-08-15",
    "10.9": "2025-09-15",
    "10.10": "2025-10-15",
    "10.11": "2026-08-15",
    "10.12": "2025-12-15",
    "11.0": "2026-01-15",
    "11.1": "2026-02-15",
    "11.2": "2026-03-15",
    "11.3": "2026-04-15",
    "11.4": "2026-05-15",
    "11.5": "2026-06-15",
    "11.6": "2026-07-15",
    "11.8": "2026-09-15",
    "11.9": "2026-10-15",
    "11.10": "2026-11-15",
  },
  bad: [
    {
      versions: "11.7.0 - 11.7.2",
      why: "its database migrations have numbers that 10.11.17 and later have given to others, so an upgrade stops halfway",
      source:
        "mattermost/docs, mattermost-v10-changelog.md, Release v10.11, Known Issue; mattermost/mattermost#36594",
    },
  ],
  // The extended support releases. Migrations keep compatible back to the last one only, and only an upgrade from one
  // to the next is tested: mattermost/docs, prepare-to-upgrade-mattermost.rst, release-policy.md.
  stops: ["9.11", "10.5", "10.11", "11.7"],
  downgrade: {
    severity: "error",
    // mattermost/docs, mattermost-v11-changelog.md (v11.0: PBKDF2), downgrading-mattermost-server.rst.
    problem:
      "it can't go back to an older version: its database is migrated, and whoever has signed in since can't sign in there",
  },
};

/** PostgreSQL's days: postgresql.org/support/versioning. */
const postgres: Product = {
  title: "PostgreSQL",
  images: imageNames.filter((name) => /^postgres-\d+$/.test(name)),
  lineNumbers: 1,
  supported: {
    "15": "2027-11-11",
    "16": "2028-11-09",
    "17": "2029-11-08",
    "18": "2030-11-14",
  },
  ended: { "13": "2025-11-13", "14": "2026-11-12" },
  bad: [
    {
      versions: "18.2 || 17.8 || 16.12 || 15.16",
      why: "substring() of long texts fails on valid ones, and a standby may stop; replaced after two weeks",
      source: "postgresql.org/docs/18/release-18-3.html",
    },
    {
      // As remembered from the release notes of 17.4; not looked up again.
      versions: "17.3 || 16.7 || 15.11",
      why: "the quoting functions of its client library read past their input's end; replaced after a week",
      source: "postgresql.org/docs/17/release-17-4.html",
    },
    {
      versions: "17.1 || 16.5 || 15.9",
      why: "ALTER ROLE ... SET ROLE has no effect, and extensions built for the version before may crash; replaced after a week",
      source: "postgresql.org/docs/17/release-17-2.html",
    },
  ],
  // Any major can be dumped and read by any later one.
  stops: [],
  downgrade: {
    severity: "warning",
    problem: "an older minor version reads the same files, but has the faults again that were mended since",
  },
};

/** Products by the service that runs them. */
export const products: Readonly<Record<string, Product>> = { mattermost, postgres };

/** The product that an image holds, where its versions matter. */
export const productOf = (image: ImageName): Product | undefined =>
  Object.values(products).find(({ images }) => images.includes(image));
