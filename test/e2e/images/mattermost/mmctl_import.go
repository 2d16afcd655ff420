package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/spf13/cobra"
)

func importCommands() *cobra.Command {
	process := &cobra.Command{Use: "process [importname]", Short: "Start an import job", Args: cobra.ExactArgs(1), RunE: withClient(importProcess)}
	process.Flags().Bool("bypass-upload", false, "")
	process.Flags().Bool("extract-content", true, "")
	list := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List import jobs", Args: cobra.NoArgs, RunE: withClient(importJobList)}
	list.Flags().Int("page", 0, "")
	list.Flags().Int("per-page", 200, "")
	list.Flags().Bool("all", false, "")
	return group("import", "Management of imports", process,
		&cobra.Command{Use: "upload [filepath]", Short: "Upload import files", Args: cobra.ExactArgs(1), RunE: withClient(importUpload)},
		group("list", "List import files",
			&cobra.Command{Use: "available", Short: "List available import files", Args: cobra.NoArgs, RunE: withClient(importListAvailable)}),
		group("job", "List and show import jobs", list,
			&cobra.Command{Use: "show [importJobID]", Short: "Show import job", Args: cobra.ExactArgs(1), RunE: withClient(importJobShow)}))
}

func importUpload(c *model.Client4, cmd *cobra.Command, args []string) error {
	out.printError("In --local mode, you don't need to upload the file to server any more. Directly use the import process command and pass the export file.")
	file, err := os.Open(args[0])
	if err != nil {
		return fmt.Errorf("failed to open import file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("failed to stat import file: %w", err)
	}
	upload, _, err := c.CreateUpload(cmd.Context(), &model.UploadSession{
		Filename: info.Name(), FileSize: info.Size(), Type: model.UploadTypeImport, UserId: model.UploadNoUserID,
	})
	if err != nil {
		return fmt.Errorf("failed to create upload session: %w", err)
	}
	out.print("Upload session successfully created, ID: "+upload.Id+" ", upload)
	stored, _, err := c.UploadData(cmd.Context(), upload.Id, file)
	if err != nil {
		return fmt.Errorf("failed to upload data: %w", err)
	}
	// The id of its row: the name to process is another, which `import list available` shows.
	out.print("Import file successfully uploaded, name: "+stored.Id, stored)
	return nil
}

func importListAvailable(c *model.Client4, cmd *cobra.Command, _ []string) error {
	names, _, err := c.ListImports(cmd.Context())
	if err != nil {
		return fmt.Errorf("failed to list imports: %w", err)
	}
	for _, name := range names {
		out.printText(name)
	}
	if len(names) == 0 {
		out.printText("No import files found")
	}
	return nil
}

func importProcess(c *model.Client4, cmd *cobra.Command, args []string) error {
	file := args[0]
	bypass, _ := cmd.Flags().GetBool("bypass-upload")
	if bypass {
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("file %s doesn't exist. NOTE: If this file was uploaded to the server via mmctl import upload, please omit the --bypass-upload flag to revert to old behavior.", file)
		}
		absolute, err := filepath.Abs(file)
		if err != nil {
			return fmt.Errorf("error is getting the absolute path to %s: %w", file, err)
		}
		file = absolute
	}
	extract, _ := cmd.Flags().GetBool("extract-content")
	job, _, err := c.CreateJob(cmd.Context(), &model.Job{Type: model.JobTypeImportProcess, Data: map[string]string{
		"import_file": file, "local_mode": strconv.FormatBool(bypass), "extract_content": strconv.FormatBool(extract),
	}})
	if err != nil {
		return fmt.Errorf("failed to create import process job: %w", err)
	}
	out.print("Import process job successfully created, ID: "+job.Id, job)
	return nil
}

func printJob(job *model.Job) {
	text := fmt.Sprintf("  ID: %s\n  Status: %s\n  Created: %s\n", job.Id, job.Status, time.Unix(job.CreateAt/1000, 0))
	if job.StartAt > 0 {
		text += fmt.Sprintf("  Started: %s\n  Data: %v\n", time.Unix(job.StartAt/1000, 0), job.Data)
	}
	out.print(text, job)
}

func importJobShow(c *model.Client4, cmd *cobra.Command, args []string) error {
	job, _, err := c.GetJob(cmd.Context(), args[0])
	if err != nil {
		return fmt.Errorf("failed to get import job: %w", err)
	}
	printJob(job)
	return nil
}

func importJobList(c *model.Client4, cmd *cobra.Command, _ []string) error {
	number, _ := cmd.Flags().GetInt("page")
	perPage, _ := cmd.Flags().GetInt("per-page")
	all, _ := cmd.Flags().GetBool("all")
	if all {
		number = 0
	}
	for ; ; number++ {
		jobs, _, err := c.GetJobsByType(cmd.Context(), model.JobTypeImportProcess, number, perPage)
		if err != nil {
			return fmt.Errorf("failed to get jobs: %w", err)
		}
		if len(jobs) == 0 && (!all || number == 0) {
			out.printText("No jobs found")
		}
		for _, job := range jobs {
			printJob(job)
		}
		if !all || len(jobs) == 0 {
			return nil
		}
	}
}
