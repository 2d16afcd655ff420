/** The address at which what is sent to a made-up machine arrives. */
export const anchorAddress = "10.19.0.5";
