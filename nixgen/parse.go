package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"

	"nixgen/diag"
	"nixgen/report"
	"nixgen/syntax"
)

// parseOptions are the flags of nixgen parse.
type parseOptions struct {
	format string
	quiet  bool
	base   string
	pipes  bool
}

func newParseCommand(w *world) *cobra.Command {
	var o parseOptions
	c := &cobra.Command{
		Use:   "parse [flags] FILE…",
		Short: "read Nix files as Nix does",
		Long: `Parse reads each FILE (- is standard input, a folder means its default.nix)
as Nix 2.34 reads it, and prints what it read, a line per file.

--format nix prints what nix-instantiate --parse prints, and fails where it
fails, with its one error per file. --format tree and --format json print the
syntax tree, and all errors. --quiet prints errors only.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error { return w.parse(files, o) },
	}
	c.Flags().StringVar(&o.format, "format", "nix", "print as `FORMAT`: nix, tree or json")
	c.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print errors only")
	c.Flags().StringVar(&o.base, "base", "", "resolve relative paths against `DIR` instead of the file's folder")
	c.Flags().BoolVar(&o.pipes, "pipe-operators", false, "allow the experimental operators |> and <|")
	return c
}

// parsed is what became of one file.
type parsed struct {
	out   []byte
	found []diag.Diagnostic
	src   []byte // where found is not empty
	err   error
}

// parseWorker parses one file after the other in its own buffers.
type parseWorker struct {
	w      *world
	o      parseOptions
	home   string
	parser syntax.Parser
	names  syntax.NameChecker
	buf    []byte
}

func (w *world) parse(files []string, o parseOptions) error {
	if !slices.Contains([]string{"nix", "tree", "json"}, o.format) {
		return usage("no format `%s`; there are nix, tree and json", o.format)
	}
	q := &parseQueue{w: w, o: o, brief: o.quiet || len(files) > 1, waiting: map[int]parsed{}}
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(files)) {
		workers.Go(func() {
			p := &parseWorker{w: w, o: o, home: w.getenv("HOME")}
			for i := int(next.Add(1)) - 1; i < len(files); i = int(next.Add(1)) - 1 {
				q.done(i, p.parse(files[i]))
			}
		})
	}
	workers.Wait()
	return q.result()
}

// parseQueue prints results in the order of the command line as soon as they
// are there.
type parseQueue struct {
	w       *world
	o       parseOptions
	brief   bool
	mu      sync.Mutex
	next    int
	waiting map[int]parsed
	code    int
	err     error // the first error of writing
}

func (q *parseQueue) done(i int, r parsed) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting[i] = r
	for {
		r, ok := q.waiting[q.next]
		if !ok {
			return
		}
		delete(q.waiting, q.next)
		q.next++
		q.print(r)
	}
}

func (q *parseQueue) print(r parsed) {
	if len(r.out) > 0 {
		_, err := q.w.stdout.Write(r.out)
		q.err = errors.Join(q.err, err)
	}
	if r.err != nil {
		fmt.Fprintf(q.w.stderr, "nixgen: %v\n", r.err)
		q.code = max(q.code, exitFailed)
	}
	if len(r.found) > 0 {
		q.code = max(q.code, exitAttention)
		q.err = errors.Join(q.err, report.Write(q.w.stderr, r.found, report.Options{
			Source: func(string) []byte { return r.src }, Color: q.w.color(q.w.stderr), Brief: q.brief || len(r.found) > maxExcerpts,
		}))
	}
}

func (q *parseQueue) result() error {
	switch {
	case q.err != nil:
		return failed(q.err)
	case q.code != exitOK:
		return &exitError{code: q.code}
	}
	return nil
}

// parse reads and parses one file of the command line.
func (p *parseWorker) parse(name string) parsed {
	src, path, err := p.read(name)
	if err != nil {
		return parsed{err: err}
	}
	f := p.parser.Parse(path, src)
	r := parsed{found: p.errors(f)}
	if len(r.found) > 0 {
		r.src = bytes.Clone(src)
	}
	if !p.o.quiet {
		r.out, r.err = p.render(f, name, r)
	}
	return r
}

// read returns the text of a file, and its name for messages. The text is
// valid until the next call.
func (p *parseWorker) read(name string) ([]byte, string, error) {
	if name == "-" {
		src, err := io.ReadAll(p.w.stdin)
		return src, "<stdin>", err
	}
	src, err := readInto(p.buf, p.w.path(name))
	if errors.Is(err, errIsFolder) {
		name = filepath.Join(name, "default.nix")
		src, err = readInto(p.buf, p.w.path(name))
	}
	p.buf = src
	return src, name, err
}

// maxExcerpts is up to how many errors of a file are shown with its lines.
const maxExcerpts = 20

var errIsFolder = errors.New("is a directory")

// folder is what relative paths in a file of the command line are relative to.
// As for Nix, that is where the file really is if it is a link.
func (p *parseWorker) folder(name string) string {
	switch {
	case p.o.base != "":
		return p.w.path(p.o.base)
	case name == "-":
		return p.w.dir
	}
	path := followLinks(p.w.path(name))
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path
	}
	return filepath.Dir(path)
}

// followLinks follows path while it is a link itself.
func followLinks(path string) string {
	const most = 1024 // as Nix
	for range most {
		target, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return path
}

// errors are the errors to print: all of them for formats that show the whole
// tree, otherwise the one at which Nix stops.
func (p *parseWorker) errors(f *syntax.File) []diag.Diagnostic {
	if p.o.format != "nix" && !p.o.quiet {
		return f.Errors()
	}
	d, bad := f.FirstError()
	if t := f.PipeOperator(); t.Valid() && !p.o.pipes && (!bad || t.Span().Start <= d.Span.Start) {
		d, bad = pipeError(f, t), true
	}
	if !bad {
		d, bad = p.names.Undefined(f)
	}
	if !bad {
		return nil
	}
	return []diag.Diagnostic{d}
}

func pipeError(f *syntax.File, t syntax.Token) diag.Diagnostic {
	return diag.Diagnostic{
		File: f.Name(), Span: t.Span(), Severity: diag.Error, Rule: syntax.RuleSyntaxError,
		Message: fmt.Sprintf("`%s` needs the experimental feature `pipe-operators`", t.Text()),
		Why:     "nix reads it with `--extra-experimental-features pipe-operators`, nixgen with `--pipe-operators`",
	}
}

// render gives the output for one file.
func (p *parseWorker) render(f *syntax.File, name string, r parsed) ([]byte, error) {
	var out bytes.Buffer
	w := bufio.NewWriter(&out)
	switch {
	case p.o.format == "tree":
		syntax.Dump(w, f.Top())
	case p.o.format == "json":
		if err := writeParsed(w, f, r); err != nil {
			return nil, err
		}
	case len(r.found) == 0:
		text, err := f.Print(p.folder(name), p.home)
		return append(text, '\n'), err
	}
	err := w.Flush()
	return out.Bytes(), err
}

// writeParsed writes one file as one line of JSON: its name, the findings as
// `nixgen lint` has them, and the tree.
func writeParsed(w *bufio.Writer, f *syntax.File, r parsed) error {
	var found, line bytes.Buffer
	opt := report.Options{Format: report.JSON, Source: func(string) []byte { return r.src }}
	if err := report.Write(&found, r.found, opt); err != nil {
		return err
	}
	if err := json.Compact(&line, found.Bytes()); err != nil {
		return err
	}
	name, err := json.Marshal(f.Name())
	fmt.Fprintf(w, `{"file":%s,"report":%s,"root":`, name, line.Bytes())
	syntax.WriteJSON(w, f.Top())
	w.WriteString("}\n")
	return err
}
