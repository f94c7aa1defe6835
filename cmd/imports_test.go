package cmd

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// arrow is which of our packages, and which modules of others, a package may import. Tests are free
// of it.
type arrow struct {
	ours   []string
	theirs []string // module paths
}

const (
	modCobra    = "github.com/spf13/cobra"
	modEnv      = "github.com/caarlos0/env/v11"
	modGodotenv = "github.com/joho/godotenv"
	modJWT      = "github.com/golang-jwt/jwt/v5"
	modKeyfunc  = "github.com/MicahParks/keyfunc/v3"
	modJWKSet   = "github.com/MicahParks/jwkset"
	modSQLite   = "modernc.org/sqlite"
	modPgx      = "github.com/jackc/pgx/v5"
	modPuddle   = "github.com/jackc/puddle/v2"
	modText     = "golang.org/x/text"
	modTerm     = "golang.org/x/term"
	modSys      = "golang.org/x/sys"
	modJSON     = "github.com/go-json-experiment/json"
)

// arrows is the whole drawing. An import without an arrow here is a fault, and so are a package
// without a row and an arrow that no import uses. Whoever adds one says in the commit why the
// folders stay in their order: cmd above a2a, a2a above hrapi and llm, all of them above ciba.
var arrows = map[string]arrow{
	"":     {ours: []string{"cmd"}},
	"a2a":  {theirs: []string{modJSON}},
	"llm":  {theirs: []string{modText}}, // full-width forms and accents in questions
	"ciba": {ours: []string{"ciba/oauth", "ciba/jwks"}},

	"ciba/jose": {theirs: []string{modJWT}},
	// key sets are fetched on the one way out
	"ciba/jwks": {ours: []string{"ciba/oauth", "ciba/jose"},
		theirs: []string{modKeyfunc, modJWKSet, modJWT}},
	"ciba/oauth":  {ours: []string{"ciba/jose"}, theirs: []string{modJWT}},
	"ciba/people": {},
	"ciba/bearer": {ours: []string{"ciba/jwks"}},
	// it guards its Management API
	"ciba/idp": {ours: []string{"ciba/oauth", "ciba/bearer", "ciba/jwks", "ciba/jose",
		"ciba/people"}, theirs: []string{modJWT}},

	"a2a/readertest":   {}, // a table for tests of every folder
	"a2a/wire":         {ours: []string{"a2a"}, theirs: []string{modJSON}},
	"a2a/tasks":        {ours: []string{"a2a"}},
	"a2a/tasks/sqlite": {ours: []string{"a2a", "a2a/tasks"}, theirs: []string{modSQLite}},
	"a2a/tasks/postgres": {ours: []string{"a2a", "a2a/tasks"},
		theirs: []string{modPgx, modPuddle}},
	"a2a/tasks/storetest": {ours: []string{"a2a", "a2a/tasks"}},
	// Retry-After, and how pauses grow,
	"a2a/push": {ours: []string{"a2a", "a2a/wire", "a2a/tasks", "ciba/oauth"}},
	"a2a/a2asrv": {ours: []string{"a2a", "a2a/wire", "a2a/tasks", "ciba/bearer",
		"ciba/jose"}},
	"a2a/a2aclient": {ours: []string{"a2a", "a2a/wire", "ciba/jose", "ciba/oauth"}},
	// a waiting room, which knows nothing of tasks
	"a2a/consent": {ours: []string{"ciba", "ciba/oauth"}},
	// a program of its own, for tests
	"a2a/conformance": {ours: []string{"a2a", "a2a/wire", "a2a/tasks", "a2a/a2asrv", "a2a/push",
		"ciba/jwks"}},
	// likewise; of ours it knows the names of versions
	"a2a/conformance/existence": {ours: []string{"a2a/wire"}, theirs: []string{modJWT}},
	// the bank's side: no store, no engine
	"a2a/hrclient": {ours: []string{"a2a", "a2a/wire", "a2a/a2aclient", "ciba/oauth"},
		theirs: []string{modJSON}},
	"hrapi": {ours: []string{"ciba/bearer", "ciba/oauth", "ciba/people"}},
	"a2a/hragent": {
		ours: []string{"a2a", "a2a/consent", "a2a/hrclient", "a2a/tasks", "ciba", "ciba/oauth",
			"ciba/people",
			"hrapi", "llm"},
		theirs: []string{modText}, // names compare without accents
	},
	"cmd": {
		ours: []string{
			"a2a", "a2a/tasks", "a2a/tasks/sqlite", "a2a/tasks/postgres", "a2a/a2asrv",
			"a2a/a2aclient", "a2a/hragent", "a2a/hrclient", "a2a/push",
			"hrapi", "llm", "ciba", "ciba/jose", "ciba/oauth", "ciba/jwks", "ciba/idp",
		},
		// the terminal's foreground group; answers are read by exact names
		theirs: []string{modCobra, modEnv, modGodotenv, modSQLite, modTerm, modSys, modJSON},
	},
}

const modulePath = "staff0"

// listed is what `go list` says of a package.
type listed struct {
	ImportPath, Dir string
	Imports         []string
	Module          *struct{ Path string }
	Standard        bool
}

var listOnce = sync.OnceValues(func() (map[string]listed, error) {
	// -deps brings the packages of others along, with the module that each belongs to. Every
	// operating system that has files of its own counts.
	all := map[string]listed{}
	for _, system := range []string{"linux", "darwin", "windows"} {
		command := exec.Command("go", "list", "-deps",
			"-json=ImportPath,Dir,Imports,Module,Standard", "./...")
		command.Dir = ".."
		command.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0",
			"GOFLAGS=")
		command.Stderr = os.Stderr
		out, err := command.Output()
		if err != nil {
			return nil, err
		}
		for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
			var p listed
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			p.Imports = append(p.Imports, all[p.ImportPath].Imports...)
			all[p.ImportPath] = p
		}
	}
	return all, nil
})

func TestImports(t *testing.T) {
	all, err := listOnce()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range slices.Sorted(maps.Keys(all)) {
		p := all[path]
		if p.Module == nil || p.Module.Path != modulePath {
			continue
		}
		seen++
		name := strings.TrimPrefix(strings.TrimPrefix(path, modulePath), "/")
		may, known := arrows[name]
		if !known {
			t.Errorf("the package %q is in no row of the table of arrows", name)
			continue
		}
		imports := slices.Compact(slices.Sorted(slices.Values(p.Imports)))
		for _, imported := range imports {
			to := all[imported]
			switch {
			case to.Standard || imported == "C" || imported == "unsafe":
			case to.Module == nil:
				t.Errorf("%s imports %s, of which nothing is known", name, imported)
			case to.Module.Path == modulePath:
				if !slices.Contains(may.ours, strings.TrimPrefix(imported, modulePath+"/")) {
					t.Errorf("%s imports %s: no such arrow", name, imported)
				}
			case !slices.Contains(may.theirs, to.Module.Path):
				t.Errorf("%s imports %s of %s, which is not for it", name, imported, to.Module.Path)
			}
		}
		// An unused arrow would permit a dependency that no commit has given a reason for.
		for _, to := range may.ours {
			if !slices.Contains(imports, modulePath+"/"+to) {
				t.Errorf("%s does not import %s: the arrow is unused", name, to)
			}
		}
		for _, module := range may.theirs {
			if !slices.ContainsFunc(imports, func(imported string) bool {
				m := all[imported].Module
				return m != nil && m.Path == module
			}) {
				t.Errorf("%s does not import %s: the arrow is unused", name, module)
			}
		}
	}
	for name := range arrows {
		if all[strings.TrimSuffix(modulePath+"/"+name, "/")].Module == nil {
			t.Errorf("%q has a row and is no package", name)
		}
	}
	if seen < 15 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

// TestArrowsPointDown demands of the table itself that it has no circle and no name that means
// nothing.
func TestArrowsPointDown(t *testing.T) {
	var visit func(name string, above []string)
	visit = func(name string, above []string) {
		if slices.Contains(above, name) {
			t.Fatalf("a circle: %v, %s", above, name)
		}
		row, ok := arrows[name]
		if !ok {
			t.Errorf("%q is named by %v and has no row", name, above)
		}
		for _, to := range row.ours {
			visit(to, append(slices.Clone(above), name))
		}
	}
	for name := range arrows {
		visit(name, nil)
	}
	// What a bank builds into its agent brings no task store and no engine along.
	if slices.Contains(reached("a2a/hrclient"), "a2a/tasks") {
		t.Error("a2a/hrclient leads to a2a/tasks")
	}
	for name, row := range arrows {
		if name == "cmd" {
			continue
		}
		for _, mod := range []string{modCobra, modEnv, modGodotenv, modTerm} {
			if slices.Contains(row.theirs, mod) {
				t.Errorf("%s is for cmd alone, not for %s", mod, name)
			}
		}
		if folder, _, _ := strings.Cut(name, "/"); folder == "ciba" || folder == "llm" {
			for _, to := range row.ours {
				if other, _, _ := strings.Cut(to, "/"); other != folder {
					t.Errorf("%s knows a sibling: %s", name, to)
				}
			}
		}
	}
}

// reached are the packages that one leads to, itself included, some of them more than once.
func reached(name string) []string {
	all := []string{name}
	for _, to := range arrows[name].ours {
		all = append(all, reached(to)...)
	}
	return all
}

// TestVersionLiterals demands that one package knows the versions of the protocol: "0.3" and "1.0"
// occur nowhere else as values.
func TestVersionLiterals(t *testing.T) {
	looked := 0
	eachGoFile(t, func(path string, file *ast.File, positions *token.FileSet) {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "a2a/wire/") {
			return
		}
		looked++
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Errorf("%s: %v", positions.Position(literal.Pos()), err)
			}
			switch value {
			case "0.3", "0.3.0", "1.0", "0.2", "0.2.5", "v0.3", "v1.0":
				t.Errorf("%s: the protocol version %q outside a2a/wire",
					positions.Position(literal.Pos()), value)
			}
			return true
		})
	})
	if looked < 50 {
		t.Errorf("only %d files were looked at", looked)
	}
}

// TestHabits demands a few habits of the whole tree that no linter knows.
func TestHabits(t *testing.T) {
	eachGoFile(t, func(path string, file *ast.File, positions *token.FileSet) {
		test := strings.HasSuffix(path, "_test.go")
		for _, group := range file.Comments {
			for _, word := range []string{"TODO", "FIXME"} {
				if strings.Contains(group.Text(), word) {
					t.Errorf("%s: %s", positions.Position(group.Pos()), word)
				}
			}
		}
		if test {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s: init registers something behind everybody's back",
						positions.Position(n.Pos()))
				}
			case *ast.CallExpr:
				// Packages never read the environment.
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && !strings.HasPrefix(path, "cmd/") {
					if x, ok := s.X.(*ast.Ident); ok && x.Name == "os" &&
						slices.Contains([]string{"Getenv", "LookupEnv", "Environ"}, s.Sel.Name) {
						t.Errorf("%s: a package reads the environment", positions.Position(n.Pos()))
					}
				}
			}
			return true
		})
		for _, decl := range file.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.VAR {
				continue
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if _, ok := n.(*ast.FuncLit); ok {
					return false // sync.OnceValue and the like
				}
				if call, ok := n.(*ast.CallExpr); ok {
					if s, ok := call.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "MustCompile" {
						t.Errorf("%s: compiled at every start of the program",
							positions.Position(call.Pos()))
					}
				}
				return true
			})
		}
	})
}

// eachGoFile parses every Go file of the module; path is from its root, with slashes.
func eachGoFile(t *testing.T, do func(path string, file *ast.File, positions *token.FileSet)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != ".." &&
			(strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		positions := token.NewFileSet()
		file, err := parser.ParseFile(positions, path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel("..", path)
		if err != nil {
			return err
		}
		do(filepath.ToSlash(relative), file, positions)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTopLevel demands the top level that was given: nothing beside it, hidden files and what git
// ignores aside.
func TestTopLevel(t *testing.T) {
	given := []string{"main.go", "cmd", "a2a", "ciba", "hrapi", "llm", "go.mod", "go.sum",
		"README.md"}
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") && !ignored(t, entry.Name()) {
			found = append(found, entry.Name())
		}
	}
	for _, name := range found {
		if !slices.Contains(given, name) {
			t.Errorf("%s is at the top level, where nothing was to be added", name)
		}
	}
	for _, name := range given {
		if !slices.Contains(found, name) {
			t.Errorf("%s is missing from the top level", name)
		}
	}
}

// ignored reports whether a line of .gitignore matches a name at the top level, such as the program
// that was built there.
func ignored(t *testing.T, name string) bool {
	body, err := os.ReadFile("../.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		pattern := strings.TrimPrefix(strings.TrimSpace(line), "/")
		if match, _ := filepath.Match(pattern, name); pattern != "" && match {
			return true
		}
	}
	return false
}
