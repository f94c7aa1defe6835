package llm

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// class is what a word or phrase of the lists is for. Each stands in one list only.
type class int8

// The lists. The files say what each is for, with the same names.
const (
	none class = iota
	employment
	other
	label
	numberLabel
	userLabel
	nameLabel
	nobody
	asks
	link
	title
	particle
	firm
	header
	closing
	quoted
	yes
	and
	speaker
	frame // a phrase in which * is the place of a user name
	classes
)

// classNames are the lists' names in the files, in the same order.
var classNames = strings.Fields("none employment other label number user name nobody asks link " +
	"title particle firm header closing quoted yes and speaker frame")

//go:embed words/*.txt
var wordFiles embed.FS

// lexicon are all lists. An entry is a word, a phrase, or the beginning of a word with * behind it;
// the longest that fits counts. A frame is a phrase in which * is the place of a user name.
type lexicon struct {
	phrases  node
	frames   node
	prefixes map[string][]prefix // by their first two bytes
}

type prefix struct {
	text  string
	class class
}

// node is a place in a tree of phrases.
type node struct {
	next  map[string]*node
	class class // of the phrase that ends here
}

const star = "*"

func (n *node) child(word string) *node {
	c := n.next[word]
	if c == nil {
		if n.next == nil {
			n.next = map[string]*node{}
		}
		c = &node{}
		n.next[word] = c
	}
	return c
}

// lists reads the files once.
var lists = sync.OnceValue(func() *lexicon {
	l := &lexicon{prefixes: map[string][]prefix{}}
	files, err := fs.Glob(wordFiles, "words/*.txt")
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		text, err := wordFiles.ReadFile(file)
		if err != nil {
			panic(err)
		}
		if err := l.read(string(text)); err != nil {
			panic(fmt.Sprintf("%s: %v", file, err))
		}
	}
	return l
})

// read takes in one file: comments behind #, [LIST], and an entry a line.
func (l *lexicon) read(text string) error {
	var into class
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			continue
		case line[0] == '[':
			into = class(slices.Index(classNames, strings.Trim(line, "[]")))
			if into <= none || into >= classes {
				return fmt.Errorf("there is no list %s", line)
			}
			continue
		}
		if start, ok := strings.CutSuffix(line, star); ok && into != frame {
			start = fold(start)
			l.prefixes[start[:2]] = append(l.prefixes[start[:2]], prefix{start, into})
			continue
		}
		n := &l.phrases
		if into == frame {
			n = &l.frames
		}
		for _, w := range entry(line) {
			n = n.child(w)
		}
		if n.class != none && n.class != into {
			return fmt.Errorf("%q stands in two lists", line)
		}
		n.class = into
	}
	return nil
}

// entry cuts an entry into words as a text is cut.
func entry(line string) []string {
	s := scanner{view: &view{Reader: &Reader{}}}
	var words []string
	for i, part := range strings.Split(line, star) {
		if i > 0 {
			words = append(words, star)
		}
		for j, part := range strings.Split(part, companyWord) {
			if j > 0 {
				words = append(words, companyWord)
			}
			s.text, s.tokens = part, nil
			s.scan()
			for k := range s.tokens {
				words = append(words, s.tokens[k].low)
			}
		}
	}
	return words
}

// classify gives each token the class of the longest entry that it is part of.
func (l *lexicon) classify(tokens []token) {
	for i := 0; i < len(tokens); {
		n, end, found := &l.phrases, i+1, none
		for j := i; j < len(tokens) && tokens[j].kind != identifier; j++ {
			if n = n.next[tokens[j].low]; n == nil {
				break
			}
			if n.class != none {
				end, found = j+1, n.class
			}
		}
		if found == none && tokens[i].kind == word {
			found = l.begins(tokens[i].low)
		}
		for ; i < end; i++ {
			tokens[i].class = found
		}
	}
}

// begins is the class of the longest beginning of a word that is in a list.
func (l *lexicon) begins(word string) (found class) {
	if len(word) < 2 {
		return none
	}
	longest := 0
	for _, p := range l.prefixes[word[:2]] {
		if len(p.text) > longest && strings.HasPrefix(word, p.text) {
			longest, found = len(p.text), p.class
		}
	}
	return found
}

// place is where a user name stands in the frame that begins at token i, -1 if there is none. fits
// says what may stand there.
func (n *node) place(tokens []token, i int, fits func(*token) bool) int {
	if n.class == frame {
		return i
	}
	for quotes := 0; quotes < 2 && i < len(tokens) && tokens[i].kind == mark &&
		strings.ContainsRune("\"'“”«»`*", tokens[i].r); quotes++ {
		i++
	}
	if i >= len(tokens) || len(n.next) == 0 {
		return -1
	}
	t := &tokens[i]
	if c := n.next[t.low]; c != nil && t.kind != identifier {
		if at := c.place(tokens, i+1, fits); at >= 0 {
			return at
		}
	}
	if c := n.next[star]; c != nil && fits(t) && c.place(tokens, i+1, fits) >= 0 {
		return i
	}
	return -1
}
