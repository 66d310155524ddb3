//! A run that never was: every fact comes with the call that would have told it.

use trailaudit_checks::calls::{self, ApiCall};
use trailaudit_checks::fact::{Fact, Gap, Known, Reason, Source, Unknown, Why};
use trailaudit_checks::ids::{AccountId, Region};
use trailaudit_checks::inventory::{CallOutcome, CallRecord};

/// The calls so far.
#[derive(Default)]
pub(crate) struct Ask {
    pub(crate) ledger: Vec<CallRecord>,
}

/// Whom a call asks, where, and about what.
#[derive(Clone, Copy)]
pub(crate) struct At<'a>(pub(crate) &'a str, pub(crate) &'a str, pub(crate) &'a str);

impl Ask {
    /// Answered.
    pub(crate) fn known<T>(&mut self, call: ApiCall, at: At<'_>, value: T) -> Fact<T> {
        self.record(call, at, CallOutcome::Answered, "", 1);
        Known(value)
    }

    /// Answered, with several facts.
    pub(crate) fn told<T>(&mut self, call: ApiCall, at: At<'_>, facts: T) -> T {
        self.record(call, at, CallOutcome::Answered, "", 1);
        facts
    }

    /// Answered with the error by which AWS says "not configured".
    pub(crate) fn absent<T>(&mut self, call: ApiCall, at: At<'_>) -> Fact<Option<T>> {
        self.record(call, at, CallOutcome::Absent, "", 1);
        Known(None)
    }

    /// Not allowed.
    pub(crate) fn denied<T>(&mut self, call: ApiCall, at: At<'_>) -> Fact<T> {
        let because = format!("no identity-based policy allows the {} action", call.action);
        self.refused(call, at, Reason::Denied, &because)
    }

    /// Closed by a service control policy.
    pub(crate) fn closed<T>(&mut self, call: ApiCall, at: At<'_>) -> Fact<T> {
        let because = "with an explicit deny in a service control policy";
        self.refused(call, at, Reason::DeniedByScp, because)
    }

    fn refused<T>(&mut self, call: ApiCall, at: At<'_>, reason: Reason, because: &str) -> Fact<T> {
        // Who is refused: the role in the account, or the caller who asked for that role.
        let (account, role) = match call {
            calls::ASSUME_ROLE => ("111111111111", "auditor"),
            _ => (at.0, "trailaudit"),
        };
        let detail = format!(
            "AccessDenied: User: arn:aws:sts::{account}:assumed-role/{role}/trailaudit is not authorized to perform: {} \
             on this resource because {because}",
            call.action
        );
        self.failed(call, at, reason, &detail, 1)
    }

    /// Without an answer.
    pub(crate) fn failed<T>(
        &mut self,
        call: ApiCall,
        at: At<'_>,
        reason: Reason,
        detail: &str,
        attempts: u32,
    ) -> Fact<T> {
        self.record(call, at, CallOutcome::Failed(reason), detail, attempts);
        Unknown(Gap::from(Why {
            source: Source::Call(call),
            account: AccountId::from(at.0),
            region: Region::from(at.1),
            reason,
            detail: detail.to_owned(),
            request_id: Some(request_id(call, at)),
        }))
    }

    fn record(
        &mut self,
        call: ApiCall,
        At(account, region, about): At<'_>,
        outcome: CallOutcome,
        detail: &str,
        attempts: u32,
    ) {
        self.ledger.push(CallRecord {
            account: AccountId::from(account),
            region: Region::from(region),
            call,
            about: about.to_owned(),
            outcome,
            detail: detail.to_owned(),
            request_id: Some(request_id(call, At(account, region, about))),
            attempts,
        });
    }
}

/// No check needs it.
pub(crate) fn not_asked<T>(call: ApiCall, at: At<'_>) -> Fact<T> {
    Unknown(unasked(at, "")(call))
}

/// Why what no check needs is not there.
pub(crate) fn unasked(
    At(account, region, _): At<'_>,
    detail: &'static str,
) -> impl Fn(ApiCall) -> Gap {
    let (account, region) = (AccountId::from(account), Region::from(region));
    move |call| Gap::of_call(call, &account, &region, Reason::NotAsked, detail)
}

/// Looks like AWS's, and is the same each time.
fn request_id(call: ApiCall, At(account, region, about): At<'_>) -> String {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in format!("{call} {account} {region} {about}").bytes() {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    let hex = format!("{hash:032x}");
    match call.service {
        "s3" => hex[..16].to_uppercase(),
        _ => [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ]
        .join("-"),
    }
}
