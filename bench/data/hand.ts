/** What somebody would do without Muster: the same tools with the same options, and nothing around them. */

/** Where containers see the repository that is filled by hand. */
export const handPath = "/by-hand";

const environment = `set -eu
. /muster/settings.sh
export PGHOST=postgres PGUSER="$database_user" PGPASSFILE=/muster/pgpass RESTIC_CACHE_DIR=/cache TMPDIR=/cache
export RESTIC_PASSWORD_FILE=/muster/repository-key RESTIC_REPOSITORY=${handPath}`;

/** A new repository at the same place; no cache knows it. */
export const newRepository = (path: string): string =>
  `${environment}
export RESTIC_REPOSITORY=${path}
find ${path} /cache /staging -mindepth 1 -maxdepth 1 -exec rm -rf {} +
/muster/restic init --quiet`;

export const backUp = `${environment}
pg_dump -Fd --compress=none -j 2 --no-sync -d "$database_name" -f /staging/database
/muster/restic backup --quiet --host by-hand /staging /volumes
rm -rf /staging/database`;

/** As each night. */
export const backUpAndPrune = `${backUp}
/muster/restic forget --quiet --host by-hand $keep --prune`;

export const restore = `${environment}
/muster/restic restore --quiet latest:/staging/database --target /scratch/database
pg_restore --no-owner --no-privileges --exit-on-error -j 2 -d "$database_name" /scratch/database
/muster/restic restore --quiet latest:/volumes --target /volumes
rm -rf /scratch/database`;
