//! The part of OCSF 1.8.0 that is written, by the schema's own names, in the order of the alphabet.

use std::borrow::Cow;

use serde::Serialize;
use trailaudit_checks::calls::ApiCall;
use trailaudit_checks::fact::Reason;
use trailaudit_checks::finding::{Evidence, Status};

use crate::object::Harmless;
use crate::sanitize;

/// One event. What differs between a finding and the totals is a parameter.
#[derive(Serialize)]
pub(super) struct Event<'e, Info, Compliance, Unmapped> {
    pub(super) activity_id: u32,
    pub(super) activity_name: &'static str,
    pub(super) category_name: &'static str,
    pub(super) category_uid: u32,
    pub(super) class_name: &'static str,
    pub(super) class_uid: u32,
    pub(super) cloud: Cloud<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
    pub(super) compliance: Compliance,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) evidences: Vec<Evidenced<'e>>,
    pub(super) finding_info: Info,
    pub(super) message: Cow<'e, str>,
    pub(super) metadata: Metadata<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remediation: Option<&'e Remediation<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resources: Option<[Resource<'e>; 1]>,
    pub(super) severity: &'static str,
    pub(super) severity_id: u32,
    pub(super) status: &'static str,
    pub(super) status_id: u32,
    pub(super) time: i64,
    pub(super) time_dt: &'e str,
    pub(super) type_name: &'static str,
    pub(super) type_uid: u32,
    pub(super) unmapped: Unmapped,
}

#[derive(Serialize)]
pub(super) struct Cloud<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<Account<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) org: Option<Org<'e>>,
    pub(super) provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<Cow<'e, str>>,
}

#[derive(Serialize)]
pub(super) struct Org<'e> {
    pub(super) uid: Cow<'e, str>,
}

#[derive(Serialize)]
pub(super) struct Account<'e> {
    pub(super) name: Cow<'e, str>,
    pub(super) r#type: &'static str,
    pub(super) type_id: u32,
    pub(super) uid: Cow<'e, str>,
}

#[derive(Serialize)]
pub(super) struct Metadata<'e> {
    pub(super) correlation_uid: &'e str,
    pub(super) event_code: Cow<'e, str>,
    pub(super) processed_time: i64,
    pub(super) processed_time_dt: &'e str,
    pub(super) product: Product<'e>,
    pub(super) profiles: [&'static str; 2],
    pub(super) uid: String,
    pub(super) version: &'static str,
}

#[derive(Serialize)]
pub(super) struct Product<'e> {
    pub(super) name: Cow<'e, str>,
    pub(super) url_string: &'static str,
    pub(super) vendor_name: Cow<'e, str>,
    pub(super) version: Cow<'e, str>,
}

#[derive(Serialize)]
pub(super) struct Remediation<'a> {
    pub(super) desc: Cow<'a, str>,
    pub(super) references: Vec<Cow<'a, str>>,
}

#[derive(Serialize)]
pub(super) struct Info<'e> {
    pub(super) analytic: Analytic<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) desc: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_seen_time: Option<i64>,
    pub(super) last_seen_time: i64,
    pub(super) title: &'e str,
    pub(super) uid: Cow<'e, str>,
}

#[derive(Serialize)]
pub(super) struct Analytic<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'e str>,
    pub(super) r#type: &'static str,
    pub(super) type_id: u32,
    pub(super) uid: &'e str,
}

#[derive(Serialize)]
pub(super) struct Compliance<'e> {
    pub(super) checks: [CheckOf<'e>; 1],
    pub(super) control: &'e str,
    pub(super) requirements: &'e [String],
    pub(super) standards: &'e [Cow<'e, str>],
    pub(super) status: &'static str,
    pub(super) status_code: String,
    pub(super) status_details: [String; 1],
    pub(super) status_id: u32,
}

#[derive(Serialize)]
pub(super) struct CheckOf<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'e str>,
    pub(super) severity: &'static str,
    pub(super) severity_id: u32,
    pub(super) standards: &'e [Cow<'e, str>],
    pub(super) status: &'static str,
    pub(super) status_id: u32,
    pub(super) uid: &'e str,
}

#[derive(Serialize)]
pub(super) struct Unmapped {
    pub(super) status: Status,
    pub(super) waived: bool,
}

#[derive(Serialize)]
pub(super) struct Resource<'e> {
    pub(super) cloud_partition: Cow<'e, str>,
    pub(super) name: Cow<'e, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<Owner<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<Cow<'e, str>>,
    pub(super) r#type: &'static str,
    pub(super) uid: Cow<'e, str>,
}

#[derive(Serialize)]
pub(super) struct Owner<'e> {
    pub(super) account: Account<'e>,
    pub(super) name: Cow<'e, str>,
    pub(super) r#type: &'static str,
    pub(super) type_id: u32,
    pub(super) uid: Cow<'e, str>,
}

/// A fact: its name, and all there is of it.
#[derive(Serialize)]
pub(super) struct Evidenced<'e> {
    pub(super) data: Data<'e>,
    pub(super) name: Cow<'e, str>,
}

/// As in the audit, with nothing in its texts that acts.
#[derive(Serialize)]
pub(super) struct Data<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<Cow<'e, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) action: Option<Cow<'e, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<Cow<'e, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attribute: Option<Cow<'e, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) call: Option<ApiCall>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected: Option<Harmless<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<Cow<'e, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<Cow<'e, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<Harmless<'e>>,
    pub(super) what: Cow<'e, str>,
}

pub(super) fn evidence(evidence: &Evidence) -> Evidenced<'_> {
    // Whoever adds a field adds it here.
    let Evidence {
        what,
        seen,
        expected,
        call,
        action,
        reason,
        account,
        region,
        request_id,
        address,
        attribute,
    } = evidence;
    Evidenced {
        data: Data {
            account: account.as_ref().map(|it| sanitize::borrowed(it.as_str())),
            action: action.as_deref().map(sanitize::borrowed),
            address: address.as_deref().map(sanitize::borrowed),
            attribute: attribute.as_deref().map(sanitize::borrowed),
            call: *call,
            expected: expected.as_ref().map(Harmless),
            reason: *reason,
            region: region.as_ref().map(|it| sanitize::borrowed(it.as_str())),
            request_id: request_id.as_deref().map(sanitize::borrowed),
            seen: seen.as_ref().map(Harmless),
            what: sanitize::borrowed(what),
        },
        name: sanitize::borrowed(what),
    }
}
