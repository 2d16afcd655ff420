package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/go-multierror"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/spf13/cobra"
)

func pluginCommands() *cobra.Command {
	add := &cobra.Command{Use: "add [plugins]", Short: "Add plugins", Args: cobra.MinimumNArgs(1), RunE: withClient(pluginAdd)}
	add.Flags().BoolP("force", "f", false, "overwrite a previously installed plugin with the same ID, if any")
	enable := each("enable", "Enabled", func(c *model.Client4, cmd *cobra.Command, id string) error {
		_, err := c.EnablePlugin(cmd.Context(), id)
		return err
	})
	disable := each("disable", "Disabled", func(c *model.Client4, cmd *cobra.Command, id string) error {
		_, err := c.DisablePlugin(cmd.Context(), id)
		return err
	})
	remove := each("delete", "Deleted", func(c *model.Client4, cmd *cobra.Command, id string) error {
		_, err := c.RemovePlugin(cmd.Context(), id)
		return err
	})
	list := &cobra.Command{Use: "list", Short: "List plugins", RunE: withClient(pluginList)}
	return group("plugin", "Management of plugins", add, enable, disable, remove, list)
}

func pluginAdd(c *model.Client4, cmd *cobra.Command, args []string) error {
	force, _ := cmd.Flags().GetBool("force")
	var problems *multierror.Error
	for _, path := range args {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		if force {
			_, _, err = c.UploadPluginForced(cmd.Context(), file)
		} else {
			_, _, err = c.UploadPlugin(cmd.Context(), file)
		}
		file.Close()
		if err != nil {
			out.printError("Unable to add plugin: " + path + ". Error: " + err.Error())
			problems = multierror.Append(problems, err)
		} else {
			out.printText("Added plugin: " + path)
		}
	}
	return problems.ErrorOrNil()
}

// each makes a command that does one thing to every plugin named, and fails when one of them failed.
func each(verb, done string, do func(c *model.Client4, cmd *cobra.Command, id string) error) *cobra.Command {
	run := func(c *model.Client4, cmd *cobra.Command, args []string) error {
		var problems *multierror.Error
		for _, id := range args {
			if err := do(c, cmd, id); err != nil {
				out.printError("Unable to " + verb + " plugin: " + id + ". Error: " + err.Error())
				problems = multierror.Append(problems, err)
			} else {
				out.printText(done + " plugin: " + id)
			}
		}
		return problems.ErrorOrNil()
	}
	return &cobra.Command{Use: verb + " [plugins]", Short: done + " plugins", Args: cobra.MinimumNArgs(1), RunE: withClient(run)}
}

func pluginList(c *model.Client4, cmd *cobra.Command, _ []string) error {
	plugins, _, err := c.GetPlugins(cmd.Context())
	if err != nil {
		return errors.New("Unable to list plugins. Error: " + err.Error())
	}
	if out.json {
		out.print("", plugins)
		return nil
	}
	show := func(infos []*model.PluginInfo) {
		for _, plugin := range infos {
			out.printText(fmt.Sprintf("%s: %s, Version: %s", plugin.Manifest.Id, plugin.Manifest.Name, plugin.Manifest.Version))
		}
	}
	out.printText("Listing enabled plugins")
	show(plugins.Active)
	out.printText("")
	out.printText("Listing disabled plugins")
	show(plugins.Inactive)
	return nil
}
