// Answers with what upstream's structured-merge-diff makes of a series of writes: one JSON document a line on standard
// input, one a line on standard output.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"sigs.k8s.io/structured-merge-diff/v4/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v4/merge"
	"sigs.k8s.io/structured-merge-diff/v4/typed"
	"sigs.k8s.io/structured-merge-diff/v4/value"
)

const version = fieldpath.APIVersion("v1")

type step struct {
	Manager string
	Apply   bool
	Force   bool
	Object  json.RawMessage
}

type story struct {
	Schema  string
	Ignored json.RawMessage
	Steps   []step
}

type answer struct {
	Error     string
	Conflicts []string
	Object    json.RawMessage
	Managers  map[string]json.RawMessage
}

type sameVersion struct{}

func (sameVersion) Convert(o *typed.TypedValue, _ fieldpath.APIVersion) (*typed.TypedValue, error) {
	return o, nil
}

func (sameVersion) IsMissingVersionError(error) bool { return false }

func main() {
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<26)
	output := json.NewEncoder(os.Stdout)
	for input.Scan() {
		var s story
		if err := json.Unmarshal(input.Bytes(), &s); err != nil {
			panic(err)
		}
		output.Encode(tell(s))
	}
}

func tell(s story) []answer {
	parser, err := typed.NewParser(typed.YAMLObject(s.Schema))
	if err != nil {
		panic(fmt.Sprintf("%v in %s", err, s.Schema))
	}
	ignored := &fieldpath.Set{}
	if s.Ignored != nil {
		ignored = setOf(s.Ignored)
	}
	updater := &merge.Updater{
		Converter:     sameVersion{},
		IgnoredFields: map[fieldpath.APIVersion]*fieldpath.Set{version: ignored},
	}
	kind := parser.Type("t")
	parse := func(raw json.RawMessage) (*typed.TypedValue, error) {
		v, err := value.FromJSON(raw)
		if err != nil {
			panic(err)
		}
		return typed.AsTyped(v, kind.Schema, kind.TypeRef)
	}
	live, _ := parse(json.RawMessage("{}"))
	managers := fieldpath.ManagedFields{}
	answers := []answer{}
	for _, st := range s.Steps {
		a := answer{Managers: map[string]json.RawMessage{}}
		object, err := parse(st.Object)
		if err == nil && st.Apply {
			var next *typed.TypedValue
			var after fieldpath.ManagedFields
			if next, after, err = updater.Apply(live, object, version, managers, st.Manager, st.Force); err == nil {
				managers = after
				if next != nil {
					live = next
				}
			}
		} else if err == nil {
			var after fieldpath.ManagedFields
			if _, after, err = updater.Update(live, object, version, managers, st.Manager); err == nil {
				live, managers = object, after
			}
		}
		if conflicts, ok := err.(merge.Conflicts); ok {
			for _, c := range conflicts {
				// The paths share memory in this version: later ones overwrite earlier ones.
				a.Conflicts = append(a.Conflicts, c.Manager)
			}
			sort.Strings(a.Conflicts)
		} else if err != nil {
			a.Error = err.Error()
		}
		a.Object, _ = value.ToJSON(live.AsValue())
		for name, set := range managers {
			a.Managers[name], _ = set.Set().ToJSON()
		}
		answers = append(answers, a)
	}
	return answers
}

func setOf(raw json.RawMessage) *fieldpath.Set {
	set := &fieldpath.Set{}
	if err := set.FromJSON(bytes.NewReader(raw)); err != nil {
		panic(err)
	}
	return set
}
