//! The five questions, and the checks that help to answer each.

/// What is asked of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Is it complete where it begins?
    Recorded,
    /// Does it get to where it is kept?
    Delivered,
    /// Is what is kept what CloudTrail wrote?
    Unaltered,
    /// Is it out of reach of those whom it records?
    Guarded,
    /// Would anyone notice?
    Watched,
}

impl Question {
    /// All, in the order in which they are told.
    pub(crate) const ALL: [Self; 5] = [
        Self::Recorded,
        Self::Delivered,
        Self::Unaltered,
        Self::Guarded,
        Self::Watched,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Question::Recorded => "Recorded",
            Question::Delivered => "Delivered",
            Question::Unaltered => "Unaltered",
            Question::Guarded => "Guarded",
            Question::Watched => "Watched",
        }
    }

    /// In full.
    pub(crate) fn asks(self) -> &'static str {
        match self {
            Question::Recorded => "Is what happens recorded, in every account and region?",
            Question::Delivered => "Does the record arrive where it is kept?",
            Question::Unaltered => "Do CloudTrail's own signatures prove it unaltered?",
            Question::Guarded => "Is it out of reach of those who could alter it?",
            Question::Watched => "Would anyone notice tampering?",
        }
    }

    /// The checks that a yes rests on. Others strengthen it; without these, there is none.
    pub(super) fn rests_on(self) -> &'static [&'static str] {
        match self {
            Question::Recorded => &[
                "organization-all-accounts-covered",
                "trail-exists",
                "trail-is-logging",
                "trail-management-events-read-write",
                "trail-multi-region",
            ],
            Question::Delivered => &[
                "delivery-bucket-exists",
                "delivery-s3-fresh",
                "delivery-s3-no-error",
            ],
            Question::Unaltered => &[
                "delivery-digest-chain-unbroken",
                "delivery-digest-signature-valid",
                "delivery-log-file-hash-valid",
            ],
            Question::Guarded => &[
                "access-log-delete",
                "access-trail-delete",
                "access-trail-stop",
                "bucket-not-public-acl",
                "bucket-not-public-policy",
            ],
            Question::Watched => &[
                "monitoring-alarm-action-subscribed",
                "monitoring-alarm-cloudtrail-changes",
            ],
        }
    }

    /// How to have it asked.
    pub(super) fn how_to_ask(self) -> &'static str {
        match self {
            Question::Unaltered => {
                "no digest was verified in this run: scan with --verify-digests, or see trailaudit verify"
            }
            Question::Recorded | Question::Delivered | Question::Guarded | Question::Watched => {
                "none of its checks was judged in this run"
            }
        }
    }
}

/// Which question a check belongs to, by the beginning of its id; the longest that fits counts.
const BELONGS: &[(&str, Question)] = &[
    ("access-", Question::Guarded),
    ("bucket-", Question::Guarded),
    ("bucket-access-log", Question::Watched),
    ("bucket-event-notifications", Question::Watched),
    ("delivery-", Question::Delivered),
    ("delivery-backfill-digests-valid", Question::Unaltered),
    ("delivery-digest-chain-unbroken", Question::Unaltered),
    ("delivery-digest-signature-valid", Question::Unaltered),
    ("delivery-log-file-hash-valid", Question::Unaltered),
    ("delivery-no-unlisted-log-files", Question::Unaltered),
    (
        "delivery-objects-encrypted-as-configured",
        Question::Guarded,
    ),
    ("delivery-objects-locked-as-configured", Question::Guarded),
    ("key-", Question::Guarded),
    ("key-readers-exist", Question::Delivered),
    ("lake-", Question::Recorded),
    ("lake-federation-role", Question::Guarded),
    ("lake-kms-customer-managed", Question::Guarded),
    ("lake-resource-policy", Question::Guarded),
    ("lake-retention-days", Question::Guarded),
    ("lake-termination-protection", Question::Guarded),
    ("monitoring-", Question::Watched),
    ("monitoring-log-group-subscriptions", Question::Guarded),
    ("organization-", Question::Guarded),
    ("organization-account-in-organization", Question::Recorded),
    ("organization-all-accounts-covered", Question::Recorded),
    ("organization-trail", Question::Recorded),
    ("organization-trail-owner-account", Question::Guarded),
    ("organization-trusted-access", Question::Recorded),
    ("trail-", Question::Recorded),
    ("trail-cloudwatch-logs", Question::Watched),
    ("trail-designated-bucket", Question::Guarded),
    ("trail-insights-", Question::Watched),
    ("trail-kms-encrypted", Question::Guarded),
    ("trail-log-file-validation", Question::Unaltered),
    ("trail-sns-notifications", Question::Watched),
];

/// Without it there are no signatures: its fail proves no alteration, and its pass proves nothing.
pub(super) const SIGNS: &str = "trail-log-file-validation";

/// The question that a check helps to answer.
pub(crate) fn question(check: &str) -> Option<Question> {
    let fits = BELONGS.iter().filter(|(start, _)| check.starts_with(start));
    fits.max_by_key(|(start, _)| start.len())
        .map(|(_, question)| *question)
}
