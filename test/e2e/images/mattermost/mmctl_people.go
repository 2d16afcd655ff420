package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strings"

	"github.com/hashicorp/go-multierror"
	"github.com/mattermost/mattermost/server/public/model"
	"github.com/spf13/cobra"
)

func userCommands() *cobra.Command {
	create := &cobra.Command{Use: "create", Short: "Create a user", RunE: withClient(userCreate)}
	for _, name := range []string{"username", "email", "password", "nickname", "firstname", "lastname", "locale"} {
		create.Flags().String(name, "", "")
	}
	for _, name := range []string{"username", "email", "password"} {
		_ = create.MarkFlagRequired(name)
	}
	for _, name := range []string{"system-admin", "guest", "email-verified", "disable-welcome-email"} {
		create.Flags().Bool(name, false, "")
	}
	list := &cobra.Command{Use: "list", Short: "List users", Args: cobra.NoArgs, RunE: withClient(userList)}
	list.Flags().Int("page", 0, "")
	list.Flags().Int("per-page", 200, "")
	list.Flags().Bool("all", false, "")
	list.Flags().String("team", "", "")
	list.Flags().Bool("inactive", false, "")
	search := &cobra.Command{Use: "search [users]", Short: "Search for users", RunE: withClient(userSearch)}
	return group("user", "Management of users", create, list, search)
}

func userCreate(c *model.Client4, cmd *cobra.Command, _ []string) error {
	out.single = true
	text := func(name string) string { value, _ := cmd.Flags().GetString(name); return value }
	flag := func(name string) bool { value, _ := cmd.Flags().GetBool(name); return value }
	user, _, err := c.CreateUser(cmd.Context(), &model.User{
		Username: text("username"), Email: text("email"), Password: text("password"), Nickname: text("nickname"),
		FirstName: text("firstname"), LastName: text("lastname"), Locale: text("locale"),
		EmailVerified: flag("email-verified"), DisableWelcomeEmail: flag("disable-welcome-email"),
	})
	if err != nil {
		return errors.New("Unable to create user. Error: " + err.Error())
	}
	if flag("system-admin") {
		if _, err := c.UpdateUserRoles(cmd.Context(), user.Id, "system_user system_admin"); err != nil {
			return errors.New("Unable to update user roles. Error: " + err.Error())
		}
	}
	out.print("Created user "+user.Username, user)
	return nil
}

func userList(c *model.Client4, cmd *cobra.Command, _ []string) error {
	number, _ := cmd.Flags().GetInt("page")
	perPage, _ := cmd.Flags().GetInt("per-page")
	all, _ := cmd.Flags().GetBool("all")
	params := url.Values{}
	if name, _ := cmd.Flags().GetString("team"); name != "" {
		team, _, err := c.GetTeamByName(cmd.Context(), name, "")
		if err != nil {
			return fmt.Errorf("Failed to get team %s: %w", name, err)
		}
		params.Set("in_team", team.Id)
	}
	if all {
		number = 0
	}
	for ; ; number++ {
		users, _, err := c.GetUsersWithCustomQueryParameters(cmd.Context(), number, min(perPage, 200), params.Encode(), "")
		if err != nil {
			return fmt.Errorf("Failed to fetch users: %w", err)
		}
		for _, user := range users {
			out.print(fmt.Sprintf("%s: %s (%s)", user.Id, user.Username, user.Email), user)
		}
		if !all || len(users) == 0 {
			return nil
		}
	}
}

// findUser tries the argument as an address, a name and an id; nil means that there is no such user.
func findUser(c *model.Client4, cmd *cobra.Command, arg string) (*model.User, error) {
	plain, _ := url.PathUnescape(arg)
	lookups := []func() (*model.User, *model.Response, error){}
	if !strings.Contains(plain, "..") {
		lookups = append(lookups, func() (*model.User, *model.Response, error) { return c.GetUserByEmail(cmd.Context(), arg, "") })
	}
	if !strings.Contains(plain, "/") {
		lookups = append(lookups,
			func() (*model.User, *model.Response, error) { return c.GetUserByUsername(cmd.Context(), arg, "") },
			func() (*model.User, *model.Response, error) { return c.GetUser(cmd.Context(), arg, "") })
	}
	for _, lookup := range lookups {
		user, response, err := lookup()
		if err == nil {
			return user, nil
		}
		if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusBadRequest {
			return nil, err
		}
	}
	return nil, fmt.Errorf("user %s not found", arg)
}

func userSearch(c *model.Client4, cmd *cobra.Command, args []string) error {
	out.single = true
	if len(args) < 1 {
		return errors.New("expected at least one argument. See help text for details")
	}
	var problems *multierror.Error
	var users []*model.User
	for _, arg := range args {
		user, err := findUser(c, cmd, arg)
		if err != nil {
			problems = multierror.Append(problems, err)
			continue
		}
		users = append(users, user)
	}
	if problems != nil {
		return problems
	}
	for i, user := range users {
		text := fmt.Sprintf("id: %s\ndeactivated: %t\nusername: %s\nnickname: %s\nposition: %s\nfirst_name: %s\nlast_name: %s\nemail: %s\nauth_service: %s",
			user.Id, user.DeleteAt != 0, user.Username, user.Nickname, user.Position, user.FirstName, user.LastName, user.Email, user.AuthService)
		if i > 0 {
			text = "------------------------------\n" + text
		}
		out.print(text, struct {
			*model.User
			Deactivated bool
		}{user, user.DeleteAt != 0})
	}
	return nil
}

func teamCommands() *cobra.Command {
	create := &cobra.Command{Use: "create", Short: "Create a team", RunE: withClient(teamCreate)}
	create.Flags().String("name", "", "Team Name")
	create.Flags().String("display-name", "", "Team Display Name")
	create.Flags().String("email", "", "Administrator Email (anyone with this email is automatically a team admin)")
	create.Flags().Bool("private", false, "Create a private team.")
	return group("team", "Management of teams", create,
		&cobra.Command{Use: "list", Short: "List all teams", RunE: withClient(teamList)},
		&cobra.Command{Use: "search [teams]", Short: "Search for teams", Args: cobra.MinimumNArgs(1), RunE: withClient(teamSearch)},
		group("users", "Management of team users",
			&cobra.Command{Use: "add [team] [users]", Short: "Add users to team", Args: cobra.MinimumNArgs(2), RunE: withClient(teamUsersAdd)}))
}

func teamCreate(c *model.Client4, cmd *cobra.Command, _ []string) error {
	out.single = true
	team := &model.Team{Type: model.TeamOpen, AllowOpenInvite: true}
	if team.Name, _ = cmd.Flags().GetString("name"); team.Name == "" {
		return errors.New("name is required")
	}
	if team.DisplayName, _ = cmd.Flags().GetString("display-name"); team.DisplayName == "" {
		return errors.New("display Name is required")
	}
	team.Email, _ = cmd.Flags().GetString("email")
	if private, _ := cmd.Flags().GetBool("private"); private {
		team.Type, team.AllowOpenInvite = model.TeamInvite, false
	}
	made, _, err := c.CreateTeam(cmd.Context(), team)
	if err != nil {
		return errors.New("Team creation failed: " + err.Error())
	}
	out.print("New team "+made.Name+" successfully created", made)
	return nil
}

func teamList(c *model.Client4, cmd *cobra.Command, _ []string) error {
	for number := 0; ; number++ {
		teams, _, err := c.GetAllTeams(cmd.Context(), "", number, 200)
		if err != nil {
			return err
		}
		for _, team := range teams {
			out.print(team.Name, team)
		}
		if len(teams) < 200 {
			return nil
		}
	}
}

// teamSearch ends well even when nothing is found: only the text on standard error tells.
func teamSearch(c *model.Client4, cmd *cobra.Command, args []string) error {
	found := map[string]*model.Team{}
	for _, term := range args {
		teams, _, err := c.SearchTeams(cmd.Context(), &model.TeamSearch{Term: term})
		if err != nil {
			return err
		}
		if len(teams) == 0 {
			out.printError("Unable to find team '" + term + "'")
		}
		for _, team := range teams {
			found[team.Name] = team
		}
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		out.print(fmt.Sprintf("%s: %s (%s)", name, found[name].DisplayName, found[name].Id), found[name])
	}
	return nil
}

func teamUsersAdd(c *model.Client4, cmd *cobra.Command, args []string) error {
	team, _, err := c.GetTeam(cmd.Context(), args[0], "")
	if err != nil {
		if team, _, err = c.GetTeamByName(cmd.Context(), args[0], ""); err != nil {
			return errors.New("Unable to find team '" + args[0] + "'")
		}
	}
	var problems *multierror.Error
	for _, arg := range args[1:] {
		user, err := findUser(c, cmd, arg)
		if err != nil {
			problems = multierror.Append(problems, fmt.Errorf("can't find user '%s'", arg))
			continue
		}
		if _, _, err := c.AddTeamMember(cmd.Context(), team.Id, user.Id); err != nil {
			out.printError("Unable to add '" + arg + "' to " + team.Name + ". Error: " + err.Error())
		}
	}
	return problems.ErrorOrNil()
}
