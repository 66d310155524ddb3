//! The permissions that a scan needs, from the table of calls: nothing that no check reads.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::json;
use trailaudit_checks::calls::{self, ApiCall};

use crate::cli::PermissionsFormat;
use crate::exit::Stop;
use crate::store::{Kept, Place};
use trailaudit_checks::selection::{ByChoice, Selection};

/// In this form.
pub fn render(
    selection: &Selection,
    by_choice: ByChoice,
    more: More,
    format: PermissionsFormat,
    role: &str,
) -> anyhow::Result<String> {
    let role: String = role.chars().filter(|c| is_role_character(*c)).collect();
    let mut calls = selection.needed(by_choice).calls;
    if more.event_history {
        calls.insert(calls::LOOKUP_EVENTS);
    }
    let member = grants(&calls, more);
    match format {
        PermissionsFormat::Json => policy(&member, &organization_actions(&calls), &role),
        PermissionsFormat::Cloudformation => Ok(cloudformation(&member, &role)),
        PermissionsFormat::Terraform => Ok(terraform(&member, &role)),
    }
}

/// The policy of whoever runs `nightly`, or a run in shards: that of the scan, and what the store takes.
pub fn with_store(policy: &str, store: &Place, kept: Kept, lock: bool) -> Result<String, Stop> {
    let Place::Bucket { bucket, prefix } = store else {
        return Err(Stop::usage(
            "a folder takes no permissions of AWS: leave out --store or --run",
        ));
    };
    let mut policy: serde_json::Value =
        serde_json::from_str(policy).map_err(anyhow::Error::from)?;
    let statements = policy
        .get_mut("Statement")
        .and_then(serde_json::Value::as_array_mut);
    statements
        .ok_or_else(|| Stop::Fatal(anyhow::anyhow!("a policy has statements")))?
        .extend(store_statements(bucket, prefix, kept, lock));
    let text = serde_json::to_string_pretty(&policy).map_err(anyhow::Error::from)?;
    Ok(text + "\n")
}

/// Writes what is written once, and for `nightly` the one file that says how the last run went; the approved baseline is
/// not the program's to change.
fn store_statements(bucket: &str, prefix: &str, kept: Kept, lock: bool) -> Vec<serde_json::Value> {
    let arn = format!("arn:*:s3:::{bucket}");
    let below = |name: &str| format!("{arn}/{prefix}{name}");
    let allow = |sid: &str, actions: &[&str], resource: serde_json::Value| json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource });
    let writes: &[&str] = match lock {
        true => &["s3:PutObject", "s3:PutObjectRetention"],
        false => &["s3:PutObject"],
    };
    let (operator, key, value) = VIA_S3;
    let once = kept.once().iter().map(|it| match it.ends_with('/') {
        true => below(&format!("{it}*")),
        false => below(it),
    });
    let once: Vec<String> = once.collect();
    let once = match once.as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let mut statements = vec![
        allow("StoreFind", &["s3:ListBucket"], json!(arn)),
        allow("StoreRead", &["s3:GetObject"], json!(below("*"))),
        allow("StoreWrite", writes, once),
    ];
    if kept.replaces() {
        let latest = below(crate::nightly::LATEST);
        statements.push(allow("StoreLatest", &["s3:PutObject"], json!(latest)));
    }
    statements.push(json!({
            "Sid": "StoreKey", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            // The bucket itself where it has a bucket key, else the object.
            "Condition": { operator: {
                key: value,
                "kms:EncryptionContext:aws:s3:arn": [arn, below("*")],
            } },
    }));
    statements
}

/// What `events` reads only where a flag says so.
#[derive(Debug, Clone, Copy, Default)]
pub struct More {
    /// Stored versions of logs.
    pub versions: bool,
    /// CloudTrail's event history.
    pub event_history: bool,
}

fn is_role_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+=,.@-_".contains(c)
}

/// What the role in each account may do to some resources.
struct Grant {
    sid: &'static str,
    actions: BTreeSet<&'static str>,
    resource: &'static str,
    /// Only when S3 asks in the role's name.
    via_s3: bool,
}

// In China the name has `.cn` at its end.
const VIA_S3: (&str, &str, &str) = ("StringLike", "kms:ViaService", "s3.*.amazonaws.com*");

/// What the role in each account may do: settings anywhere, objects where CloudTrail puts them, and nothing else.
fn grants(needed: &BTreeSet<ApiCall>, more: More) -> Vec<Grant> {
    let calls = calls::with_prerequisites(needed).into_iter();
    let calls = calls.filter(|call| !matches!(call.service, "sts" | "organizations"));
    let (objects, settings): (BTreeSet<ApiCall>, BTreeSet<ApiCall>) =
        calls.partition(|call| [calls::GET_OBJECT, calls::GET_OBJECT_RETENTION].contains(call));
    let actions = |calls: BTreeSet<ApiCall>| calls.into_iter().map(|it| it.action).collect();
    let grant = |sid, actions, resource, via_s3| Grant {
        sid,
        actions,
        resource,
        via_s3,
    };
    let mut grants = vec![grant("Read", actions(settings), "*", false)];
    if !objects.is_empty() {
        let logs = "arn:*:s3:::*/AWSLogs/*";
        let mut reads: BTreeSet<&str> = actions(objects);
        if more.versions {
            // GetObject with a version id.
            reads.insert("s3:GetObjectVersion");
        }
        grants.push(grant("ReadRecord", reads, logs, false));
        // S3 asks for it, where an object is encrypted with a key.
        let decrypt = BTreeSet::from(["kms:Decrypt"]);
        grants.push(grant("DecryptRecord", decrypt, "*", true));
    }
    grants
}

/// What the organization's own account is asked: its tree (for `--ou`), and what the checks read of it.
fn organization_actions(needed: &BTreeSet<ApiCall>) -> BTreeSet<&'static str> {
    let mut needed = needed.clone();
    needed.insert(calls::LIST_ROOTS);
    calls::with_prerequisites(&needed)
        .into_iter()
        .filter(|call| call.service == "organizations")
        .map(|call| call.action)
        .collect()
}

/// For whoever runs trailaudit: the same reads, the organization, and the role in the other accounts.
fn policy(member: &[Grant], organization: &BTreeSet<&str>, role: &str) -> anyhow::Result<String> {
    let mut statements: Vec<serde_json::Value> = member.iter().map(Grant::json).collect();
    statements.push(json!(
        { "Sid": "Organization", "Effect": "Allow", "Action": organization, "Resource": "*" }
    ));
    statements.push(json!({
        "Sid": "OtherAccounts", "Effect": "Allow", "Action": "sts:AssumeRole",
        "Resource": format!("arn:*:iam::*:role/{role}"),
    }));
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    Ok(serde_json::to_string_pretty(&policy)? + "\n")
}

impl Grant {
    fn json(&self) -> serde_json::Value {
        let Self {
            sid,
            actions,
            resource,
            via_s3,
        } = self;
        if !via_s3 {
            return json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource });
        }
        let (operator, key, value) = VIA_S3;
        json!({
            "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource,
            "Condition": { operator: { key: value } },
        })
    }

    fn yaml(&self, out: &mut String) {
        let _ = writeln!(out, "              - Sid: {}", self.sid);
        out.push_str("                Effect: Allow\n                Action:\n");
        for action in &self.actions {
            let _ = writeln!(out, "                  - {action}");
        }
        let _ = writeln!(out, "                Resource: \"{}\"", self.resource);
        if self.via_s3 {
            let (operator, key, value) = VIA_S3;
            out.push_str("                Condition:\n");
            let _ = writeln!(out, "                  {operator}:");
            let _ = writeln!(out, "                    {key}: \"{value}\"");
        }
    }

    fn terraform(&self, out: &mut String) {
        let _ = writeln!(out, "\n  statement {{\n    sid = \"{}\"", self.sid);
        out.push_str("    actions = [\n");
        for action in &self.actions {
            let _ = writeln!(out, "      \"{action}\",");
        }
        let _ = writeln!(out, "    ]\n    resources = [\"{}\"]", self.resource);
        if self.via_s3 {
            let (operator, key, value) = VIA_S3;
            let _ = writeln!(out, "\n    condition {{\n      test     = \"{operator}\"");
            let _ = writeln!(
                out,
                "      variable = \"{key}\"\n      values   = [\"{value}\"]\n    }}"
            );
        }
        out.push_str("  }\n");
    }
}

fn cloudformation(member: &[Grant], role: &str) -> String {
    let mut out = format!(
        r#"AWSTemplateFormatVersion: "2010-09-09"
Description: A role by which trailaudit reads how CloudTrail is set up. It can change nothing.
Parameters:
  TrustedPrincipalArn:
    Type: String
    Description: Who may assume the role, such as arn:aws:iam::111111111111:role/auditor
  ExternalId:
    Type: String
    Default: ""
    Description: External id to ask for; empty for none
  RoleName:
    Type: String
    Default: "{role}"
Conditions:
  HasExternalId: !Not [!Equals [!Ref ExternalId, ""]]
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref RoleName
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Ref TrustedPrincipalArn
            Action: sts:AssumeRole
            Condition: !If
              - HasExternalId
              - StringEquals:
                  sts:ExternalId: !Ref ExternalId
              - !Ref AWS::NoValue
      Policies:
        - PolicyName: trailaudit-read
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
"#
    );
    for grant in member {
        grant.yaml(&mut out);
    }
    out.push_str("Outputs:\n  RoleArn:\n    Value: !GetAtt Role.Arn\n");
    out
}

fn terraform(member: &[Grant], role: &str) -> String {
    let mut statements = String::new();
    for grant in member {
        grant.terraform(&mut statements);
    }
    let statements = statements.trim_start_matches('\n');
    format!(
        r#"# A role by which trailaudit reads how CloudTrail is set up. It can change nothing.
variable "trusted_principal_arn" {{
  type        = string
  description = "Who may assume the role, such as arn:aws:iam::111111111111:role/auditor"
}}

variable "external_id" {{
  type        = string
  default     = null
  description = "External id to ask for; null for none"
}}

data "aws_iam_policy_document" "trailaudit_trust" {{
  statement {{
    actions = ["sts:AssumeRole"]

    principals {{
      type        = "AWS"
      identifiers = [var.trusted_principal_arn]
    }}

    dynamic "condition" {{
      for_each = var.external_id == null ? [] : [var.external_id]

      content {{
        test     = "StringEquals"
        variable = "sts:ExternalId"
        values   = [condition.value]
      }}
    }}
  }}
}}

data "aws_iam_policy_document" "trailaudit_read" {{
{statements}}}

resource "aws_iam_role" "trailaudit" {{
  name               = "{role}"
  assume_role_policy = data.aws_iam_policy_document.trailaudit_trust.json
}}

resource "aws_iam_role_policy" "trailaudit" {{
  name   = "trailaudit-read"
  role   = aws_iam_role.trailaudit.id
  policy = data.aws_iam_policy_document.trailaudit_read.json
}}

output "trailaudit_role_arn" {{
  value = aws_iam_role.trailaudit.arn
}}
"#
    )
}
