//! Accounts of AWS itself that deliver logs: they are named in bucket policies, and belong to no customer.

use crate::policy::Statement;

/// The accounts from which Elastic Load Balancing delivers access logs in regions that were there before August 2022,
/// by region; newer regions use the service principal logdelivery.elasticloadbalancing.amazonaws.com. After "Enable
/// access logs for your Application Load Balancer", step 2 (Elastic Load Balancing User Guide).
const LOAD_BALANCING: [(&str, &str); 26] = [
    ("af-south-1", "098369216593"),
    ("ap-east-1", "754344448648"),
    ("ap-northeast-1", "582318560864"),
    ("ap-northeast-2", "600734575887"),
    ("ap-northeast-3", "383597477331"),
    ("ap-south-1", "718504428378"),
    ("ap-southeast-1", "114774131450"),
    ("ap-southeast-2", "783225319266"),
    ("ap-southeast-3", "589379963580"),
    ("ca-central-1", "985666609251"),
    ("cn-north-1", "638102146993"),
    ("cn-northwest-1", "037604701340"),
    ("eu-central-1", "054676820928"),
    ("eu-north-1", "897822967062"),
    ("eu-south-1", "635631232127"),
    ("eu-west-1", "156460612806"),
    ("eu-west-2", "652711504416"),
    ("eu-west-3", "009996457667"),
    ("me-south-1", "076674570225"),
    ("sa-east-1", "507241528517"),
    ("us-east-1", "127311923021"),
    ("us-east-2", "033677994240"),
    ("us-gov-east-1", "190560391635"),
    ("us-gov-west-1", "048591011584"),
    ("us-west-1", "027434742980"),
    ("us-west-2", "797873946194"),
];

/// Whether a statement lets an account of AWS deliver logs, and nothing else.
///
/// Where they may be written is for `bucket-policy-writers-only-cloudtrail`. Reading is no delivery: such a grant is
/// treated as one to any external account.
pub(super) fn delivers_logs(statement: &Statement, account: &str) -> bool {
    let writes = ["s3:putobject", "s3:putobjectacl"];
    let actions = &statement.actions;
    !actions.negated
        && actions
            .patterns
            .iter()
            .all(|it| writes.contains(&it.text.to_ascii_lowercase().as_str()))
        && LOAD_BALANCING.iter().any(|(_, id)| *id == account)
}
