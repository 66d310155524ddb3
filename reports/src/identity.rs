//! UUIDs made from what they stand for: the same in every run, and anyone can make them again.

use std::sync::LazyLock;

use trailaudit_checks::audit::Audit;
use uuid::Uuid;

use crate::sanitize;

/// Where the project lives; the UUIDs' namespace is that of this URL.
pub(crate) const HOME: &str = "https://github.com/trailaudit/trailaudit";

/// The page on a check: its address stays. Ids in a file of somebody else's may be anything.
pub(crate) fn page_of(check: &str) -> String {
    format!(
        "{HOME}/blob/main/docs/checks/{}.md",
        sanitize::segment(check)
    )
}

/// The same for every text.
static NAMESPACE: LazyLock<Uuid> =
    LazyLock::new(|| Uuid::new_v5(&Uuid::NAMESPACE_URL, HOME.as_bytes()));

/// Version 5: `uuid5(uuid5(NAMESPACE_URL, HOME), text)`.
pub(crate) fn uuid(text: &str) -> String {
    let uuid = Uuid::new_v5(&NAMESPACE, text.as_bytes()).hyphenated();
    uuid.encode_lower(&mut Uuid::encode_buffer()).to_owned()
}

/// The account or organization that the run is about.
pub(crate) fn whose(audit: &Audit) -> &str {
    let scope = &audit.scope;
    let account = scope.management_account.as_ref().or(scope.accounts.first());
    match (&scope.organization, account) {
        (Some(organization), _) => organization,
        (None, Some(account)) => account.as_str(),
        (None, None) => "none",
    }
}

/// The run: whose record, from which facts, judged when.
pub(crate) fn run(audit: &Audit) -> String {
    uuid(&format!(
        "run\n{}\n{}\n{}",
        whose(audit),
        audit.started_at,
        audit.now
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anyone_can_make_them_again() {
        // python3 -c 'from uuid import *; print(uuid5(uuid5(NAMESPACE_URL,
        //     "https://github.com/trailaudit/trailaudit"), "x"))'
        assert_eq!(uuid("x"), "5be2442b-d998-5a57-a184-3dcea198a1d7");
    }
}
