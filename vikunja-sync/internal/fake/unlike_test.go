package fake

// unlike counts the exchanges of a recording that the stand-in answers
// otherwise, with the reason.
var unlike = map[string]struct {
	n   int
	why string
}{
	"audit-extras":                 {11, "a set-up that was not recorded; expand; /info"},
	"auth-and-info":                {10, "login, tokens and /info are not modelled"},
	"bot-user":                     {6, "bots, tokens and shares are not modelled"},
	"comments":                     {1, "the email on a single read"},
	"concurrent-patch-lost-update": {2, "one request at a time: no write is lost"},
	"create-recovery-filter":       {1, "the text of parse errors"},
	"description-format":           {36, "format=markdown is not converted"},
	"done-undone":                  {1, "the echo of done_at"},
	"etag-granularity":             {1, "changes in between were not recorded"},
	"filter-updated-resolution":    {1, "totals count tasks that the recording cut off"},
	"list-filter-paging":           {1, "lists of views"},
	"login-rate-limit":             {3, "login is not modelled"},
	"project-crud":                 {1, "projects of a second account"},
	"project-delete-cascade":       {6, "order by position; saved filters; favourites"},
	"rate-limit":                   {5, "the limiter is played by HTTP.Fail"},
	"routes-permissions":           {1, "the list of permissions is data of the server"},
	"sqlite-concurrent-writes-500": {2, "500 is played by HTTP.Fail; /info has more"},
	"task-create":                  {2, "unknown assignees in the echo; subscriptions"},
	"task-move-project":            {2, "expand=buckets"},
	"task-update-resets-v1":        {2, "subscriptions in the echo"},
	"task-update-v2":               {3, "order of reminders in the echo; the value of a refused field; totals"},
	"updated-timestamp-matrix":     {7, "positions, buckets, duplicates, subscriptions and read marks"},
	"v1-body-overrides-url":        {1, "fields bound from the query"},
	"v2-bulk-create":               {1, "a body that the recorder shortened is no JSON"},
	"v2-crud-verbs":                {3, "markdown comments; tokens; order by position"},
	"visibility-vs-deletion":       {1, "the parent of a child of an archived project was not recorded"},
	"webhook-crud":                 {4, "webhooks of users"},
}

// missing are recorded routes that the stand-in does not have.
var missing = []string{
	"GET /projects/#/views/#/tasks",
	"GET /routes",
	"GET /tokens",
	"GET /user/settings/webhooks",
	"GET /user/settings/webhooks/events",
	"POST /projects/#/views/#/buckets/#/tasks",
	"POST /tasks/#/position",
	"POST /tasks/#/read",
	"POST /tokens",
	"PUT /filters",
	"PUT /projects/#/users",
	"PUT /subscriptions/task/#",
	"PUT /tasks/#/duplicate",
	"PUT /tokens",
	"PUT /user/bots",
	"PUT /user/settings/webhooks",
}
