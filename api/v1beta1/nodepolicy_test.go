package v1beta1_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/darkowlzz/daemonset-job/api/v1beta1"
)

// Code 0 says that the work is done, so a rule never matches it, whatever its values are.
func TestExitCodesMatch(t *testing.T) {
	for name, c := range map[string]struct {
		operator v1beta1.ExitCodeOperator
		values   []int32
		matching []int32
		others   []int32
	}{
		"in one value":         {v1beta1.ExitCodeIn, []int32{42}, []int32{42}, []int32{0, 1, 41, 43, 137, -42}},
		"in several values":    {v1beta1.ExitCodeIn, []int32{3, 42, 1}, []int32{1, 3, 42}, []int32{0, 2, 4}},
		"in a code of Linux":   {v1beta1.ExitCodeIn, []int32{137}, []int32{137}, []int32{0, 9, 136}},
		"in a code of Windows": {v1beta1.ExitCodeIn, []int32{math.MinInt32, math.MaxInt32}, []int32{math.MinInt32, math.MaxInt32}, []int32{0, -1}},
		"in 0, stored before":  {v1beta1.ExitCodeIn, []int32{0, 1}, []int32{1}, []int32{0, 2}},
		"in no value":          {v1beta1.ExitCodeIn, nil, nil, []int32{0, 1}},
		"not in one value":     {v1beta1.ExitCodeNotIn, []int32{42}, []int32{1, 41, 43, 255, -1}, []int32{0, 42}},
		"not in several":       {v1beta1.ExitCodeNotIn, []int32{1, 2, 3}, []int32{4, 137}, []int32{0, 1, 2, 3}},
		"not in 0":             {v1beta1.ExitCodeNotIn, []int32{0}, []int32{1, 42, 137}, []int32{0}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			codes := v1beta1.ExitCodes{Operator: c.operator, Values: c.values}
			for _, code := range c.matching {
				g.Expect(codes.Matches(code)).To(BeTrue(), "%d", code)
			}
			for _, code := range c.others {
				g.Expect(codes.Matches(code)).To(BeFalse(), "%d", code)
			}
		})
	}
}

// rules returns the spec of a Job with these rules of nodeFailurePolicy.
func rules(all ...string) string {
	return short + "nodeFailurePolicy: {rules: [" + strings.Join(all, ", ") + "]}"
}

// onExit returns a rule as YAML.
func onExit(action, operator, values string) string {
	return fmt.Sprintf("{action: %s, onExitCodes: {operator: %s, values: [%s]}}", action, operator, values)
}

// codes returns so many exit codes, from 1 on.
func codes(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(i + 1)
	}
	return strings.Join(all, ", ")
}

// repeated returns so many rules, all the same.
func repeated(n int, rule string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = rule
	}
	return all
}

var _ = Describe("a manifest with rules for nodes", func() {
	DescribeTable("is accepted", func(spec string) {
		Expect(apply(manifest("job", spec))).To(Succeed())
	},
		Entry("with each action", rules(onExit("SkipNode", "In", "42"), onExit("FailNode", "In", "3, 4"), onExit("FailJob", "NotIn", "1, 2"))),
		Entry("with 20 rules", rules(repeated(20, onExit("FailNode", "In", "1"))...)),
		Entry("with 255 exit codes", rules(onExit("FailNode", "In", codes(255)))),
		Entry("with all codes but 0", rules(onExit("FailNode", "NotIn", "0"))),
		Entry("with exit codes of Windows", rules(onExit("FailNode", "In", "-1073741819, 2147483647"))),
		Entry("with a node deadline of a second", short+"nodeDeadlineSeconds: 1"),
		Entry("with the longest node deadline", short+"nodeDeadlineSeconds: 2147483647"),
		Entry("with no retry", short+"retryFailed: 0"),
		Entry("with the most retries", short+"retryFailed: 100"),
		Entry("with all of it, in a Job without an end", rules(onExit("SkipNode", "In", "42"))+"\nnodeDeadlineSeconds: 60\nretryFailed: 1\ncompletionPolicy: Never"),
		Entry("with all of it, in a Job that is held", rules(onExit("SkipNode", "In", "42"))+"\nnodeDeadlineSeconds: 60\nretryFailed: 1\nonFailure: Suspend\nparallelism: 1"),
	)

	DescribeTable("is refused", func(spec, sentence string) {
		Expect(apply(manifest("job", spec))).To(MatchError(ContainSubstring(sentence)))
	},
		Entry("with an empty policy", short+"nodeFailurePolicy: {}", "spec.nodeFailurePolicy.rules: Required value"),
		Entry("with no rule", rules(), "at least 1 items"),
		Entry("with 21 rules", rules(repeated(21, onExit("FailNode", "In", "1"))...), "at most 20 items"),
		Entry("with a rule without an action", rules("{onExitCodes: {operator: In, values: [1]}}"), "spec.nodeFailurePolicy.rules[0].action: Required value"),
		Entry("with a rule without exit codes", rules("{action: FailNode}"), "spec.nodeFailurePolicy.rules[0].onExitCodes: Required value"),
		Entry("with the action of batch/v1", rules(onExit("Ignore", "In", "1")), `supported values: "SkipNode", "FailNode", "FailJob"`),
		Entry("with another operator", rules(onExit("FailNode", "Exists", "1")), `supported values: "In", "NotIn"`),
		Entry("with exit codes without an operator", rules("{action: FailNode, onExitCodes: {values: [1]}}"), "onExitCodes.operator: Required value"),
		Entry("with no exit code", rules(onExit("FailNode", "In", "")), "at least 1 items"),
		Entry("with 256 exit codes", rules(onExit("FailNode", "In", codes(256))), "at most 255 items"),
		Entry("with success as a failure", rules(onExit("SkipNode", "In", "42, 0")), "0 says that the work is done: leave it out of the values of In"),
		Entry("with an exit code twice", rules(onExit("FailNode", "In", "1, 2, 1")), "Duplicate value"),
		Entry("with an exit code that Go cannot hold", rules(onExit("FailNode", "In", "3000000000")), "values[0]"),
		Entry("with an exit code in words", rules(onExit("FailNode", "In", "SIGKILL")), "values[0]"),
		Entry("with a rule of batch/v1 on conditions", rules("{action: FailNode, onPodConditions: [{type: DisruptionTarget}]}"), `unknown field "spec.nodeFailurePolicy.rules[0].onPodConditions"`),
		Entry("with a node deadline of 0", short+"nodeDeadlineSeconds: 0", "greater than or equal to 1"),
		Entry("with a negative node deadline", short+"nodeDeadlineSeconds: -1", "greater than or equal to 1"),
		Entry("with a node deadline that overflows", short+"nodeDeadlineSeconds: 2147483648", "less than or equal to 2147483647"),
		Entry("with negative retries", short+"retryFailed: -1", "greater than or equal to 0"),
		Entry("with too many retries", short+"retryFailed: 101", "less than or equal to 100"),
		Entry("with retries in words", short+"retryFailed: always", "spec.retryFailed"),
	)

	It("gets no default", func() {
		job := manifest("job", rules(onExit("SkipNode", "In", "42")))
		Expect(apply(job)).To(Succeed())
		Expect(job.Object["spec"]).To(And(Not(HaveKey("nodeDeadlineSeconds")), Not(HaveKey("retryFailed"))))
		Expect(job.Object["spec"]).To(HaveKeyWithValue("nodeFailurePolicy", map[string]any{"rules": []any{
			map[string]any{"action": "SkipNode", "onExitCodes": map[string]any{"operator": "In", "values": []any{int64(42)}}},
		}}))
	})
})
