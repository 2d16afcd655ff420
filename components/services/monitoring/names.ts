/** Names by which the parts of monitoring find each other. */
export const prometheusName = "prometheus";
export const blackboxName = "blackbox-exporter";
