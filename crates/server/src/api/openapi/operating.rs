//! What is asked while the platform works: why a decision came out as it did, and which policies are in service.

use super::{Access::Admin, Answers, Operation, operation};

const SWAPPED: Answers = &[
    (200, "what came of it, and the version in service", Some("Swap")),
    (409, "there is no set to go back to", Some("Error")),
    (422, "the set cannot be served, with the reason; what was in service stays", Some("Error")),
    (503, "not done; try again", Some("Error")),
];

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "get",
        "/v1/decisions/{id}/explanation",
        "explanation",
        "Explains a decision by its id, the bidid of a bid response",
        Admin,
        None,
        &["format"],
        &[
            (200, "the explanation", None),
            (400, "not a decision id", Some("Error")),
            (404, "not on record here", Some("Error")),
        ],
    ),
    operation(
        "get",
        "/v1/policies",
        "getPolicies",
        "Shows the policies in service, those before, and what was last refused",
        Admin,
        None,
        &[],
        &[(200, "as it stands", Some("Policies")), (503, "not known now; try again", Some("Error"))],
    ),
    operation(
        "post",
        "/v1/policies/reload",
        "reloadPolicies",
        "Looks at the policy folder now",
        Admin,
        None,
        &[],
        SWAPPED,
    ),
    operation(
        "post",
        "/v1/policies/rollback",
        "rollBackPolicies",
        "Seats the set before; the folder is not taken again until its content changes",
        Admin,
        None,
        &[],
        SWAPPED,
    ),
    operation(
        "post",
        "/v1/policies/fixed",
        "fixPolicies",
        "Seats the fixed policies; the folder is not taken again until its content changes",
        Admin,
        None,
        &[],
        SWAPPED,
    ),
];
