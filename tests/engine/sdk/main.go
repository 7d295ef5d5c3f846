// Command sdk generates SDKs of a package from its schema, with the code that the language hosts of Pulumi's CLI
// call for `pulumi package add`; those hosts are on no registry.
//
// Usage: go run ./sdk SCHEMA FOLDER. Each language gets a separate folder: python, nodejs and go.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	golang "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "image-pipeline"

var languages = map[string]func(*schema.Package) (map[string][]byte, error){
	"python": func(p *schema.Package) (map[string][]byte, error) {
		return python.GeneratePackage(tool, p, nil, nil)
	},
	"nodejs": func(p *schema.Package) (map[string][]byte, error) {
		return nodejs.GeneratePackage(tool, p, nil, nil, true, nil)
	},
	"go": func(p *schema.Package) (map[string][]byte, error) {
		return golang.GeneratePackage(tool, p, nil)
	},
}

func main() {
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(source, folder string) error {
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	for language, files := range languages {
		pkg, err := bind(text) // anew for each: generators write into it
		if err != nil {
			return err
		}
		made, err := files(pkg)
		if err != nil {
			return fmt.Errorf("%s: %w", language, err)
		}
		for name, data := range made {
			path := filepath.Join(folder, language, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func bind(text []byte) (*schema.Package, error) {
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	pkg, problems, err := schema.BindSpec(spec, schema.NewNullLoader(), schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	if problems.HasErrors() {
		return nil, problems
	}
	pkg.SupportPack = true // as `pulumi package add` has it: Go gets a separate module
	return pkg, nil
}
