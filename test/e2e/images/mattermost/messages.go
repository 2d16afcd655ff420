package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/mattermost/mattermost/server/public/model"
)

// The real server's English texts for the errors that scripts are likely to meet. Any other error shows its id,
// which names the setting well enough.
var messages = map[string]string{
	"api.context.session_expired.app_error":                               "Invalid or expired session, please login again.",
	"api.context.permissions.app_error":                                   "You do not have the appropriate permissions.",
	"api.user.login.invalid_credentials_email_username":                   "Enter a valid email or username and/or password.",
	"app.channel.get_by_name.missing.app_error":                           "Channel does not exist.",
	"api.file.file_reader.app_error":                                      "Unable to get a file reader.",
	"api.file.upload_file.too_large_detailed.app_error":                   "Unable to upload file. File is too large.",
	"app.file_info.get.app_error":                                         "Unable to get the file info.",
	"app.job.get.app_error":                                               "Unable to get the job.",
	"app.upload.get.app_error":                                            "Failed to get upload.",
	"import_process.worker.do_job.file_exists":                            "Unable to process import: file does not exists.",
	"import_process.worker.do_job.missing_jsonl":                          "Unable to process import: JSONL file is missing.",
	"import_process.worker.do_job.open_file":                              "Unable to process import: failed to open file.",
	"app.plugin.disabled.app_error":                                       "Plugins have been disabled. Please check your logs for details.",
	"app.plugin.extract.app_error":                                        "Encountered error extracting plugin.",
	"app.plugin.install_id.app_error":                                     "Unable to install plugin. A plugin with the same ID is already installed.",
	"app.plugin.manifest.app_error":                                       "Unable to find manifest for extracted plugin.",
	"app.plugin.not_installed.app_error":                                  "Plugin is not installed.",
	"app.plugin.upload_disabled.app_error":                                "Plugins and/or plugin uploads have been disabled.",
	"app.post.get.app_error":                                              "Unable to get the post.",
	"app.team.get.find.app_error":                                         "Unable to find the existing team.",
	"app.team.get_by_name.missing.app_error":                              "Unable to find the existing team.",
	"app.team.save.existing.app_error":                                    "A team with that name already exists.",
	"app.user.get_by_username.app_error":                                  "Unable to find an existing account matching your username for this team.",
	"app.user.missing_account.const":                                      "Unable to find the user.",
	"app.user.save.email_exists.app_error":                                "An account with that email already exists.",
	"app.user.save.username_exists.app_error":                             "An account with that username already exists.",
	"model.config.is_valid.listen_address.app_error":                      "Invalid listen address for service settings Must be set.",
	"model.config.is_valid.site_url.app_error":                            "Site URL must be a valid URL and start with http:// or https://.",
	"model.config.is_valid.max_file_size.app_error":                       "Invalid max file size for file settings. Must be a whole number greater than zero.",
	"model.config.is_valid.sql_driver.app_error":                          "Invalid driver name for SQL settings. Must be 'postgres'.",
	"model.config.is_valid.experimental_view_archived_channels.app_error": "Hiding archived channels is no longer supported. Make these channels private and remove members instead.",
	"model.config.is_valid.email_security.app_error":                      "Invalid connection security for email settings. Must be '', 'TLS', or 'STARTTLS'.",
	"model.user.is_valid.pwd_min_length.app_error":                        "Your password must contain at least %d characters.",
	"model.user.is_valid.email.app_error":                                 "Please enter a valid email address.",
	"model.user.is_valid.username.app_error":                              "Username must begin with a letter and contain between 3 to 22 characters including numbers, lowercase letters, and the symbols.",
	"api.web_socket_router.not_authenticated.app_error":                   "WebSocket connection is not authenticated. Please log in and try again.",
	"api.web_socket_router.bad_action.app_error":                          "Unknown WebSocket action.",
}

func translateErrors() {
	model.AppErrorInit(func(id string, args ...any) string {
		text, known := messages[id]
		if !known {
			return id
		}
		if strings.Contains(text, "%d") && len(args) == 1 {
			if params, ok := args[0].(map[string]any); ok {
				return fmt.Sprintf(text, params["Min"])
			}
		}
		return text
	})
}

func appError(id string, status int) *model.AppError {
	return model.NewAppError("", id, nil, "", status)
}

func badRequest(id string) *model.AppError { return appError(id, http.StatusBadRequest) }
func notFound(id string) *model.AppError   { return appError(id, http.StatusNotFound) }
func internal(err error) *model.AppError {
	return model.NewAppError("", "api.internal_error", nil, err.Error(), http.StatusInternalServerError)
}
