package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/spf13/cobra"
)

// The double's mmctl: the real one's command names, flags, texts and exit codes for what the tests use, with the
// real API client, but only over the local socket. Unknown commands and flags fail.

type command func(c *model.Client4, cmd *cobra.Command, args []string) error

// out collects what a command prints; nothing of it is shown when the command fails, as in the real mmctl.
var out = &printer{}

func mmctl(args []string) int {
	root := &cobra.Command{
		Use:          "mmctl",
		Short:        "Remote client for the Open Source, self-hosted Slack-alternative",
		SilenceUsage: true,
		PersistentPreRun: func(cmd *cobra.Command, args []string) {
			for i, arg := range args {
				args[i] = strings.TrimSpace(arg)
			}
			format, _ := cmd.Flags().GetString("format")
			asJSON, _ := cmd.Flags().GetBool("json")
			out.json = asJSON || format == "json" || envBool("MMCTL_JSON") || os.Getenv("MMCTL_FORMAT") == "json"
			out.quiet, _ = cmd.Flags().GetBool("quiet")
		},
		PersistentPostRun: func(cmd *cobra.Command, _ []string) { out.flush(cmd) },
	}
	flags := root.PersistentFlags()
	flags.Bool("local", false, "allows communicating with the server through a unix socket")
	flags.String("format", "plain", "the format of the command output [plain, json]")
	flags.String("config", "", "path to the configuration file")
	for name, about := range map[string]string{
		"disable-pager":     "disables paged output",
		"json":              "the output format will be in json format",
		"quiet":             "prevent mmctl to generate output for the commands",
		"strict":            "will only run commands if the mmctl version matches the server one",
		"suppress-warnings": "disables printing warning messages",
		"short-stat":        "short stat will provide useful statistical data",
		"no-stat":           "the statistical data won't be displayed",
	} {
		flags.Bool(name, false, about)
	}
	root.AddCommand(systemCommands(), userCommands(), teamCommands(), configCommands(), pluginCommands(), importCommands(), versionCommand())
	root.SetArgs(args)
	if root.Execute() != nil {
		return 1
	}
	return 0
}

func envBool(name string) bool { return os.Getenv(name) == "true" || os.Getenv(name) == "1" }

// withClient opens the socket as the real mmctl does. MMCTL_LOCAL and MMCTL_LOCAL_SOCKET_PATH count as flags.
func withClient(run command) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		local, _ := cmd.Flags().GetBool("local")
		if !local && !envBool("MMCTL_LOCAL") {
			return fmt.Errorf("cannot read user credentials, maybe you need to use login first (the double only speaks --local)")
		}
		socket := os.Getenv("MMCTL_LOCAL_SOCKET_PATH")
		if socket == "" {
			socket = model.LocalModeSocketPath
		}
		info, err := os.Stat(socket)
		if err != nil {
			return fmt.Errorf("socket file %q doesn't exists, please check the server configuration for local mode", socket)
		}
		if info.Mode() != os.ModeSocket|0o600 {
			return fmt.Errorf("invalid file mode for file %q", socket)
		}
		return run(model.NewAPIv4SocketClient(socket), cmd, args)
	}
}

// group makes a command that only has commands below it. The real mmctl shows its help for an unknown one and
// ends well; here that fails, so that a misspelt command in a script is seen.
func group(name, about string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: name, Short: about, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
		}
		return cmd.Help()
	}}
	cmd.AddCommand(below...)
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Prints the version of mmctl.", Args: cobra.NoArgs,
		Run: func(*cobra.Command, []string) {
			out.print("mmctl:\nVersion:\t"+version, map[string]string{"version": version})
		}}
}

func systemCommands() *cobra.Command {
	return group("system", "System management",
		&cobra.Command{Use: "status", Short: "Prints the status of the server", Args: cobra.NoArgs, RunE: withClient(systemStatus)},
		&cobra.Command{Use: "version", Short: "Prints the remote server version", Args: cobra.NoArgs, RunE: withClient(systemVersion)},
	)
}

func systemVersion(c *model.Client4, cmd *cobra.Command, _ []string) error {
	out.single = true
	_, response, err := c.GetPing(cmd.Context())
	if err != nil {
		return fmt.Errorf("unable to fetch server version: %w", err)
	}
	out.print("Server version "+response.ServerVersion, map[string]string{"version": response.ServerVersion})
	return nil
}

func systemStatus(c *model.Client4, cmd *cobra.Command, _ []string) error {
	out.single = true
	status, _, err := c.GetPingWithOptions(cmd.Context(), model.SystemPingOptions{FullStatus: true, RESTSemantics: true})
	if err != nil {
		return fmt.Errorf("unable to fetch server status: %w", err)
	}
	var lines []string
	for _, line := range [][2]string{
		{"Server status", "status"},
		{"Android Latest Version", "AndroidLatestVersion"}, {"Android Minimum Version", "AndroidMinVersion"},
		{"Desktop Latest Version", "DesktopLatestVersion"}, {"Desktop Minimum Version", "DesktopMinVersion"},
		{"Ios Latest Version", "IosLatestVersion"}, {"Ios Minimum Version", "IosMinVersion"},
		{"Database Status", "database_status"}, {"Filestore Status", "filestore_status"},
	} {
		lines = append(lines, fmt.Sprintf("%s: %v", line[0], status[line[1]]))
	}
	out.print(strings.Join(lines, "\n"), status)
	for _, part := range [][2]string{{"server", "status"}, {"database", "database_status"}, {"filestore", "filestore_status"}} {
		if value, ok := status[part[1]]; ok && value != model.StatusOk {
			return fmt.Errorf("%s status is unhealthy: %s", part[0], value)
		}
	}
	return nil
}
