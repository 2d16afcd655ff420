/** Name of the data disk's passphrase that is made where the settings give none. */
export const diskKeySecret = "disk-passphrase";
