//! The API's description in `OpenAPI` 3.1, written by hand as a table of operations. A test holds it equal to the
//! router's paths and methods.

mod operating;
mod schemas;

use serde_json::{Map, Value, json};

/// Who may call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Anyone.
    Open,
    /// Whoever holds a signed token in the path or query.
    Signed,
    /// The bearer of the admin token.
    Admin,
}

/// One operation.
struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    access: Access,
    /// The schema of the body, if there is one.
    body: Option<&'static str>,
    /// Query parameters, by name in [`schemas::parameters`].
    query: &'static [&'static str],
    /// Statuses with what they mean and the schema of their content, if any.
    answers: &'static [(u16, &'static str, Option<&'static str>)],
}

const fn operation(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    access: Access,
    body: Option<&'static str>,
    query: &'static [&'static str],
    answers: &'static [(u16, &'static str, Option<&'static str>)],
) -> Operation {
    Operation { method, path, id, summary, access, body, query, answers }
}

type Answers = &'static [(u16, &'static str, Option<&'static str>)];

const TOLD: Answers = &[
    (204, "counted, or counted before", None),
    (400, "the token or a parameter is malformed", None),
    (403, "the token is not valid here", None),
    (409, "it contradicts what is known of the bid", None),
    (410, "its time has passed", None),
    (503, "not taken; try again", None),
];
const SHOWN: Answers = &[(200, "as it stands", None), (404, "it does not exist", Some("Error"))];
const PUT: Answers = &[
    (200, "replaced", None),
    (201, "created", None),
    (400, "the body cannot be read", Some("Error")),
    (409, "it would change owner, or the idempotency key was used for something else", Some("Error")),
    (422, "the body is not valid; every problem is told with its field", Some("Error")),
];
const CHANGED: Answers = &[
    (200, "changed", None),
    (400, "the body cannot be read", Some("Error")),
    (404, "it does not exist", Some("Error")),
    (422, "the result is not valid", Some("Error")),
];
const REMOVED: Answers = &[(200, "removed for good", None), (404, "it does not exist", Some("Error"))];
const LISTED: Answers = &[(200, "a page", Some("Page")), (400, "a parameter is not valid", Some("Error"))];
const SWITCHED: Answers =
    &[(200, "done, or done before", Some("Switch")), (404, "no such kind of switch", Some("Error"))];
const READY: Answers = &[(200, "yes", None), (503, "no, with the reason", None)];
const TEXT: Answers = &[(200, "as text", None)];

const OPERATIONS: &[Operation] = &{
    use Access::{Admin, Open, Signed};
    [
        operation(
            "post",
            "/openrtb2/bid",
            "bid",
            "Answers an OpenRTB 2.6 bid request",
            Open,
            Some("BidRequest"),
            &[],
            &[
                (
                    200,
                    "bids, or a reason where the request asks for one by ext.motet.nbr",
                    Some("BidResponse"),
                ),
                (204, "no bid", None),
                (400, "not OpenRTB, with a one-line reason", None),
                (408, "the body did not come in time", None),
                (413, "the body is too large", None),
                (415, "the content encoding is not taken", None),
                (503, "the server is stopping", None),
            ],
        ),
        operation(
            "get",
            "/n/{kind}/{token}",
            "notice",
            "Takes a win, billing or loss notice",
            Signed,
            None,
            &["price", "cur", "mtw", "loss"],
            TOLD,
        ),
        operation(
            "post",
            "/n/{kind}/{token}",
            "noticePost",
            "Takes a win, billing or loss notice",
            Signed,
            None,
            &["price", "cur", "mtw", "loss"],
            TOLD,
        ),
        operation(
            "get",
            "/i/{token}",
            "impression",
            "Counts an impression; answers a picture of one pixel",
            Signed,
            None,
            &[],
            &[
                (200, "the picture", None),
                (403, "the token is not valid here", None),
                (410, "its time has passed", None),
            ],
        ),
        operation(
            "get",
            "/c/{token}",
            "click",
            "Counts a click; leads on to the landing page",
            Signed,
            None,
            &[],
            &[(302, "on to the landing page", None), (403, "the token is not valid here", None)],
        ),
        operation(
            "get",
            "/v1/conversions",
            "conversion",
            "Counts a conversion",
            Signed,
            None,
            &["token", "value", "currency", "key"],
            TOLD,
        ),
        operation(
            "post",
            "/v1/conversions",
            "conversionPost",
            "Counts a conversion",
            Signed,
            Some("Conversion"),
            &["token", "value", "currency", "key"],
            TOLD,
        ),
        operation(
            "get",
            "/v1/conversions/{token}",
            "conversionByPath",
            "Counts a conversion",
            Signed,
            None,
            &["value", "currency", "key"],
            TOLD,
        ),
        operation(
            "post",
            "/v1/conversions/{token}",
            "conversionByPathPost",
            "Counts a conversion",
            Signed,
            Some("Conversion"),
            &["value", "currency", "key"],
            TOLD,
        ),
        operation("get", "/health/live", "live", "Tells whether the process runs", Open, None, &[], READY),
        operation(
            "get",
            "/health/ready",
            "ready",
            "Tells whether requests can be answered",
            Open,
            None,
            &[],
            READY,
        ),
        operation(
            "get",
            "/metrics",
            "metrics",
            "Tells metrics in the OpenMetrics text form",
            Open,
            None,
            &[],
            TEXT,
        ),
        operation("get", "/openapi.json", "openapi", "Tells this description", Open, None, &[], TEXT),
        operation("get", "/", "index", "Says where things are", Open, None, &[], TEXT),
        operation(
            "get",
            "/v1/advertisers",
            "listAdvertisers",
            "Lists advertisers",
            Admin,
            None,
            &["limit", "cursor"],
            LISTED,
        ),
        operation(
            "get",
            "/v1/advertisers/{id}",
            "getAdvertiser",
            "Shows an advertiser",
            Admin,
            None,
            &[],
            SHOWN,
        ),
        operation(
            "put",
            "/v1/advertisers/{id}",
            "putAdvertiser",
            "Creates or replaces an advertiser, with its campaigns if stated",
            Admin,
            Some("Advertiser"),
            &[],
            PUT,
        ),
        operation(
            "patch",
            "/v1/advertisers/{id}",
            "patchAdvertiser",
            "Changes an advertiser by a merge patch",
            Admin,
            Some("Patch"),
            &[],
            CHANGED,
        ),
        operation(
            "delete",
            "/v1/advertisers/{id}",
            "deleteAdvertiser",
            "Removes an advertiser with its campaigns",
            Admin,
            None,
            &[],
            REMOVED,
        ),
        operation(
            "get",
            "/v1/campaigns",
            "listCampaigns",
            "Lists campaigns",
            Admin,
            None,
            &["limit", "cursor", "advertiser"],
            LISTED,
        ),
        operation(
            "get",
            "/v1/campaigns/{id}",
            "getCampaign",
            "Shows a campaign with its statement",
            Admin,
            None,
            &[],
            SHOWN,
        ),
        operation(
            "put",
            "/v1/campaigns/{id}",
            "putCampaign",
            "Creates or replaces a campaign, with its creatives if stated",
            Admin,
            Some("Campaign"),
            &[],
            PUT,
        ),
        operation(
            "patch",
            "/v1/campaigns/{id}",
            "patchCampaign",
            "Changes a campaign by a merge patch",
            Admin,
            Some("Patch"),
            &[],
            CHANGED,
        ),
        operation(
            "delete",
            "/v1/campaigns/{id}",
            "deleteCampaign",
            "Removes a campaign with its creatives",
            Admin,
            None,
            &[],
            REMOVED,
        ),
        operation(
            "get",
            "/v1/creatives",
            "listCreatives",
            "Lists creatives",
            Admin,
            None,
            &["limit", "cursor", "campaign"],
            LISTED,
        ),
        operation("get", "/v1/creatives/{id}", "getCreative", "Shows a creative", Admin, None, &[], SHOWN),
        operation(
            "put",
            "/v1/creatives/{id}",
            "putCreative",
            "Creates or replaces a creative",
            Admin,
            Some("Creative"),
            &[],
            PUT,
        ),
        operation(
            "patch",
            "/v1/creatives/{id}",
            "patchCreative",
            "Changes a creative by a merge patch",
            Admin,
            Some("Patch"),
            &[],
            CHANGED,
        ),
        operation(
            "delete",
            "/v1/creatives/{id}",
            "deleteCreative",
            "Removes a creative",
            Admin,
            None,
            &[],
            REMOVED,
        ),
        operation(
            "get",
            "/v1/switches",
            "listSwitches",
            "Lists the kill switches pulled",
            Admin,
            None,
            &[],
            &[(200, "all of them", None)],
        ),
        operation(
            "put",
            "/v1/switches/{kind}",
            "stopEverything",
            "Stops all bidding (kind: everything)",
            Admin,
            None,
            &[],
            SWITCHED,
        ),
        operation(
            "delete",
            "/v1/switches/{kind}",
            "resumeEverything",
            "Lets bidding go on (kind: everything)",
            Admin,
            None,
            &[],
            SWITCHED,
        ),
        operation(
            "put",
            "/v1/switches/{kind}/{id}",
            "pullSwitch",
            "Stops an advertiser, campaign, creative or publisher",
            Admin,
            None,
            &[],
            SWITCHED,
        ),
        operation(
            "delete",
            "/v1/switches/{kind}/{id}",
            "releaseSwitch",
            "Lets it go on",
            Admin,
            None,
            &[],
            SWITCHED,
        ),
        operation(
            "post",
            "/v1/import",
            "import",
            "Puts everything in a file, or nothing",
            Admin,
            Some("File"),
            &["format"],
            &[
                (200, "how many of each were put", None),
                (400, "the file cannot be read", Some("Error")),
                (422, "the file is not valid; every problem is told with its field", Some("Error")),
            ],
        ),
        operation(
            "get",
            "/v1/export",
            "export",
            "Writes everything in service as one file",
            Admin,
            None,
            &["format"],
            &[(200, "the file", Some("File"))],
        ),
    ]
};

fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(operating::OPERATIONS)
}

/// Returns the API's description.
pub fn openapi() -> Value {
    let mut paths = Map::new();
    for operation in operations() {
        let entry = paths.entry(operation.path).or_insert_with(|| json!({}));
        entry[operation.method] = operation.describe();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Motet",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "An ad decision platform: OpenRTB 2.6, notices, the campaign API and operations.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "admin": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas::schemas(),
        },
    })
}

impl Operation {
    fn describe(&self) -> Value {
        let mut described = json!({
            "operationId": self.id,
            "summary": self.summary,
            "parameters": self.parameters(),
            "responses": self.responses(),
        });
        if self.access == Access::Admin {
            described["security"] = json!([{ "admin": [] }]);
        }
        if let Some(schema) = self.body {
            described["requestBody"] = json!({
                "required": self.access != Access::Signed,
                "content": content(schema),
            });
        }
        described
    }

    fn parameters(&self) -> Vec<Value> {
        let in_path = self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let path = in_path.map(|name| {
            json!({ "name": name, "in": "path", "required": true, "schema": schemas::path_parameter(self.path, name) })
        });
        let query = self.query.iter().map(
            |name| json!({ "name": name, "in": "query", "schema": schemas::query_parameter(self.id, name) }),
        );
        let key = json!({
            "name": "Idempotency-Key", "in": "header",
            "description": "The same key with the same request gets the same answer and changes nothing more",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        });
        let changes = self.access == Access::Admin && self.method != "get";
        path.chain(query).chain(changes.then_some(key)).collect()
    }

    fn responses(&self) -> Value {
        let mut responses = Map::new();
        for (status, meaning, schema) in self.answers {
            let mut response = json!({ "description": meaning });
            if let Some(schema) = schema {
                response["content"] = content(schema);
            }
            responses.insert(status.to_string(), response);
        }
        if self.access == Access::Admin {
            let refused =
                json!({ "description": "the bearer token is missing or wrong", "content": content("Error") });
            responses.insert("401".to_owned(), refused);
        }
        Value::Object(responses)
    }
}

fn content(schema: &str) -> Value {
    let reference = json!({ "schema": { "$ref": format!("#/components/schemas/{schema}") } });
    match schema {
        "File" => {
            json!({ "application/json": reference, "application/toml": { "schema": { "type": "string" } } })
        }
        "Patch" => json!({ "application/merge-patch+json": reference, "application/json": reference }),
        _ => json!({ "application/json": reference }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_that_is_named_is_there_and_every_operation_has_its_own_name() {
        let described = openapi();
        let text = described.to_string();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(described["components"]["schemas"][name].is_object(), "{name}");
        }
        let mut names: Vec<_> = operations().map(|operation| operation.id).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), operations().count());
    }
}
