package rules

import (
	"nixgen/diag"
	"nixgen/lint"
)

// What the engine finds by itself has a page like every rule.
var (
	suppression = &lint.Rule{
		ID: lint.SuppressionID, Severity: diag.Error, Scope: lint.FileScope, Always: true, Run: byEngine,
		Doc: lint.Doc{
			Summary: "a suppression that names no rule or gives no reason",
			Why: `A finding is silenced by a comment on its line or the line above, or for a whole
file by one anywhere in it:

    # nixgen: allow rule-id -- why it is right here
    # nixgen: allow-file rule-id, other-id -- why

Without a reason, or for a rule that does not exist, nothing is silenced.`,
			Bad:  "# nixgen: allow undefined-thing -- because\n{ }\n",
			Good: "{ }\n",
		},
	}
	unreadableFile = &lint.Rule{
		ID: lint.UnreadableID, Severity: diag.Warning, Scope: lint.FileScope, Always: true, Run: byEngine,
		Doc: lint.Doc{
			Summary: "a file or folder that could not be read",
			Why: `The operating system refused to open it, or it is no regular file. Whatever it
says is not in the result: a host may read more than was seen. Give yourself the
right to read it, or name it under ` + "`ignore`" + ` in ` + "`[layout]`" + `.`,
			Bad:  "# unreadable: chmod 000\n{ }\n",
			Good: "{ }\n",
		},
	}
	unusedSuppression = &lint.Rule{
		ID: lint.UnusedID, Severity: diag.Warning, Scope: lint.FileScope, Run: byEngine,
		Doc: lint.Doc{
			Summary: "a suppression that silences nothing",
			Why:     "What it was written for is gone. Remove it, or it hides the next finding there.",
			Bad:     "{\n  # nixgen: allow update-with-mkif -- kept for later\n  a = 1;\n}\n",
			Good:    "{\n  a = 1;\n}\n",
		},
	}
)

func byEngine(*lint.Pass) {}
